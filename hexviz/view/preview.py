"""What a cut keeps, drawn over the graph: what stays, what comes along, what is cut, and where.

::

    Embedding ╌╌▶ MatMul ━━▶ Add ━━▶ Softmax ╌╌▶ Pooler
      cut            │ cut    stays     stays      cut       ━━ a value at the border
                  Shape ────────────────┘
                  carried along

A closed box of which a part is kept is filled to that share, so that no colour
has to be told from another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.subgraph import Subgraph
from hexviz.model.bodies import function_path
from hexviz.model.function_calls import callees
from hexviz.model.graph import TaggedGraph
from hexviz.view.index import Index
from hexviz.view.legend import Legend, LegendEntry
from hexviz.view.palette import PAGE, Swatch, Theme
from hexviz.view.render import Rendered
from hexviz.view.scales import category_swatch, plain_swatch

__all__ = ["FATES", "Preview", "preview", "previewed"]

FATES: Mapping[str, str] = {
    "selected": "selected",
    "carried": "carried along",
    "hole": "in a hole",
    "cut": "cut away",
}
"""What becomes of an op, and its name in the legend."""

_SELECTED, _CARRIED, _HOLE, _CUT = range(4)
_KEPT = 2  # fates below this number are kept

_LINE_CUT, _LINE_INSIDE, _LINE_BORDER = range(3)

Element = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Preview:
    """The fate of each op, by position in the graph, and the values at the border, by id."""

    fates: npt.NDArray[np.int64]
    inputs: frozenset[str]
    outputs: frozenset[str]

    def count(self, fate: str) -> int:
        """How many ops have a fate, one of :data:`FATES`."""
        return int((self.fates == list(FATES).index(fate)).sum())


def preview(graph: TaggedGraph, selected: ModuleSelection, subgraph: Subgraph) -> Preview:
    """What becomes of each op; linear."""
    flat = graph.flat
    holes = {node for hole in subgraph.holes for node in hole.nodes}
    chosen = set(selected.positions(graph))
    nodes = graph.proto.graph.node
    functions = {
        function_path(*key) for key in callees(graph.proto, (nodes[one] for one in subgraph.why))
    }
    fates = np.full(len(graph.ops), _CUT, dtype=np.int64)
    for at, owner in enumerate(flat.owners):
        if owner is None:
            kept = flat.ops[at].body.partition("/")[0] in functions
            why = "carried" if kept else None
        else:
            why = subgraph.why.get(flat.ops[owner].number)
        if why is not None:
            # What fills a hole is taken into the core, as if it had been selected.
            fates[at] = _SELECTED if at in chosen or why == "hole" else _CARRIED
        elif owner is not None and flat.ops[owner].number in holes:
            fates[at] = _HOLE
    return Preview(fates, frozenset(subgraph.inputs), frozenset(subgraph.outputs))


def previewed(
    index: Index, drawn: Rendered, shown: Preview, theme: Theme
) -> tuple[list[Element], Legend]:
    """The elements of a drawn view with what becomes of each, and the legend for that."""
    swatches = [*(category_swatch(at, theme) for at in (0, 1, 3)), plain_swatch(theme)]
    slots = shown.fates[index.op_at]
    lines = _lines(index, drawn, shown)
    behind = {
        one["data"]["id"]: one["data"]["from"]
        for one in drawn.elements
        if one["data"].get("kind") == "stub"
    }

    def told(data: Element) -> Element:
        if data.get("kind") == "stub":
            ends = [(start, data["to"]) for start in data["from"]]
            return {"fate": _name(lines, ends)[0]}
        if "source" not in data:
            return _node(index, data, slots, shown, swatches, theme)
        starts = behind.get(data["source"], [data["source"]])
        fate, crosses = _name(lines, [(start, data["target"]) for start in starts])
        return {"fate": fate, "crosses": crosses}

    elements = [{**one, "data": {**one["data"], **told(one["data"])}} for one in drawn.elements]
    entries = tuple(
        LegendEntry(name, name, swatch, shown.count(fate))
        for (fate, name), swatch in zip(FATES.items(), swatches, strict=True)
        if fate in ("selected", "cut") or shown.count(fate)
    )
    return elements, Legend(entries, 0, ())


def _node(
    index: Index,
    data: Mapping[str, Any],
    slots: npt.NDArray[np.int64],
    shown: Preview,
    swatches: list[Swatch],
    theme: Theme,
) -> Element:
    """What the data of a node says of its fate, and the colours for it."""
    names = list(FATES)
    match data["kind"]:
        case "op" | "constant":
            at = int(slots[index.slot_of[index.graph.positions[data["op"]]]])
            swatch = swatches[at]
            soft = index.graph.op(data["op"]).auxiliary is not None or at == _CUT
            return {
                "fate": names[at],
                "buckets": [FATES[names[at]]],
                "fill": swatch.soft if soft else swatch.solid,
                "ink": swatch.ink if soft else swatch.solid_ink,
                "border": swatch.border,
            }
        case "module" | "section" | "call":
            box = index.containers[data["key"]]
            counts = np.bincount(slots[box.low : box.high], minlength=len(names))
            told = {"buckets": [FATES[names[at]] for at in np.flatnonzero(counts).tolist()]}
            if data["open"]:
                plain = swatches[_CUT]
                away = {"fate": "" if counts[:_CUT].any() else "cut"}
                return told | away | {"fill": plain.fill, "border": plain.border, "ink": plain.ink}
            return told | _closed(counts, swatches, theme)
        case "input" | "output":
            border = shown.inputs if data["kind"] == "input" else shown.outputs
            return {"fate": "" if data["value"] in border else "cut"}
    return {}


def _closed(counts: npt.NDArray[np.int64], swatches: list[Swatch], theme: Theme) -> Element:
    """A closed box has the colours of what most of its kept ops are, as far as it is kept."""
    share = int(counts[:_KEPT].sum()) / max(1, int(counts.sum()))
    at = int(counts[:_KEPT].argmax()) if share else _HOLE if counts[_HOLE] else _CUT
    swatch = swatches[at]
    colours = {"fill": swatch.soft, "border": swatch.border, "ink": swatch.ink}
    if share in (0, 1):
        return {"fate": list(FATES)[at], **colours}
    # Never so little that it is not seen, and never all of it.
    until = round(100 * min(0.94, max(0.06, share)))
    away = round(100 * counts[_HOLE] / counts.sum())
    hole = min(100, until + max(6, away)) if away else until
    bands = (
        (swatch.soft, 0, until),
        (swatches[_HOLE].soft, until, hole),
        (PAGE[theme], hole, 100),
    )
    shown = [(colour, start, end) for colour, start, end in bands if start < end]
    return {
        "fate": "partial" if at == _SELECTED else "partly carried",
        **colours,
        "blend": " ".join(f"{colour} {colour}" for colour, _, _ in shown),
        "stops": " ".join(f"{start}% {end}%" for _, start, end in shown),
    }


_Lines = Mapping[tuple[str, str], int]
"""From the ends of a drawn line to what becomes of the values along it."""


def _lines(index: Index, drawn: Rendered, shown: Preview) -> _Lines:
    """Of several values between the same two ends, one at the border counts before one kept."""
    kept = np.zeros(len(drawn.owner), dtype=np.bool_)
    kept[: index.n_ops] = shown.fates[index.op_at] < _KEPT
    entering = np.array([one in shown.inputs for one in index.values], dtype=np.bool_)
    leaving = np.array([one in shown.outputs for one in index.values], dtype=np.bool_)
    source, target, value = kept[index.source], kept[index.target], index.value
    fates = np.full(len(value), _LINE_CUT, dtype=np.int64)
    fates[source & target] = _LINE_INSIDE
    fates[~source & target & entering[value]] = _LINE_BORDER
    fates[source & ~target & leaving[value]] = _LINE_BORDER
    start, end = drawn.owner[index.source], drawn.owner[index.target]
    count = len(drawn.shown)
    seen = (start >= 0) & (end >= 0)
    ends, which = np.unique((start * count + end)[seen], return_inverse=True)
    strongest = np.zeros(len(ends), dtype=np.int64)
    np.maximum.at(strongest, which, fates[seen])
    return {
        (drawn.shown[pair // count], drawn.shown[pair % count]): fate
        for pair, fate in zip(ends.tolist(), strongest.tolist(), strict=True)
    }


def _name(lines: _Lines, ends: Iterable[tuple[str, str]]) -> tuple[str, int]:
    """The fate of a line for its data, and whether it crosses the border.

    A line through what is hidden has no values of its own: it stays as it is.
    """
    fate = max((lines.get(one, _LINE_INSIDE) for one in ends), default=_LINE_INSIDE)
    return "cut" if fate == _LINE_CUT else "", int(fate == _LINE_BORDER)
