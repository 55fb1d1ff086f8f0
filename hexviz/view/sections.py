"""Splitting a module with too many direct children into sections along its order.

::

    wte  148 ops  h.0 … h.11  ln_f      long runs of ops between child modules
    wte [ops 2–149] h.0 … h.11  ln_f    become one section each

    400 ops, limit 150                  what is still too long is cut into
    [ops 1–134] [135–268] [269–400]     equal sections, in levels if need be
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby

from hexviz.view.calls import CallGroup

__all__ = ["Member", "Part", "Run", "Section", "split"]

Member = str | CallGroup | int
"""A child module by FQN, a call, or an op by its position in the graph."""


@dataclass(frozen=True, slots=True)
class Run:
    """Siblings that are equal all through, by FQN, in execution order."""

    members: tuple[str, ...]


Part = Member | Run
"""What lies directly in a module, once its equal siblings are taken together."""

_FEW_OPS = 40
_LONG_RUN = 10


@dataclass(frozen=True, slots=True)
class Section:
    """Members ``first`` to ``last`` of a module, numbered from 1."""

    first: int
    last: int
    members: tuple[Part, ...]

    @property
    def label(self) -> str:
        """``ops 1–134``, or ``parts 1–134`` if there are modules or calls among them."""
        noun = "ops" if all(isinstance(member, int) for member in self.members) else "parts"
        return f"{noun} {self.first}–{self.last}"


def split(
    members: Sequence[Part], *, first: int = 1, folded: AbstractSet[int], limit: int
) -> list[Part | Section]:
    """The members, with sections in place of what is too much to show at once.

    ``first`` is the number of the first member. ``folded`` are ops drawn as
    mere dots: they do not count as much to look at, but do towards ``limit``.

    >>> [part.label for part in split(range(7), folded=set(), limit=3)]
    ['ops 1–3', 'ops 4–6', 'ops 7–7']
    """
    parts = _fold_runs(members, first, folded)
    if len(parts) <= limit:
        return parts
    size = limit
    while -(-len(members) // size) > limit:
        size *= limit
    size = -(-len(members) // -(-len(members) // size))
    return [
        Section(first + start, first + start + len(held) - 1, tuple(held))
        for start in range(0, len(members), size)
        if (held := members[start : start + size])
    ]


def _fold_runs(
    members: Sequence[Part], first: int, folded: AbstractSet[int]
) -> list[Part | Section]:
    if len(members) <= _FEW_OPS:
        return list(members)
    ops = [member for member in members if isinstance(member, int) and member not in folded]
    if len(ops) <= _FEW_OPS or all(isinstance(member, int) for member in members):
        return list(members)
    parts: list[Part | Section] = []
    for is_op, group in groupby(members, key=lambda member: isinstance(member, int)):
        run = tuple(group)
        if is_op and len(run) >= _LONG_RUN:
            parts.append(Section(first, first + len(run) - 1, run))
        else:
            parts.extend(run)
        first += len(run)
    return parts
