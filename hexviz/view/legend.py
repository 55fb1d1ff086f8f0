"""What the colours and borders on the page mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hexviz.model.op import ORIGINS
from hexviz.view.colouring import NO_NUMBER, Colouring
from hexviz.view.index import Index
from hexviz.view.palette import Swatch, Theme, kind_of
from hexviz.view.ramp import Ramp, closed_boxes, ramp_of
from hexviz.view.scene import Scene

__all__ = ["BORDERS", "Legend", "LegendEntry", "both", "build_legend"]

BORDERS: Mapping[str, str] = {
    "declared": "solid",
    "transferred": "solid",  # and thicker
    "inherited": "dashed",
    "recovered": "dashed",  # and thicker
    "fallback": "dotted",
    "manual": "double",
}
"""Origin → border style of an op."""

_MOST = 12


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One colour: the bucket its ops are in, what it says, and how many ops it is for.

    By module, a bucket is a kind of module: its class (see :mod:`hexviz.view.palette`);
    else, the answer.
    """

    bucket: str
    label: str
    swatch: Swatch
    ops: int


@dataclass(frozen=True, slots=True)
class Legend:
    """What the colours say, and how many entries were left off (``more``).

    ``ramp`` is the scale of a person's numbers, whose colours no entry has, with its
    ``colours``. By module, the kinds on the page come outermost first. ``origins`` are
    the (origin, border style) pairs that occur on the page, on ops or on boxes.
    """

    entries: tuple[LegendEntry, ...]
    more: int
    origins: tuple[tuple[str, str], ...]
    ramp: Ramp | None = None
    colours: tuple[str, ...] = ()


def build_legend(
    index: Index,
    scene: Scene,
    swatches: Mapping[str, Swatch],
    colouring: Colouring | None,
    theme: Theme,
    *,
    most: int = _MOST,
) -> Legend:
    """The legend of a scene."""
    entries = _modules(index, scene, swatches) if colouring is None else _answers(colouring, theme)
    ramp = None
    if colouring is not None and colouring.numbers is not None:
        ramp = ramp_of(colouring.numbers, closed_boxes(index, scene.nodes))
    origins = {
        index.graph.ops[node.position].provenance.origin
        for node in scene.nodes
        if node.kind in ("op", "constant")
    }
    boxes = (index.containers[node.key] for node in scene.nodes if node.kind == "module")
    if any(index.graph.modules[box.face].is_recovered for box in boxes):
        origins.add("recovered")
    return Legend(
        tuple(entries[:most]),
        max(0, len(entries) - most),
        tuple((origin, BORDERS[origin]) for origin in ORIGINS if origin in origins),
        ramp,
        tuple(ramp.colours(theme)) if ramp else (),
    )


def _answers(colouring: Colouring, theme: Theme) -> list[LegendEntry]:
    """An entry for each answer; of numbers, for ops that have none alone."""
    named = enumerate(zip(colouring.names, colouring.swatches(theme), strict=True))
    found = [
        LegendEntry(name, name, swatch, int((colouring.codes == at).sum()))
        for at, (name, swatch) in named
    ]
    if colouring.numbers is None:
        return found
    return [entry for entry in found if entry.bucket == NO_NUMBER and entry.ops]


def both(one: Legend, other: Legend) -> Legend:
    """The legend of two pictures in the colours of one comparison: each answer once.

    An answer that both have is about the same ops, and has the greater of both counts.
    """
    entries: dict[str, LegendEntry] = {}
    for entry in (*one.entries, *other.entries):
        known = entries.get(entry.bucket)
        if known is None or known.ops < entry.ops:
            entries[entry.bucket] = entry
    return Legend(tuple(entries.values()), 0, ())


def _modules(index: Index, scene: Scene, swatches: Mapping[str, Swatch]) -> list[LegendEntry]:
    shown = [node for node in scene.nodes if node.kind == "module"]
    shown.sort(key=lambda node: node.depth)
    entries: dict[str, LegendEntry] = {}
    for node in shown:
        box = index.containers[node.key]
        module = index.graph.modules[box.face]
        kind = kind_of(module)
        before = entries.get(kind)
        swatch = swatches[box.face]
        entries[kind] = LegendEntry(
            kind,
            kind if module.is_recovered else module.class_name or module.label,
            replace(swatch, solid=swatch.fill),  # what is large on the page: its box
            box.count + (before.ops if before else 0),
        )
    return list(entries.values())
