"""Weights that several ops compute with: whose is each of these ops?

Either one module is called several times, or several modules held equal weights
and a tool kept one of them::

    embeddings.word  LayerNorm(embeddings.norm.weight)  layer.0.query  …
    layer.0.output   LayerNorm(embeddings.norm.weight)  layer.1.query  …

The second LayerNorm ran between two modules of ``layer``, where
``embeddings.norm`` was not open. So a reader belongs to the holder of the
weight only if what is known before and after it allows that. Where the numbers
may be equal by chance, it also has to be the one reader that is next to
something of the holder's own surroundings: of several readers at most one is the
holder's, and the others are inherited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance
from hexviz.tagging.bounds import Bounds
from hexviz.tagging.order import execution_order

__all__ = ["called_by_holder"]


def called_by_holder(
    flat: FlatGraph,
    declared: Mapping[int, Provenance],
    asked: Mapping[int, tuple[str, str]],
    merged: Collection[str],
) -> list[int]:
    """The positions among ``asked`` that belong to the holder of their weight.

    ``asked`` maps a position to a weight's value id and the FQN of its holder,
    ``merged`` are the weights whose numbers may be equal by chance.
    """
    order, _ = execution_order(flat, declared)
    bounds = Bounds(flat, declared, order)
    readers: dict[str, list[int]] = {}
    for at, (value, holder) in asked.items():
        if names.is_within(holder, bounds.module(at)):
            readers.setdefault(value, []).append(at)
    found: list[int] = []
    for value, positions in readers.items():
        if value in merged:
            found.extend(_nearest(bounds, positions, asked[positions[0]][1]))
        else:
            found.extend(positions)
    return found


def _nearest(bounds: Bounds, positions: Iterable[int], holder: str) -> list[int]:
    """The one position that is nearer to the holder than all others, if there is one."""
    nearness = {at: _depth_shared(bounds.ends(at), holder) for at in positions}
    most = max(nearness.values())
    best = [at for at, depth in nearness.items() if depth == most]
    near = len(best) == 1 and most > _depth(bounds.module(best[0]))
    return best if near else []


def _depth_shared(ends: Iterable[str], holder: str) -> int:
    return max(_depth(names.common_ancestor(end, holder)) for end in ends)


def _depth(fqn: str) -> int:
    return fqn.count(".") + 1 if fqn else 0
