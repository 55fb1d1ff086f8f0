"""The browser's copy of the stylesheet is the one that Python knows."""

from tests.assets.canvas_styles import WRITTEN, module


def test_the_stylesheet_is_written() -> None:
    assert WRITTEN.read_text() == module(), "run `make canvas-styles`"
