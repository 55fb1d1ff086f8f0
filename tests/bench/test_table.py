"""A run becomes tables, and they take the place of those that were there."""

import pytest

from benchmarks.speed_table import put


def test_tables_take_the_place_of_the_old_ones_and_nothing_else_changes() -> None:
    page = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n"
    once = put(page, "| new |")
    assert once == "before\n<!-- bench -->\n\n| new |\n\n<!-- /bench -->\nafter\n"
    assert put(once, "| new |") == once


def test_a_page_without_markers_is_not_written_to() -> None:
    with pytest.raises(ValueError, match="no <!-- bench -->"):
        put("a page", "| new |")
