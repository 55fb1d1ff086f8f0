"""Whether two graphs are of one model, or of versions of it: how far a matching is credible.

A matcher finds something for most ops of any two graphs. What it finds is
credible where types agree, or where ops that became another one have constants
of a size in common with it; a MatMul with its weights that is said to have
become an Add without any is not. Beside structure, the weights tell.

There are two questions, and one figure cannot answer both. Tags of one graph are
true of the other only if it is the same model: models of one kind have one structure,
so its weights have to be there, or all of its structure (:func:`difference`). To compare
two graphs they may be versions of an architecture, with a layer more and all weights
trained anew (:func:`relatedness`). Of 91 pairs of 14 different small models the first
takes 6 for one and the second 4; either of both would take 8.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from hexviz.matching.matching import Matching
from hexviz.matching.op_groups import Group, groups_of
from hexviz.matching.skeleton import CARRIERS
from hexviz.model.graph import TaggedGraph

__all__ = ["difference", "relatedness"]

_LARGE = 16
"""Elements from which on a constant tells something."""

_DEEPEST = 8
"""Ops that carry a weight on before it is computed with, at most."""

_WEIGHTS = 0.15
"""Share of the large weights that has to be in the other graph of the same model."""

_SAME_STRUCTURE = 0.9
"""Share of the arithmetic of both that has to be matched where the weights differ."""

_STRUCTURE = 0.2
"""The same where one has no weights, of the smaller graph's arithmetic."""

_RELATED = 0.6
"""Share of the smaller graph's arithmetic that has to be in the other one for a comparison.

Both as matched and credibly so. Versions of an architecture keep more, whatever their weights.
"""

_RELATED_WEIGHTS = 0.35
"""Share of the large weights from which on two graphs are related, however they were rewritten."""


def difference(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> str:
    """What says that two graphs are of different models, in words; ``""`` if nothing does."""
    weights = matching.weights
    if weights is not None and weights >= _WEIGHTS:
        return ""
    structure = _credible_share(before, after, groups_of(matching))
    if weights is None:
        alike = structure >= _STRUCTURE
        return "" if alike else f"{structure:.0%} of the arithmetic of one is in the other"
    if min(structure, *_matched(before, after, matching)) >= _SAME_STRUCTURE:
        return ""
    return (
        f"{weights:.0%} of the weights of one are in the other, and their structure is not the same"
    )


def relatedness(
    before: TaggedGraph, after: TaggedGraph, matching: Matching, groups: Iterable[Group]
) -> tuple[float, bool]:
    """The share of the smaller graph that is in the other, in 0..1; and whether that is enough.

    Enough to be compared: then they are versions of one model.
    """
    credible = _credible_share(before, after, groups)
    is_bare = not min(_arithmetic(before), _arithmetic(after))  # matching counts only that
    related = credible if is_bare else min(matching.related, credible)
    weights = matching.weights
    enough = related >= _RELATED or (weights is not None and weights >= _RELATED_WEIGHTS)
    return related, enough


def _matched(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> tuple[float, float]:
    """The share of the arithmetic of each graph that is something in the other."""
    found = {at: one for at, one in matching.matches.items() if one.how != "inserted"}
    mine = {at for one in found.values() for at in one.before}
    return _share(before, mine), _share(after, found.keys())


def _share(graph: TaggedGraph, found: Collection[int]) -> float:
    arithmetic = [at for at, op in enumerate(graph.ops) if op.auxiliary is None]
    return sum(at in found for at in arithmetic) / max(1, len(arithmetic))


def _credible_share(before: TaggedGraph, after: TaggedGraph, groups: Iterable[Group]) -> float:
    """The share, in 0..1, of the smaller graph's arithmetic that is credibly in the other one.

    Ops without constants that became one are left out: nothing confirms or denies them.
    A graph without arithmetic is a part of any other.
    """
    listed = list(groups)
    sides = (before, after)
    smaller = 0 if _arithmetic(before) <= _arithmetic(after) else 1
    total = _arithmetic(sides[smaller])
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


def _arithmetic(graph: TaggedGraph) -> int:
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
