"""Whether two graphs are of one model, or of versions of it: how far a matching is credible.

A matcher finds something for most ops of any two graphs. What it finds is
credible where types agree, or where ops that became another one have constants
of a size in common with it; a MatMul with its weights that is said to have
become an Add without any is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from hexviz.matching.groups import Group
from hexviz.matching.skeleton import CARRIERS
from hexviz.model.graph import TaggedGraph

__all__ = ["arithmetic", "kinship"]

_LARGE = 16
"""Elements from which on a constant tells something."""

_DEEPEST = 8
"""Ops that carry a weight on before it is computed with, at most."""


def kinship(before: TaggedGraph, after: TaggedGraph, groups: Iterable[Group]) -> float:
    """The share, in 0..1, of the smaller graph's arithmetic that is credibly in the other one.

    Ops without constants that became one are left out: nothing tells of them.
    A graph without arithmetic is a part of any other.
    """
    listed = list(groups)
    sides = (before, after)
    smaller = 0 if arithmetic(before) <= arithmetic(after) else 1
    total = arithmetic(sides[smaller])
    credible = 0
    for one in listed:
        own = (one.before, one.after)[smaller]
        computing = sum(sides[smaller].ops[at].auxiliary is None for at in own)
        match _is_credible(before, after, one):
            case True:
                credible += computing
            case None:
                total -= computing
    return min(1.0, credible / total) if total > 0 else 1.0


def arithmetic(graph: TaggedGraph) -> int:
    """The number of ops that compute, other than shapes, types, constants and layout."""
    return sum(op.auxiliary is None for op in graph.ops)


def _is_credible(before: TaggedGraph, after: TaggedGraph, group: Group) -> bool | None:
    """``None`` if nothing tells."""
    mine, theirs = _sizes(before, group.before), _sizes(after, group.after)
    if group.is_one_to_one:
        same = before.ops[group.before[0]].op_type == after.ops[group.after[0]].op_type
        return (same and bool(mine) == bool(theirs)) or not mine.isdisjoint(theirs)
    if not mine and not theirs:
        return None
    return not mine.isdisjoint(theirs)


def _sizes(graph: TaggedGraph, ops: Sequence[int]) -> set[int]:
    """How many elements large constants have that ops read."""
    tensors = graph.flat.tensors
    read = (_source(graph, value) for at in ops for value in graph.ops[at].inputs)
    sizes = {math.prod(tensors[value].dims) for value in read if value in tensors}
    return {one for one in sizes if one >= _LARGE}


def _source(graph: TaggedGraph, value: str) -> str:
    """The value that another one was carried on from: exporters and quantisers wrap weights."""
    for _ in range(_DEEPEST):
        at = graph.flat.makers.get(value)
        if at is None or graph.ops[at].op_type not in CARRIERS or not graph.ops[at].inputs:
            break
        value = graph.ops[at].inputs[0]
    return value
