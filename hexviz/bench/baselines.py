"""What the rules are measured against: simpler answers to the same question."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from hexviz.model.flat import FlatGraph, Neighbours
from hexviz.tagging.policies import from_consumers

__all__ = ["consumers_only", "earlier_rule"]


def earlier_rule(flat: FlatGraph, declared: Mapping[int, str]) -> dict[int, str]:
    """The earlier generation's: the nearest declared producer's module, else the nearest
    declared consumer's, else the module that most ops have.
    """
    commonest = Counter(declared.values()).most_common(1)[0][0] if declared else ""
    return {
        at: _nearest(flat.predecessors, declared, at)
        or _nearest(flat.successors, declared, at)
        or commonest
        for at in range(len(flat.ops))
        if at not in declared
    }


def _nearest(neighbours: Neighbours, declared: Mapping[int, str], at: int) -> str | None:
    waiting, seen = deque(neighbours[at]), {at}
    while waiting:
        one = waiting.popleft()
        if one in declared:
            return declared[one]
        if one not in seen:
            seen.add(one)
            waiting.extend(neighbours[one])
    return None


def consumers_only(flat: FlatGraph, declared: Mapping[int, str]) -> dict[int, str]:
    """Where the modules of an op's consumers meet; the root for an op without any."""
    answers = from_consumers(flat, declared)
    return {at: module for at, module in answers.items() if at not in declared}
