"""What is written on each node, and how large that makes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hexviz.model.columns import PRIMARY
from hexviz.view.index import Index
from hexviz.view.metrics import (
    CLOSED_HEIGHT,
    DOT,
    OP_HEIGHT,
    TITLE_HEIGHT,
    box_size,
    shorten,
    text_width,
)
from hexviz.view.parts import SceneNode
from hexviz.view.problem import Point

__all__ = ["Label", "label_of", "title_width"]

_LONGEST = 34
_CHEVRON = 14.0  # room that one takes to the left of a label, and as much to the right


@dataclass(frozen=True, slots=True)
class Label:
    """The text of a node and its size (width, height) in pixels while it is closed."""

    text: str
    size: Point


def label_of(index: Index, node: SceneNode) -> Label:
    """The text of a node.

    A closed module shows its title and, below, its path and number of ops; an
    open one its title and path in one line. A closed call is no larger than an op.
    """
    graph = index.graph
    if node.kind == "constant":
        return Label("", (DOT, DOT))
    if node.kind == "op":
        text = shorten(graph.flat.columns.op_types[node.position], _LONGEST)
        return Label(text, (box_size(text, OP_HEIGHT), OP_HEIGHT))
    if node.kind in ("input", "output"):
        values = graph.inputs if node.kind == "input" else graph.outputs
        text = shorten(values[node.position].name, _LONGEST)
        return Label(text, (box_size(text, OP_HEIGHT, least=64.0) + 12, OP_HEIGHT))
    if node.kind == "hidden":
        text = f"{node.position} hidden {_ops(node.position)}"
        return Label(text, (box_size(text, 24.0, size=11.0), 24.0))
    box = index.containers[node.key]
    title = shorten(box.label, _LONGEST)
    tail = _tail(index, node)
    if node.is_open:
        text = f"{title}  {tail}" if tail else title
        return Label(text, (title_width(text), TITLE_HEIGHT))
    detail = f"{box.count:,} {_ops(box.count)}"
    if box.is_call:
        text = f"{title} · {detail}"
        return Label(text, (box_size(text, OP_HEIGHT) + _CHEVRON, OP_HEIGHT))
    if box.is_section:
        text = f"{detail}\n{_types(index, node)}"
        return Label(text, (box_size(text, CLOSED_HEIGHT, least=96.0), CLOSED_HEIGHT))
    text = f"{title}\n{tail + ' · ' if tail else ''}{detail}"
    return Label(text, (box_size(text, CLOSED_HEIGHT, least=96.0), CLOSED_HEIGHT))


def title_width(text: str) -> float:
    """Width of a title inside of an open box, its margins included."""
    return text_width(text, 12.0, bold=True) + 28.0


def _ops(count: int) -> str:
    return "op" if count == 1 else "ops"


def _types(index: Index, node: SceneNode) -> str:
    """The op types of a section, most telling first: rather Gather than one more Constant."""
    box = index.containers[node.key]
    held = index.op_at[box.low : box.high]
    auxiliary = (index.graph.columns.categories[held] != PRIMARY).tolist()
    op_types = map(index.graph.flat.columns.op_types.__getitem__, held.tolist())
    types = Counter(zip(auxiliary, op_types, strict=True))
    ranked = sorted(types, key=lambda kind: (kind[0], -types[kind], kind[1]))
    names = [name for _, name in ranked]
    return ", ".join(names[:2]) + (" …" if len(names) > 2 else "")


def _tail(index: Index, node: SceneNode) -> str:
    """The end of the path, unless the title says the same."""
    box = index.containers[node.key]
    if not box.is_module:
        return ""
    around = index.containers[node.parent].face
    tail = box.face[len(around) + 1 :] if around else box.face
    if box.members:
        return _range(tail, len(box.members)) if not node.is_open else f"{tail} for all"
    said = box.label.lower().removeprefix(index.graph.modules[box.face].class_name.lower())
    known = (box.label.lower(), said.removeprefix("."))
    return "" if tail.lower() in known else shorten(tail, _LONGEST)


def _range(first: str, count: int) -> str:
    """The paths of equal siblings in short: ``layer.0 … 11`` where they are numbered."""
    stem, dot, number = first.rpartition(".")
    if not number.isdecimal():
        return f"{first} …"
    return f"{stem}{dot}{number} … {int(number) + count - 1}"
