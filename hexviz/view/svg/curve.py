"""The line of an edge as Cytoscape draws it, from its style and the boxes at its ends.

::

      source            A curve runs through the middles between successive
        │ c1            control points: a chain of quadratic Béziers. It stops
        ╲               short of the arrow's tip, so that a wide line does not
     m12 ╲              stick out beside it.
       c2 │
          ▼ target
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hexviz.view.drawing import Box
from hexviz.view.problem import Point

__all__ = ["Curve", "curve_of"]

_ARROW = ((-0.15, -0.3), (0.0, 0.0), (0.15, -0.3))
"""A triangle whose tip points down, in units of an arrow's size."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A straight line from ``points[0]`` to ``points[1]``, or a chain of quadratic Béziers.

    In a chain every second point is on the curve, those between are control
    points. ``arrow`` are the corners of its head, if it has one; ``middle`` is
    where a label stands.
    """

    points: tuple[Point, ...]
    arrow: tuple[Point, ...]
    middle: Point

    def extremes(self) -> list[Point]:
        """Points that reach as far as the curve does to each side."""
        found = [*self.points[::2], self.points[-1], *self.arrow]
        if len(self.points) > 2:
            for at in range(0, len(self.points) - 2, 2):
                start, control, end = self.points[at : at + 3]
                for axis in (0, 1):
                    turn = start[axis] - 2 * control[axis] + end[axis]
                    share = (start[axis] - control[axis]) / turn if turn else 0.0
                    if 0 < share < 1:
                        found.append(_on_bezier(start, control, end, share))
        return found


def curve_of(style: Mapping[str, Any], source: Box, target: Box) -> Curve:
    """The curve of an edge; the boxes are those of its ends, borders included."""
    bends = _control_points(style, source, target)
    start = _endpoint(style["source-endpoint"], source)
    tip = _endpoint(style["target-endpoint"], target)
    before = bends[-1] if bends else (source.x, source.y)
    if style["target-arrow-shape"] == "none":
        end = tip
    else:
        end = _short_of(tip, before, style["width"] * style["arrow-scale"] * 2)
    points = [start]
    for one, other in pairwise(bends):
        points += [one, _between(one, other)]
    points += [*bends[-1:], end]
    middle = _middle(points) if bends else _between(start, _between(end, tip))
    if style["target-arrow-shape"] == "none":
        return Curve(tuple(points), (), middle)
    tail = _on_bezier(points[-3], points[-2], end, 0.9) if bends else middle
    return Curve(tuple(points), _arrow(style, tail, tip), middle)


def _control_points(style: Mapping[str, Any], source: Box, target: Box) -> list[Point]:
    """From beside and along the line between the centres to places on the page."""
    if style["curve-style"] == "straight":
        return []
    dx, dy = target.x - source.x, target.y - source.y
    length = math.hypot(dx, dy) or 1.0
    return [
        (
            source.x + weight * dx - distance * dy / length,
            source.y + weight * dy + distance * dx / length,
        )
        for distance, weight in zip(
            style["control-point-distances"], style["control-point-weights"], strict=True
        )
    ]


def _endpoint(place: str, box: Box) -> Point:
    """Of ``"50% 0%"``, the middle of the right side."""
    across, down = _shares(place)
    return (box.x + across * box.width, box.y + down * box.height)


@lru_cache(maxsize=1024)  # most edges have the same few
def _shares(place: str) -> Point:
    across, down = (float(part.removesuffix("%")) / 100 for part in place.split())
    return (across, down)


def _short_of(tip: Point, before: Point, amount: float) -> Point:
    """The point that lies an amount before the tip, coming from another point."""
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = math.hypot(dx, dy)
    share = max(0.0, 1 - amount / length) if length else 0.0
    return (before[0] + share * dx, before[1] + share * dy)


def _between(one: Point, other: Point) -> Point:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)


def _middle(points: list[Point]) -> Point:
    """The middle of a chain of Béziers: where two meet, or on the one in the middle."""
    at = len(points) // 2
    if at % 2 == 0:
        return points[at]
    return _on_bezier(points[at - 1], points[at], points[at + 1], 0.5)


def _on_bezier(start: Point, control: Point, end: Point, share: float) -> Point:
    rest = 1 - share
    x, y = (
        rest * rest * a + 2 * rest * share * b + share * share * c
        for a, b, c in zip(start, control, end, strict=True)
    )
    return (x, y)


def _arrow(style: Mapping[str, Any], tail: Point, tip: Point) -> tuple[Point, ...]:
    """The corners of the head at ``tip`` of a line that comes from ``tail``."""
    size = max((style["width"] * 13.37) ** 0.9, 29) * style["arrow-scale"]
    angle = math.atan2(tip[1] - tail[1], tip[0] - tail[0]) - math.pi / 2
    cos, sin = math.cos(angle) * size, math.sin(angle) * size
    return tuple((tip[0] + x * cos - y * sin, tip[1] + x * sin + y * cos) for x, y in _ARROW)
