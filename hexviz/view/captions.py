"""Where the words on a bypass edge stand: on its line, clear of boxes, titles and one another.

::

    ┌ encoder ──────────┐        The middle of the line would put the words
    │         ╲         │        over the title; the first free place along
    │  via 48  ╲ hidden │        it, from the middle outwards, does not.
    │         [layer.1] │
    └───────────────────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hexviz.view.labels import Label
from hexviz.view.layout import Box, Layout
from hexviz.view.metrics import TITLE_HEIGHT, text_width
from hexviz.view.problem import Point
from hexviz.view.scene import Scene

__all__ = ["SIZE", "Caption", "bypass_text", "place_captions"]

SIZE = 10.0
"""Font size in pixels."""

_HEIGHT = 15.0
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Caption:
    """The words on one edge, and where they stand."""

    edge: int
    text: str
    box: Box


def bypass_text(hidden: int) -> str:
    """What a bypass edge says.

    >>> bypass_text(1), bypass_text(48)
    ('via 1 hidden op', 'via 48 hidden ops')
    """
    return f"via {hidden} hidden {'op' if hidden == 1 else 'ops'}"


def place_captions(scene: Scene, layout: Layout, labels: Sequence[Label]) -> tuple[Caption, ...]:
    """A caption for each bypass edge; where no place is free, the one that covers least."""
    taken = _obstacles(scene, layout, labels)
    result = []
    for at, edge in enumerate(scene.edges):
        if not edge.via or edge.stub:
            continue
        text = bypass_text(edge.via)
        width = text_width(text, SIZE) + 8
        start, end = layout.boxes[edge.source], layout.boxes[edge.target]
        path = [(start.x, start.bottom), *layout.routes[at], (end.x, end.top)]
        places = [Box(*_along(path, share), width, _HEIGHT) for share in _PLACES]
        best = min(places, key=lambda box: sum(_overlap(box, other) for other in taken))
        taken.append(best)
        result.append(Caption(at, text, best))
    return tuple(result)


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


def _along(path: Sequence[Point], share: float) -> Point:
    """The point at a share of a polyline's length."""
    steps = list(pairwise(path))
    lengths = [abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in steps]
    left = share * sum(lengths)
    for (a, b), length in zip(steps, lengths, strict=True):
        if left <= length and length:
            part = left / length
            return (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))
        left -= length
    return path[-1]


def _overlap(one: Box, other: Box) -> float:
    """The area two boxes share, in square pixels."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)
