"""Which module of one graph is which of the other, and under what name.

::

    before   encoder.layer.0   encoder.layer.1      encoder.layer.2
    after    model.encoder.layer.0   (deleted)      model.encoder.layer.1

The ops that are the same in both decide: a module's counterpart is the one
that has most of them. So a wrapper around a model, or layers that got other
numbers because one of them was deleted, are a few modules with other names,
and not thousands of ops in other modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hexviz.matching.op_groups import Group
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph

__all__ = ["Homes", "Rename", "counterparts", "has_tags", "homes", "renames"]

_TAGGED = 0.5
"""Share of a graph's ops that have to be on record for it to have tags of its own."""

_ITS_OWN = frozenset({"declared", "manual"})
"""Origins that are a graph's own. Transferred tags are another graph's."""

_BY_WEIGHT = "weight"
"""A rule that concludes from weights: a fused op reads those of several modules."""


def is_on_record(graph: TaggedGraph, at: int) -> bool:
    """Whether the graph itself says where an op belongs, by more than weights."""
    why = graph.ops[at].provenance
    return why.origin in _ITS_OWN and why.rule != _BY_WEIGHT


def has_tags(graph: TaggedGraph) -> bool:
    """Whether a graph says itself where its ops belong."""
    if not graph.ops:
        return False
    known = sum(is_on_record(graph, at) for at in range(len(graph.ops)))
    return known >= _TAGGED * len(graph.ops)


@dataclass(frozen=True, slots=True)
class Homes:
    """Position → FQN of the module of each op, before and after.

    ``of_before`` and ``of_after`` say whether these are the graph's own tags;
    if not, they are those of the other graph's ops.
    """

    before: Sequence[str]
    after: Sequence[str]
    of_before: bool
    of_after: bool

    @property
    def are_both_own(self) -> bool:
        """Whether a difference between tags is one of the graphs."""
        return self.of_before and self.of_after


def homes(
    before: TaggedGraph,
    after: TaggedGraph,
    groups: Iterable[Group],
    served: Mapping[int, int],
    *,
    by_after: bool = True,
) -> Homes:
    """The modules of all ops; ``served`` maps inserted ops to the op before that they serve.

    ``by_after``: whether the tags of the graph after count, where it has any.
    """
    own = has_tags(before), by_after and has_tags(after)
    mine = [op.module for op in before.ops]
    theirs = [op.module for op in after.ops]
    if own[1] and not own[0]:
        known = {at: theirs[one.after_value] for one in groups for at in one.before}
        return Homes(_projected(before, known), theirs, of_before=False, of_after=True)
    if not own[1]:
        known = {at: mine[one.before_value] for one in groups for at in one.after}
        known.update({at: mine[one] for at, one in served.items()})
        return Homes(mine, _projected(after, known), of_before=True, of_after=False)
    return Homes(mine, theirs, of_before=True, of_after=True)


def _projected(graph: TaggedGraph, known: Mapping[int, str]) -> list[str]:
    """The module of each op: its own where known, else where those of its readers meet."""
    found: dict[int, str] = dict(known)
    flat = graph.flat
    both_ways = (
        (reversed(range(len(flat.ops))), flat.successors),
        (range(len(flat.ops)), flat.predecessors),
    )
    for order, neighbours in both_ways:
        for at in order:
            if at in found:
                continue
            meeting = names.meeting(found[one] for one in neighbours[at] if one in found)
            if meeting is not None:
                found[at] = meeting
    return [found.get(at, "") for at in range(len(flat.ops))]


def counterparts(groups: Iterable[Group], found: Homes) -> dict[str, str]:
    """Module before → the module after that is the same, for modules with ops in both.

    Each module is one other at most. The one of the same name goes first where
    it has half of the ops; otherwise most ops decide.
    """
    votes: Counter[tuple[str, str]] = Counter()
    for group in groups:
        other = found.after[group.after_value]
        of = {found.before[at] for at in group.before}
        votes[other if other in of else found.before[group.before_value], other] += 1
    total: Counter[str] = Counter()
    total_after: Counter[str] = Counter()
    for (one, other), count in votes.items():
        total[one] += count
        total_after[other] += count

    def rank(item: tuple[tuple[str, str], int]) -> tuple[bool, int, bool]:
        (one, other), count = item
        is_same = one == other
        return is_same and 2 * count >= total[one], count, is_same

    result: dict[str, str] = {}
    taken: set[str] = set()
    for (one, other), count in sorted(votes.items(), key=rank, reverse=True):
        half = max(total[one], total_after[other]) if one != other else total[one]
        if one not in result and other not in taken and 2 * count >= half:
            result[one] = other
            taken.add(other)
    return result


@dataclass(frozen=True, slots=True)
class Rename:
    """A module that has another name after, with all modules below it that do.

    ``modules`` are the FQNs before of those that have ops of their own.
    """

    before: str
    after: str
    modules: tuple[str, ...]


def renames(pairs: Mapping[str, str]) -> list[Rename]:
    """The modules that are called something else, as few changes of prefixes as say it.

    >>> for one in renames({"fc": "model.fc", "layer.0.act": "model.layer.0.act"}):
    ...     print(repr(one.before), repr(one.after), one.modules)
    '' 'model' ('fc', 'layer.0.act')
    """
    rules: dict[tuple[str, str], list[str]] = {}
    for one, other in pairs.items():
        if one != other:
            rules.setdefault(_prefixes(one, other), []).append(one)
    return [Rename(before, after, tuple(modules)) for (before, after), modules in rules.items()]


def _prefixes(one: str, other: str) -> tuple[str, str]:
    """Two names without the steps at their ends that are the same."""
    mine, theirs = one.split(".") if one else [], other.split(".") if other else []
    while mine and theirs and mine[-1] == theirs[-1]:
        mine.pop()
        theirs.pop()
    return ".".join(mine), ".".join(theirs)
