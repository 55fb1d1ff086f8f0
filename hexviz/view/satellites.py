"""Small things drawn to the left of the node they belong to, outside of the flow.

::

      │                 ● constant that only this op reads
    ●┌┴─────┐   mask▸   stub: a line from far away, by name
    ●│ Slice│
     └┬─────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hexviz.view.metrics import CAPTION_SIZE, DOT, STUB_HEIGHT, shorten, text_width
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Point
from hexviz.view.scene import Scene

__all__ = ["Satellites", "attach", "place_satellites", "room", "stub_text"]

_NEAR = 10.0
_BETWEEN = 4.0


@dataclass(slots=True)
class Satellites:
    """What stands beside one node: constants by node position, and edges that end in a stub."""

    dots: list[int] = field(default_factory=list)
    stubs: list[int] = field(default_factory=list)
    text: str = ""


def attach(scene: Scene) -> dict[int, Satellites]:
    """For each node, the constants and stubs beside it."""
    result: dict[int, Satellites] = {}
    for at, edge in enumerate(scene.edges):
        source, target = scene.nodes[edge.source], scene.nodes[edge.target]
        if edge.stub:
            result.setdefault(edge.target, Satellites()).stubs.append(at)
        elif (
            source.kind == "constant"
            and not edge.via
            and source.parent == target.parent
            and not target.is_open
        ):
            result.setdefault(edge.target, Satellites()).dots.append(edge.source)
    for group in result.values():
        # A tensor says more about its user than a constant: it gives the stub its name.
        group.stubs.sort(key=lambda at: not scene.edges[at].live)
        group.text = stub_text([scene.edges[at] for at in group.stubs])
    return result


def stub_text(edges: Sequence[SceneEdge]) -> str:
    """What a stub is called: the value it stands for, its shape, and how many more.

    ``""`` for none.
    """
    if not edges:
        return ""
    name = edges[0].values[0].rpartition("/")[2]
    more = sum(edge.count for edge in edges) - 1
    shape = f" {shorten(edges[0].shape, 18)}" if edges[0].shape else ""
    return shorten(name, 16) + shape + (f" +{more}" if more else "")


def _stub_width(text: str) -> float:
    return text_width(text, CAPTION_SIZE) + 16.0


def _columns(satellites: Satellites, height: float) -> tuple[int, int]:
    """Rows and columns of the grid of dots beside a node of a height."""
    rows = max(1, int((height + _BETWEEN) // (DOT + _BETWEEN)))
    return rows, -(-len(satellites.dots) // rows)


def room(satellites: Satellites | None, height: float) -> float:
    """Width in pixels of what stands to the left of a node of a height."""
    if satellites is None:
        return 0.0
    _, columns = _columns(satellites, height)
    dots = columns * (DOT + _BETWEEN) + _NEAR if columns else 0.0
    return dots + (_stub_width(satellites.text) + _NEAR if satellites.stubs else 0.0)


def place_satellites(
    satellites: Satellites, centre: Point, size: Point
) -> tuple[list[tuple[int, Point]], tuple[Point, Point] | None]:
    """Where they stand around a node at ``centre``.

    Returns (node, centre) for each constant, and the centre and size of the stub.
    """
    rows, columns = _columns(satellites, size[1])
    left = centre[0] - size[0] / 2 - _NEAR
    dots: list[tuple[int, Point]] = []
    for at, node in enumerate(satellites.dots):
        column, row = divmod(at, rows)
        in_column = min(rows, len(satellites.dots) - column * rows)
        top = centre[1] - (in_column * (DOT + _BETWEEN) - _BETWEEN) / 2
        dots.append(
            (
                node,
                (
                    left - DOT / 2 - column * (DOT + _BETWEEN),
                    top + DOT / 2 + row * (DOT + _BETWEEN),
                ),
            )
        )
    if columns:
        left -= columns * (DOT + _BETWEEN) - _BETWEEN + _NEAR
    if not satellites.stubs:
        return dots, None
    width = _stub_width(satellites.text)
    return dots, ((left - width / 2, centre[1]), (width, STUB_HEIGHT))
