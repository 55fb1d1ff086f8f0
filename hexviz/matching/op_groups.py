"""Matches as groups: ops before that became ops after, together.

::

    MatMul, Add ──▶ Gemm            2 to 1: fused
    Gemm ──▶ MatMul, Add            1 to 2: the same op in two
    MatMul ──▶ MatMul               1 to 1

Matches name what each op after is. Those that name the same op before are one group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hexviz.matching.matching import Match, Matching

__all__ = ["Group", "groups_of", "inserted"]


@dataclass(frozen=True, slots=True)
class Group:
    """Positions before and after that are one another, both in order of execution.

    ``before_value`` and ``after_value`` are the ops that give the group's value.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    before_value: int
    after_value: int
    how: str
    confidence: float

    @property
    def is_one_to_one(self) -> bool:
        """Whether one op is one op."""
        return len(self.before) == len(self.after) == 1


def groups_of(matching: Matching) -> list[Group]:
    """The groups of all matches but inserted ops, in order of the graph after."""
    matches = {at: one for at, one in sorted(matching.matches.items()) if one.how != "inserted"}
    leader: dict[int, int] = {}  # after → the first after that shares an op before
    first: dict[int, int] = {}

    def lead(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    for at, match in matches.items():
        leader[at] = at
        for one in match.before:
            other = lead(first.setdefault(one, at))
            mine = lead(at)
            leader[max(other, mine)] = min(other, mine)
    members: dict[int, list[int]] = {}
    for at in matches:
        members.setdefault(lead(at), []).append(at)
    return [_group(after, [matches[at] for at in after]) for after in members.values()]


def inserted(matching: Matching) -> dict[int, int]:
    """Position after of each inserted op → that of the op before that it serves."""
    return {
        at: match.before[0]
        for at, match in matching.matches.items()
        if match.how == "inserted" and match.before
    }


def _group(after: list[int], matches: list[Match]) -> Group:
    before = tuple(sorted({one for match in matches for one in match.before}))
    least = min(matches, key=lambda match: match.confidence)
    how = "fused" if len(before) > 1 else least.how
    return Group(
        before=before,
        after=tuple(after),
        before_value=matches[-1].before[0],
        after_value=after[-1],
        how=how,
        confidence=least.confidence,
    )


def positions(groups: Iterable[Group]) -> tuple[dict[int, Group], dict[int, Group]]:
    """Position before → its group, and position after → its group."""
    listed = list(groups)
    return (
        {at: one for one in listed for at in one.before},
        {at: one for one in listed for at in one.after},
    )
