"""Sizes of canvases in a few classes, so that first pictures can be kept.

This file imports nothing: it is asked before anything is there that draws.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["CANVAS", "size_class"]

CANVAS = (816, 627)
"""Width and height in pixels of the canvas in a window of 1366 × 768."""

_WIDTHS = (400, 480, 560, 620, 700, 800, 960, 1150, 1300, 1600, 2000)
_HEIGHTS = (400, 520, 600, 740, 900, 1100, 1400)


def size_class(canvas: tuple[int, int] | None) -> tuple[int, int]:
    """The largest of a few sizes that a canvas holds, in pixels; the usual one if it is unknown.

    >>> size_class((816, 627)), size_class((5, 5)), size_class(None)
    ((800, 600), (400, 400), (800, 600))
    """
    width, height = canvas or CANVAS
    return (
        _WIDTHS[max(0, bisect_right(_WIDTHS, width) - 1)],
        _HEIGHTS[max(0, bisect_right(_HEIGHTS, height) - 1)],
    )
