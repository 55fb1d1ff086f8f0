"""What is written on each edge, and where: on its line, clear of boxes, titles and other words.

::

    ┌ encoder ──────────┐        The middle of the line would put the words
    │         ╲         │        over the title; the first free place along
    │ 2×16×128 ╲        │        it, from the middle outwards, does not. On
    │         [layer.1] │        or beside the line, whichever is free first.
    └───────────────────┘

Words are labels of their edges, moved by margins: nodes of their own would be as many
elements again, and each would be moved, hit and styled by the browser.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from math import dist
from typing import Any

from hexviz.view.labels import Label
from hexviz.view.layout import Box, Layout
from hexviz.view.metrics import CAPTION_SIZE, TITLE_HEIGHT, shorten, text_width
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Point
from hexviz.view.scene import Scene
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of

__all__ = ["Caption", "bypass_text", "edge_text", "place_captions"]

_HEIGHT = CAPTION_SIZE + 3.0
_MARGIN = 3.0  # pixels between words and what they keep clear of
_BORDER = 1.2  # width of most borders, half of which is outside of a box
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
_LONGEST = 26
_CELL = 64.0
_FINE = 16.0


@dataclass(frozen=True, slots=True)
class Caption:
    """The words on an edge, and how far their middle is from that of its line, in pixels."""

    text: str
    shift: Point


def bypass_text(hidden: int) -> str:
    """What a bypass edge says.

    >>> bypass_text(1), bypass_text(48)
    ('via 1 hidden op', 'via 48 hidden ops')
    """
    return f"via {hidden} hidden {'op' if hidden == 1 else 'ops'}"


def edge_text(edge: SceneEdge) -> str:
    """What is written on an edge: the shape of its value, of the first of several; may be ``""``.

    >>> edge_text(SceneEdge(0, 1, 3, ("a", "b", "c"), shape="2×16"))
    '2×16 +2'
    """
    if edge.via:
        return bypass_text(edge.via)
    if edge.count == 1:
        return shorten(edge.shape, _LONGEST)
    return (
        f"{shorten(edge.shape, _LONGEST)} +{edge.count - 1}"
        if edge.shape
        else (f"{edge.count} values")
    )


def place_captions(
    scene: Scene,
    layout: Layout,
    labels: Sequence[Label],
    drawn: Sequence[Mapping[str, Any] | None],
) -> dict[int, Caption]:
    """The words of each edge that has room for them, by its position in the scene.

    ``drawn`` is the data of each edge's element, ``None`` where nothing is to be
    written. A bypass says what it is even where no place is free: then where it
    covers least.
    """
    taken = _Taken(_obstacles(scene, layout, labels))
    cascade = _cascade()
    curves: dict[int, Curve] = {}
    for at, data in enumerate(drawn):
        if data is not None:
            edge = scene.edges[at]
            ends = (_outer(layout.boxes[edge.source]), _outer(layout.boxes[edge.target]))
            curves[at] = curve_of(cascade.style(data), *ends)
            taken.add_line(at, curves[at].along(12))
    result: dict[int, Caption] = {}
    for at in sorted(curves, key=lambda at: (not scene.edges[at].via, not scene.edges[at].live)):
        edge = scene.edges[at]
        text = edge_text(edge)
        if not text:
            continue
        size = (text_width(text, CAPTION_SIZE) + 6, _HEIGHT)
        place = _best(at, curves[at], size, taken, needed=edge.via > 0)
        if place is not None:
            taken.add(place)
            middle = curves[at].middle
            shift = (round(place.x - middle[0], 1), round(place.y - middle[1], 1))
            result[at] = Caption(text, shift)
    return result


@lru_cache(maxsize=1)
def _cascade() -> Cascade:
    return Cascade(stylesheet("light"))  # where lines run is the same in all themes


def _outer(box: Box) -> Box:
    return Box(box.x, box.y, box.width + _BORDER, box.height + _BORDER)


def _best(at: int, curve: Curve, size: Point, taken: _Taken, *, needed: bool) -> Box | None:
    """The free place that covers fewest other lines, nearest to the middle of its own."""
    places = list(_places(curve, size))
    free = [(cost, box) for cost, box in places if not taken.covered(box)]
    if free:
        return min(free, key=lambda one: one[0] + 4.0 * taken.lines_under(one[1], at))[1]
    if not needed:
        return None
    return min(places, key=lambda one: (taken.covered(one[1]), one[0]))[1]


def _places(curve: Curve, size: Point) -> Iterator[tuple[float, Box]]:
    """Places for words along a line, each with what speaks against it."""
    points = curve.along(12)
    lengths = list(accumulate((dist(*pair) for pair in pairwise(points)), initial=0.0))
    whole = lengths[-1]
    width, height = size
    for rank, share in enumerate(_PLACES):
        at = max(1, bisect_left(lengths, share * whole))
        (x, y), (to_x, to_y) = points[at - 1], points[at]
        step = lengths[at] - lengths[at - 1]
        part = (share * whole - lengths[at - 1]) / step if step else 0.0
        middle = (x + part * (to_x - x), y + part * (to_y - y))
        upright = abs(to_y - y) >= abs(to_x - x)
        # Words on a short line would leave nothing of it.
        hides = 0.0 if whole > 2.6 * (height if upright else width) else 2.5
        yield rank * 0.25 + hides, Box(*middle, width, height)
        aside = (width / 2 + 4, 0.0) if upright else (0.0, height / 2 + 3)
        for side in (1, -1):
            beside = (middle[0] + side * aside[0], middle[1] + side * aside[1])
            yield rank * 0.25 + 1.0 + (side < 0) * 0.1, Box(*beside, width, height)


def _obstacles(scene: Scene, layout: Layout, labels: Sequence[Label]) -> list[Box]:
    """Closed boxes and ops whole; of open boxes the title only."""
    found = [stub.box for stub in layout.stubs]
    for node, box, label in zip(scene.nodes, layout.boxes, labels, strict=True):
        if node.is_open:
            width = text_width(label.text, bold=True) + 24
            found.append(Box(box.left + width / 2, box.top + TITLE_HEIGHT / 2, width, TITLE_HEIGHT))
        else:
            found.append(box)
    return found


@dataclass(slots=True)
class _Taken:
    """Where something is drawn already: boxes by coarse cells of the page, lines by fine ones."""

    boxes: list[Box]
    _coarse: dict[tuple[int, int], list[Box]] = field(default_factory=dict)
    _fine: dict[tuple[int, int], set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for box in self.boxes:
            self._enter(box)

    def add(self, box: Box) -> None:
        self._enter(box)

    def _enter(self, box: Box) -> None:
        for cell in _cells(box, _CELL):
            self._coarse.setdefault(cell, []).append(box)

    def add_line(self, edge: int, points: Sequence[Point]) -> None:
        for (x, y), (to_x, to_y) in pairwise(points):
            count = max(1, round(max(abs(to_x - x), abs(to_y - y)) / _FINE))
            for step in range(count + 1):
                share = step / count
                place = (x + share * (to_x - x), y + share * (to_y - y))
                cell = (int(place[0] // _FINE), int(place[1] // _FINE))
                self._fine.setdefault(cell, set()).add(edge)

    def covered(self, box: Box) -> float:
        """How much of what is drawn a place would cover, in square pixels."""
        wide = Box(box.x, box.y, box.width + 2 * _MARGIN, box.height + 2 * _MARGIN)
        near = {id(one): one for cell in _cells(wide, _CELL) for one in self._coarse.get(cell, ())}
        return sum(_overlap(wide, one) for one in near.values())

    def lines_under(self, box: Box, own: int) -> int:
        """How many other lines run where a place is."""
        found: set[int] = set()
        for cell in _cells(box, _FINE):
            found |= self._fine.get(cell, set())
        return len(found - {own})


def _cells(box: Box, size: float) -> Iterator[tuple[int, int]]:
    for across in range(int(box.left // size), int(box.right // size) + 1):
        for down in range(int(box.top // size), int(box.bottom // size) + 1):
            yield across, down


def _overlap(one: Box, other: Box) -> float:
    """The area two boxes share, in square pixels."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)
