import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.tagging.pack import coded, ragged, text, to_ragged, to_text

texts = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")))


@given(texts)
def test_texts_are_the_same_after_the_round(listed: list[str]) -> None:
    assert to_text(text(listed)) == listed


def test_a_text_with_the_character_that_ends_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        text(["a\0b"])


@given(st.lists(st.lists(st.integers(0, 9))))
def test_tuples_are_the_same_after_the_round(rows: list[list[int]]) -> None:
    names = [f"n{at}" for at in range(10)]
    assert to_ragged(*ragged(rows), names) == [tuple(names[at] for at in row) for row in rows]


@given(st.lists(st.sampled_from("abc")))
def test_codes_stand_for_what_was_coded(kinds: list[str]) -> None:
    codes, table = coded(kinds)
    assert codes.dtype == np.int32
    assert [table[code] for code in codes.tolist()] == kinds
    assert len(set(table)) == len(table)
