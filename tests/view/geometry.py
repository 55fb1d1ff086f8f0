"""What can be measured on a drawing: from the elements the canvas gets, to figures.

All of these take the elements of :func:`hexviz.view.render.render` (or of
``cy.elements().jsons()``) and read places and lines as Cytoscape draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from hexviz.view.drawing import Box
from hexviz.view.metrics import text_width
from hexviz.view.problem import Point
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of

__all__ = [
    "Line",
    "bends",
    "crossings",
    "drawn_lines",
    "hidden_nodes",
    "loose_ends",
    "overlapping",
    "spine_bends",
    "through_nodes",
]

Elements = Sequence[Mapping[str, Any]]

_STEPS = 12
_STRAIGHT = 0.75
"""Pixels that a line may sway and still be called straight."""
_AROUND = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn: points close to each other, from its source to its target."""

    id: str
    source: str
    target: str
    points: tuple[Point, ...]
    spine: bool


def drawn_lines(elements: Elements) -> list[Line]:
    """The lines in sight, but for those between a node and the constants and stubs beside it."""
    cascade = Cascade(stylesheet("light"))
    boxes = _boxes(elements)
    lines = []
    for one in elements:
        data = one["data"]
        if "source" not in data or data.get("beside"):
            continue
        style = cascade.style(data)
        if style.get("display") == "none":
            continue
        curve = curve_of(style, boxes[data["source"]], boxes[data["target"]])
        points = tuple(_along(curve))
        tip = curve.arrow[1:2]
        spine = bool(data.get("spine"))
        lines.append(Line(data["id"], data["source"], data["target"], (*points, *tip), spine))
    return lines


def bends(line: Line) -> int:
    """How often a line turns aside: 0 for one that runs straight down, 2 for one with a jog."""
    turns = 0
    before = 0
    for (x, _), (to_x, _) in pairwise(_simplified(line.points)):
        direction = 0 if abs(to_x - x) < _STRAIGHT else (1 if to_x > x else -1)
        turns += direction != before
        before = direction
    return turns + (before != 0)


def spine_bends(elements: Elements) -> dict[str, int]:
    """The bends of each line on the main path."""
    return {line.id: bends(line) for line in drawn_lines(elements) if line.spine}


def crossings(elements: Elements) -> int:
    """How many pairs of lines without a common end cross."""
    lines = drawn_lines(elements)
    frames = [_frame(line.points) for line in lines]
    count = 0
    for (one, around), (other, beside) in combinations(zip(lines, frames, strict=True), 2):
        apart = {one.source, one.target}.isdisjoint((other.source, other.target))
        count += apart and _overlap(around, beside, -0.1) and _cross(one.points, other.points)
    return count


def through_nodes(elements: Elements) -> list[tuple[str, str]]:
    """Each line with each closed node it runs through, and with each title of an open one."""
    found = []
    obstacles = list(_obstacles(elements))
    for line in drawn_lines(elements):
        around = _frame(line.points)
        for name, box in obstacles:
            if name in (line.source, line.target) or not _overlap(around, box, 0.0):
                continue
            if any(_within(point, box) for point in line.points):
                found.append((line.id, name))
    return found


def loose_ends(elements: Elements) -> list[str]:
    """The lines that do not begin and end at the border of their nodes."""
    boxes = _boxes(elements)
    return [
        line.id
        for line in drawn_lines(elements)
        if not _on_border(line.points[0], boxes[line.source])
        or not _on_border(line.points[-1], boxes[line.target])
    ]


def overlapping(elements: Elements) -> list[tuple[str, str]]:
    """Pairs of nodes in one box that share room."""
    groups: dict[str, list[tuple[str, Box]]] = {}
    boxes = _boxes(elements)
    for one in elements:
        data = one["data"]
        if data["id"] in boxes:
            groups.setdefault(data["parent_key"], []).append((data["id"], boxes[data["id"]]))
    return [
        (one, other)
        for group in groups.values()
        for (one, box), (other, beside) in combinations(group, 2)
        if _overlap(box, beside, 0.5)
    ]


def hidden_nodes(elements: Elements) -> list[tuple[str, str]]:
    """Closed nodes that share room with any node but the open boxes around them."""
    boxes = _boxes(elements)
    opened = {
        one["data"]["key"]: one["data"]["id"] for one in elements if one["data"].get("open") == 1
    }
    parents = {
        one["data"]["id"]: opened.get(one["data"]["parent_key"], "")
        for one in elements
        if one["data"]["id"] in boxes
    }

    def around(name: str) -> Iterator[str]:
        while name := parents.get(name, ""):
            yield name

    return [
        (one, other)
        for one, other in combinations(parents, 2)
        if _overlap(boxes[one], boxes[other], 0.5)
        and one not in around(other)
        and other not in around(one)
    ]


def _boxes(elements: Elements) -> dict[str, Box]:
    return {
        one["data"]["id"]: Box(
            one["position"]["x"],
            one["position"]["y"],
            one["data"]["width"],
            one["data"]["height"],
        )
        for one in elements
        if "source" not in one["data"]
    }


def _obstacles(elements: Elements) -> Iterator[tuple[str, Box]]:
    """Closed nodes whole, of open ones the title."""
    boxes = _boxes(elements)
    for one in elements:
        data = one["data"]
        if data["id"] not in boxes:
            continue
        box = boxes[data["id"]]
        if data["open"]:
            width = text_width(data["label"], bold=True)
            box = Box(box.left + 12 + width / 2, box.top + 15, width, 14)
        yield data["id"] + (" (title)" if data["open"] else ""), box


def _along(curve: Curve) -> Iterator[Point]:
    """Points on a drawn line, close to each other."""
    points = curve.points
    if len(points) == 2:
        (x, y), (to_x, to_y) = points
        for at in range(41):
            yield (x + (to_x - x) * at / 40, y + (to_y - y) * at / 40)
        return
    for at in range(0, len(points) - 2, 2):
        (x, y), (by_x, by_y), (to_x, to_y) = points[at : at + 3]
        for step in range(_STEPS + 1):
            share = step / _STEPS
            start, middle, end = (1 - share) ** 2, 2 * share * (1 - share), share**2
            yield (start * x + middle * by_x + end * to_x, start * y + middle * by_y + end * to_y)


def _simplified(points: Sequence[Point]) -> list[Point]:
    """The points between which a line moves aside by more than it may sway."""
    kept = [points[0]]
    for point in points[1:]:
        if abs(point[0] - kept[-1][0]) >= _STRAIGHT:
            kept.append(point)
    return [*kept, (kept[-1][0], points[-1][1])]


def _frame(points: Sequence[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _overlap(one: Box, other: Box, slack: float) -> bool:
    return (
        one.left < other.right - slack
        and other.left < one.right - slack
        and one.top < other.bottom - slack
        and other.top < one.bottom - slack
    )


def _within(point: Point, box: Box) -> bool:
    x, y = point
    return (
        box.left + _AROUND < x < box.right - _AROUND
        and box.top + _AROUND < y < box.bottom - _AROUND
    )


def _on_border(point: Point, box: Box) -> bool:
    """Within two pixels of the border: the outline is half a line wider than the box."""
    x, y = point
    inside = box.left - 2 <= x <= box.right + 2 and box.top - 2 <= y <= box.bottom + 2
    near = min(abs(x - box.left), abs(x - box.right), abs(y - box.top), abs(y - box.bottom))
    return inside and near <= 2


def _cross(one: Sequence[Point], other: Sequence[Point]) -> bool:
    return any(_cut(a, b, c, d) for a, b in pairwise(one) for c, d in pairwise(other))


def _cut(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two pieces cross, each end of either on another side of the other."""
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
        return False
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
