"""Whether two graphs are of one model, so that tags of one are true of the other.

A matcher finds something for most ops of any two graphs, and models of one kind
have one structure. What tells is the weights: docs/matching.md has the figures.
Where the weights differ, as in a model that was trained further, or none are stored,
the structure has to decide.
"""

from __future__ import annotations

from collections.abc import Collection

from hexviz.matching.groups import groups_of
from hexviz.matching.kinship import kinship
from hexviz.matching.matching import Matching
from hexviz.model.graph import TaggedGraph

__all__ = ["difference"]

_WEIGHTS = 0.15
"""Share of the large weights that has to be in the other graph."""

_SAME_STRUCTURE = 0.9
"""Share of the arithmetic of both that has to be matched where the weights differ."""

_STRUCTURE = 0.2
"""The same where one has no weights, of the smaller graph's arithmetic."""


def difference(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> str:
    """What says that two graphs are of different models, in words; ``""`` if nothing does."""
    weights = matching.weights
    if weights is not None and weights >= _WEIGHTS:
        return ""
    structure = kinship(before, after, groups_of(matching))
    if weights is None:
        alike = structure >= _STRUCTURE
        return "" if alike else f"{structure:.0%} of the arithmetic of one is in the other"
    if min(structure, *_matched(before, after, matching)) >= _SAME_STRUCTURE:
        return ""
    return (
        f"{weights:.0%} of the weights of one are in the other, and their structure is not the same"
    )


def _matched(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> tuple[float, float]:
    """The share of the arithmetic of each graph that is something in the other."""
    found = {at: one for at, one in matching.matches.items() if one.how != "inserted"}
    mine = {at for one in found.values() for at in one.before}
    return _share(before, mine), _share(after, found.keys())


def _share(graph: TaggedGraph, found: Collection[int]) -> float:
    arithmetic = [at for at, op in enumerate(graph.ops) if op.auxiliary is None]
    return sum(at in found for at in arithmetic) / max(1, len(arithmetic))
