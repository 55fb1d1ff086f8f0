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

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from hexviz.view.labels import Label
from hexviz.view.layout import Box, Layout
from hexviz.view.metrics import CAPTION_SIZE, TITLE_HEIGHT, shorten, text_width
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Point
from hexviz.view.scene import Scene
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of
from hexviz.view.taken import Rectangle, Taken, around
from hexviz.view.tracks import Spot, trace

__all__ = ["Caption", "bypass_text", "edge_text", "place_captions"]

_HEIGHT = CAPTION_SIZE + 3.0
_MARGIN = 3.0  # pixels between words and what they keep clear of
_BORDER = 1.2  # width of most borders, half of which is outside of a box
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
_PER_LINE = 4.0  # what speaks against a place for each line that runs there
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
    cascade = _cascade()
    curves: dict[int, Curve] = {}
    for at, data in enumerate(drawn):
        if data is not None:
            edge = scene.edges[at]
            ends = (_outer(layout.boxes[edge.source]), _outer(layout.boxes[edge.target]))
            curves[at] = curve_of(cascade.style(data), *ends)
    tracks = trace(list(curves.values()), 12)
    taken = Taken(_obstacles(scene, layout, labels), tracks)
    spots = tracks.at(_PLACES)
    lines = {at: _Line(number, spots[number]) for number, at in enumerate(curves)}
    result: dict[int, Caption] = {}
    for at in sorted(curves, key=lambda at: (not scene.edges[at].via, not scene.edges[at].live)):
        edge = scene.edges[at]
        text = edge_text(edge)
        if not text:
            continue
        size = (text_width(text, CAPTION_SIZE) + 6, _HEIGHT)
        place = _best(lines[at], size, taken, needed=edge.via > 0)
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


def _best(line: _Line, size: Point, taken: Taken, *, needed: bool) -> Point | None:
    """The free place that covers fewest other lines, nearest to the middle of its own."""
    best, least = None, math.inf
    for bias, group in _places(line.spots, size):
        if bias >= least:  # what comes later is no better, whatever it covers
            break
        for cost, place in group:
            if cost >= least or taken.is_covered(around(place, size, _MARGIN)):
                continue
            cost += _PER_LINE * taken.lines_under(around(place, size), line.number)  # noqa: PLW2901
            if cost < least:
                best, least = place, cost
    if best is not None or not needed:
        return best

    def harm(option: tuple[float, Point]) -> tuple[float, float]:
        return taken.covered(around(option[1], size, _MARGIN)), option[0]

    return min((one for _, group in _places(line.spots, size) for one in group), key=harm)[1]


def _places(
    spots: Sequence[Spot], size: Point
) -> Iterator[tuple[float, list[tuple[float, Point]]]]:
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
                (bias + hides, (x, y)),
                (bias + 1.0, (x + aside, y + below)),
                (bias + 1.1, (x - aside, y - below)),
            ],
        )


def _obstacles(scene: Scene, layout: Layout, labels: Sequence[Label]) -> Iterator[Rectangle]:
    """Closed boxes and ops whole; of open boxes the title only."""
    for stub in layout.stubs:
        yield around((stub.box.x, stub.box.y), (stub.box.width, stub.box.height))
    for node, box, label in zip(scene.nodes, layout.boxes, labels, strict=True):
        if node.is_open:
            width = text_width(label.text, bold=True) + 24
            yield (box.left, box.top, box.left + width, box.top + TITLE_HEIGHT)
        else:
            yield around((box.x, box.y), (box.width, box.height))
