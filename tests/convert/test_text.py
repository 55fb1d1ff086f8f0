"""Keys and text that every format can write."""

from __future__ import annotations

from hexviz.convert.text import Keys


def test_keys_differ_whatever_the_file_calls_its_values() -> None:
    keys = Keys()
    assert [keys.new(name) for name in ("a", "a~2", "a", "a", "a\0", "a␀")] == [
        *("a", "a~2", "a~2~2", "a~3", "a␀", "a␀~2")
    ]


def test_names_made_to_meet_each_other_are_no_deep_recursion() -> None:
    keys = Keys()
    names = ["a" + "~2" * depth for depth in range(3000)]
    assert [keys.new(name) for name in names] == names
    assert keys.new("a") == "a" + "~2" * 3000
