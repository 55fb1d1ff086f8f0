"""What the colours and borders on the page mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hexviz.model.op import ORIGINS
from hexviz.view.index import Index
from hexviz.view.palette import Swatch
from hexviz.view.scene import Scene

__all__ = ["BORDERS", "Legend", "LegendEntry", "build_legend"]

BORDERS: Mapping[str, str] = {
    "declared": "solid",
    "inherited": "dashed",
    "fallback": "dotted",
    "manual": "double",
}
"""Origin → border style of an op."""

_MOST = 12


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A module on the page: FQN, title, colours, number of its ops at any depth."""

    fqn: str
    label: str
    swatch: Swatch
    ops: int


@dataclass(frozen=True, slots=True)
class Legend:
    """The modules on the page, outermost first; ``more`` counts those left off.

    ``origins`` are the (origin, border style) pairs that occur on the page.
    """

    modules: tuple[LegendEntry, ...]
    more: int
    origins: tuple[tuple[str, str], ...]


def build_legend(
    index: Index, scene: Scene, swatches: Mapping[str, Swatch], *, most: int = _MOST
) -> Legend:
    """The legend of a scene."""
    shown = [node for node in scene.nodes if node.kind == "module"]
    shown.sort(key=lambda node: node.depth)
    entries = tuple(
        LegendEntry(
            index.containers[node.key].face,
            index.containers[node.key].label,
            swatches[index.containers[node.key].face],
            index.containers[node.key].count,
        )
        for node in shown[:most]
    )
    origins = {
        index.graph.ops[node.position].provenance.origin
        for node in scene.nodes
        if node.kind in ("op", "constant")
    }
    return Legend(
        entries,
        max(0, len(shown) - most),
        tuple((origin, BORDERS[origin]) for origin in ORIGINS if origin in origins),
    )
