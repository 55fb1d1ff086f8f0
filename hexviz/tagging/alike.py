"""Ops of one graph that are those of another, by what they compute from and for.

Every op gets a print of its surroundings, a few steps up and a few steps down.
Ops that are known to be the same are landmarks: their print is their own, and
nothing beyond them counts::

    before   x → MatMul → Add → [Relu "act"]        now   x → MatMul → Add → [Relu "act"]
                          └ between x and "act": the same print, so the same op

Prints that occur equally often in both are taken in turn, in order of
execution; close to landmarks only those that occur once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

__all__ = ["Links", "alike"]

Links = tuple[str, tuple[int | str, ...]]
"""An op's type, and what it reads: positions of ops, or texts for what no op makes."""

_DEPTHS = (6, 3)
"""Steps up and down in which surroundings have to be equal, without landmarks."""

_ROUNDS = 8
"""Steps that landmarks spread at most."""


def alike(
    here: Sequence[Links],
    there: Sequence[Links],
    known: Mapping[int, int],
    others: Collection[int] = (),
) -> dict[int, int]:
    """Position here → position there, for the ops that are the same, ``known`` ones included.

    ``others`` are ops here that are known to be none of those there. Linear
    in both graphs.
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
        _take(mine, other, pairs, depth, repeated=True)
    for _ in range(_ROUNDS):
        if not _take(mine, other, pairs, 1, repeated=False):
            break
    return pairs


def _take(mine: _Side, other: _Side, pairs: dict[int, int], depth: int, *, repeated: bool) -> bool:
    """Pair what has the same print on both sides; whether there was any."""
    found = False
    groups = other.groups(depth, landmarks=not repeated)
    for printed, own in mine.groups(depth, landmarks=not repeated).items():
        theirs = groups.get(printed, [])
        if len(own) == len(theirs) and (repeated or len(own) == 1):
            for at, one in zip(own, theirs, strict=True):
                pairs[at] = one
                mine.fix(at, at)
                other.fix(one, at)
                found = True
    return found


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

    def groups(self, depth: int, *, landmarks: bool) -> dict[tuple[int, int], list[int]]:
        """Print → the open ops that have it, in order; with ``landmarks`` only those beside one."""
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
            if landmarks and not any(one in fixed for one in (*self._reads[at], *self._users[at])):
                continue
            found.setdefault((up[at], down[at]), []).append(at)
        return found


def _leaf(text: str, shared: Collection[str]) -> str:
    """A weight by its name where both graphs have it, else by its shape."""
    return text if text in shared else text.partition(" ")[2]
