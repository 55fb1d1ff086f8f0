"""Ops of one graph that are those of another, by what they compute from and for.

Every op gets a print of its surroundings, a few steps up and a few steps down.
Ops that are known to be the same are landmarks: their print is their own, and
nothing beyond them counts::

    before   x → MatMul → Add → [Relu "act"]        now   x → MatMul → Add → [Relu "act"]
                          └ between x and "act": the same print, so the same op

Prints that occur equally often in both are taken in turn, in order of
execution, unless what occurs once shows that the order was lost; close to
landmarks only those that occur once.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["Links", "alike"]

Links = tuple[str, tuple[int | str, ...]]
"""An op's type, and what it reads: positions of ops, or texts for what no op makes."""

_DEPTHS = (6, 3)
"""Steps up and down in which surroundings have to be equal, without landmarks."""

_ROUNDS = 30
"""Looks at every op, at most, while landmarks spread."""

_IN_ORDER = 0.95
"""Share of neighbours among what occurs once that have to stand in the same order."""


def alike(
    here: Sequence[Links],
    there: Sequence[Links],
    known: Mapping[int, int],
    others: Collection[int] = (),
    *,
    ordered: bool = True,
) -> dict[int, int]:
    """Position here → position there, for the ops that are the same, ``known`` ones included.

    ``others`` are ops here that are known to be none of those there;
    ``ordered`` is whether the order here may be that in which the ops once
    ran. Linear in both graphs.
    """
    pairs = dict(known)
    leaves = {one for _, read in here for one in read if isinstance(one, str)}
    leaves &= {one for _, read in there for one in read if isinstance(one, str)}
    mine, other = _Side(here, leaves), _Side(there, leaves)
    mine.outside(others)
    for at, one in pairs.items():
        mine.fix(at, at)
        other.fix(one, at)
    for depth in _DEPTHS:
        groups = _shared(mine, other, depth, beside=False)
        once = [(own[0], theirs[0]) for own, theirs in groups if len(own) == 1]
        if ordered and _in_order([*pairs.items(), *once]):
            once = [pair for both in groups for pair in zip(*both, strict=True)]
        _learn(mine, other, pairs, once)
    looks = _ROUNDS * len(here)
    while looks > 0:
        looks -= mine.left
        groups = _shared(mine, other, 1, beside=True)
        once = [(own[0], theirs[0]) for own, theirs in groups if len(own) == 1]
        if not once:
            break
        _learn(mine, other, pairs, once)
    return pairs


def _shared(
    mine: _Side, other: _Side, depth: int, *, beside: bool
) -> list[tuple[list[int], list[int]]]:
    """The ops of each print that as many ops have here as there."""
    theirs = other.groups(depth, beside=beside)
    return [
        (own, theirs[printed])
        for printed, own in mine.groups(depth, beside=beside).items()
        if len(own) == len(theirs.get(printed, ()))
    ]


def _in_order(pairs: Iterable[tuple[int, int]]) -> bool:
    """Whether ops stand in the same order on both sides; where nothing tells, they do."""
    there = [one for _, one in sorted(pairs)]
    rising = sum(one < two for one, two in itertools.pairwise(there))
    return rising >= _IN_ORDER * (len(there) - 1)


def _learn(
    mine: _Side, other: _Side, pairs: dict[int, int], found: Iterable[tuple[int, int]]
) -> None:
    for at, one in found:
        pairs[at] = one
        mine.fix(at, at)
        other.fix(one, at)


class _Side:
    """One of the two graphs."""

    def __init__(self, ops: Sequence[Links], leaves: Collection[str]) -> None:
        self._open = dict.fromkeys(range(len(ops)))
        self._fixed: dict[int, int] = {}
        self._reads = [tuple(one for one in read if isinstance(one, int)) for _, read in ops]
        self._base = [
            hash((kind, tuple(_leaf(one, leaves) for one in read if isinstance(one, str))))
            for kind, read in ops
        ]
        self._users: list[list[int]] = [[] for _ in ops]
        for at, read in enumerate(self._reads):
            for one in read:
                self._users[one].append(at)

    def outside(self, ops: Collection[int]) -> None:
        """Leave ops out of account that have no counterpart."""
        for at in ops:
            self._open.pop(at, None)

    def fix(self, at: int, token: int) -> None:
        """Make an op a landmark."""
        self._open.pop(at, None)
        self._fixed[at] = hash(("landmark", token))

    @property
    def left(self) -> int:
        """How many ops are neither landmarks nor out of account."""
        return len(self._open)

    def groups(self, depth: int, *, beside: bool) -> dict[tuple[int, int], list[int]]:
        """Print → the open ops that have it, in order; those ``beside`` a landmark, if asked."""
        up = {at: self._base[at] for at in self._open}
        down = dict(up)
        base, fixed = self._base, self._fixed

        def of(prints: Mapping[int, int], at: int) -> int:
            known = fixed.get(at)
            return prints.get(at, base[at]) if known is None else known

        for _ in range(depth):
            up = {
                at: hash((base[at], *[of(up, one) for one in self._reads[at]])) for at in self._open
            }
            down = {
                at: hash((base[at], *sorted(of(down, one) for one in self._users[at])))
                for at in self._open
            }
        found: dict[tuple[int, int], list[int]] = {}
        for at in self._open:
            if beside and not any(one in fixed for one in (*self._reads[at], *self._users[at])):
                continue
            found.setdefault((up[at], down[at]), []).append(at)
        return found


def _leaf(text: str, shared: Collection[str]) -> str:
    """A weight by its name where both graphs have it, else by its shape."""
    return text if text in shared else text.partition(" ")[2]
