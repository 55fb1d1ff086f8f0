"""What is written on each line, and where: on or beside it, clear of all else.

::

    ┌ encoder ──────────┐        The middle of the line would put the words
    │         ╲         │        over the title; the first free place along
    │ 2×16×128 ╲        │        it, from the middle outwards, does not. On
    │         [layer.1] │        or beside the line, whichever is free first.
    └───────────────────┘        Words on another line would be taken for what that one
                                 carries: rather none than there.

Words are labels of their edges, moved by margins: nodes of their own would be as many
elements again, and each would be moved, hit and styled by the browser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from hexviz.view.drawing import Box, Layout
from hexviz.view.labels import Label
from hexviz.view.metrics import CAPTION_SIZE, TITLE_HEIGHT, shorten, text_width
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Point
from hexviz.view.scene import Scene
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import curve_of
from hexviz.view.taken import Rectangle, Taken, around
from hexviz.view.tracks import Spot, trace

__all__ = ["Caption", "Wire", "bypass_text", "edge_text", "place_captions"]

_HEIGHT = CAPTION_SIZE + 3.0
_MARGIN = 3.0  # pixels between words and what they keep clear of
_BORDER = 1.2  # width of most borders, half of which is outside of a box
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
_CLEAR = 1.0  # pixels between words and the middle of another line
_NEAR = 7.0  # pixels within which words may be taken for those of another line
_PER_LINE = 4.0  # what speaks against a place for each other line so near
_LONGEST = 26


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


class Wire(NamedTuple):
    """A line to be written on: its edge, the data of its element, and the boxes at its ends."""

    edge: SceneEdge
    data: dict[str, Any]
    source: Box
    target: Box


def place_captions(
    scene: Scene, layout: Layout, labels: Sequence[Label], wires: Sequence[Wire]
) -> dict[int, Caption]:
    """The words of each line that has room for them, by its position among ``wires``.

    A bypass says what it is even where no place is free: then where it
    covers least.
    """
    cascade = _cascade()
    curves = [
        curve_of(cascade.style(wire.data), _outer(wire.source), _outer(wire.target))
        for wire in wires
    ]
    tracks = trace(curves, 12)
    taken = Taken(_obstacles(scene, layout, labels), tracks)
    spots = tracks.at(_PLACES)
    result: dict[int, Caption] = {}
    order = sorted(
        range(len(wires)), key=lambda at: (not wires[at].edge.via, not wires[at].edge.live)
    )
    for at in order:
        edge = wires[at].edge
        text = edge_text(edge)
        if not text:
            continue
        size = (text_width(text, CAPTION_SIZE) + 6, _HEIGHT)
        place = _best(_Line(at, spots[at]), size, taken, needed=edge.via > 0)
        if place is not None:
            taken.add(around(place, size))
            middle = curves[at].middle
            shift = (round(place[0] - middle[0], 1), round(place[1] - middle[1], 1))
            result[at] = Caption(text, shift)
    return result


@lru_cache(maxsize=1)
def _cascade() -> Cascade:
    return Cascade(stylesheet("light"))  # where lines run is the same in all themes


def _outer(box: Box) -> Box:
    return Box(box.x, box.y, box.width + _BORDER, box.height + _BORDER)


class _Line(NamedTuple):
    """The line of an edge: its number among those that are drawn, and spots on it for words."""

    number: int
    spots: Sequence[Spot]


class _Place(NamedTuple):
    """What speaks against a place, its middle, and whether it is beside the line, not on it."""

    cost: float
    middle: Point
    is_beside: bool


def _best(line: _Line, size: Point, taken: Taken, *, needed: bool) -> Point | None:
    """The free place on no other line that is near fewest, nearest to the middle of its own."""
    best, least = None, math.inf
    for bias, group in _places(line.spots, size):
        if bias >= least:  # what comes later is no better, whatever is near it
            break
        for cost, place, is_beside in group:
            if cost >= least or taken.is_covered(around(place, size, _MARGIN)):
                continue
            under, near = taken.lines_under(around(place, size, _CLEAR), _NEAR - _CLEAR)
            if not is_beside:
                under.discard(line.number)
            if under:
                continue
            near.discard(line.number)
            cost += _PER_LINE * len(near)  # noqa: PLW2901
            if cost < least:
                best, least = place, cost
    if best is not None or not needed:
        return best

    def harm(option: _Place) -> tuple[float, float]:
        return taken.covered(around(option.middle, size, _MARGIN)), option.cost

    return min((one for _, group in _places(line.spots, size) for one in group), key=harm).middle


def _places(spots: Sequence[Spot], size: Point) -> Iterator[tuple[float, list[_Place]]]:
    """Middles of places for words on a line and beside it, each with what speaks against it.

    They come in groups, those nearest to the middle of the line first, each with the least that
    speaks against any from there on.
    """
    width, height = size
    for rank, ((x, y), upright, whole) in enumerate(spots):
        # Words on a short line would leave nothing of it.
        hides = 0.0 if whole > 2.6 * (height if upright else width) else 2.5
        bias = rank * 0.25
        aside, below = (width / 2 + 4, 0.0) if upright else (0.0, height / 2 + 3)
        yield (
            bias,
            [
                _Place(bias + hides, (x, y), False),
                _Place(bias + 1.0, (x + aside, y + below), True),
                _Place(bias + 1.1, (x - aside, y - below), True),
            ],
        )


def _obstacles(scene: Scene, layout: Layout, labels: Sequence[Label]) -> Iterator[Rectangle]:
    """Closed boxes, ops and connectors whole; of open boxes the title and the border."""
    for stub in layout.stubs:
        yield around((stub.box.x, stub.box.y), (stub.box.width, stub.box.height))
    for box in {box for link in layout.connections for box in (link.leave, link.enter)}:
        yield around((box.x, box.y), (box.width, box.height))
    for node, box, label in zip(scene.nodes, layout.boxes, labels, strict=True):
        if node.is_open:
            width = text_width(label.text, bold=True) + 24
            yield (box.left, box.top, box.left + width, box.top + TITLE_HEIGHT)
            for y in (box.top, box.bottom):
                yield (box.left, y - _BORDER / 2, box.right, y + _BORDER / 2)
            for x in (box.left, box.right):
                yield (x - _BORDER / 2, box.top, x + _BORDER / 2, box.bottom)
        else:
            yield around((box.x, box.y), (box.width, box.height))
