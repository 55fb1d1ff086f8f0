"""Which lines are drawn as named stubs, so that no fan of lines crosses the page.

::

    mask ─┬→ layer.0           mask ──→ layer.0
          ├→ layer.1    ⇒               mask▸ layer.1
          …                             …
          └→ layer.11                   mask▸ layer.11

A source with many targets keeps a line to the first target in each of its
neighbours while these are few, and to the very first one otherwise, so that a
box is never cut off from what feeds it. Constants are always stubs where they
cross a border or merely leak out of a box whose business is tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hexviz.view.index import Index
from hexviz.view.parts import BOXES, SceneEdge, SceneNode

__all__ = ["FAINT_FAN", "FAN", "mark_stubs"]

FAN = 5
"""From so many targets on, a source gets named stubs instead of lines across the page."""

FAINT_FAN = 3
"""The same for a source that carries constants and shapes."""


def mark_stubs(
    edges: Sequence[SceneEdge], nodes: Sequence[SceneNode], index: Index, fan: int
) -> list[SceneEdge]:
    """The edges, those marked that are drawn as stubs."""
    fans: dict[tuple[int, bool], list[int]] = {}
    stubbed: set[int] = set()
    emitting = {edge.source for edge in edges if edge.live and not edge.via}
    for at, edge in enumerate(edges):
        source, target = nodes[edge.source], nodes[edge.target]
        if edge.via or "hidden" in (source.kind, target.kind):
            continue
        leaks = source.kind in BOXES and edge.source in emitting
        if not edge.live and (leaks or source.parent != target.parent):
            stubbed.add(at)
        else:
            fans.setdefault((edge.source, edge.live), []).append(at)
    for (source_at, live), members in fans.items():
        if len(members) >= (fan if live else min(fan, FAINT_FAN)):
            stubbed.update(set(members) - _kept(members, edges, nodes, index, source_at, fan))
    return [replace(edge, stub=True) if at in stubbed else edge for at, edge in enumerate(edges)]


def _kept(
    members: list[int],
    edges: Sequence[SceneEdge],
    nodes: Sequence[SceneNode],
    index: Index,
    source: int,
    fan: int,
) -> set[int]:
    """The lines of a fan that stay: the first one into each neighbour."""
    first: dict[str, int] = {}
    own = set(index.path(nodes[source].parent))
    for at in sorted(members, key=lambda at: edges[at].target):
        target = nodes[edges[at].target]
        around = next((key for key in index.path(target.parent) if key not in own), None)
        first.setdefault(target.id if around is None else around, at)
    lines = list(first.values())
    few = len(lines) < (fan if edges[members[0]].live else 2)
    return set(lines if few else lines[:1])
