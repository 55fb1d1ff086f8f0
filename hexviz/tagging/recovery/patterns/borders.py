"""Borders of stretches moved to where blocks that are proven begin and end.

Repetition alone does not say where a period begins: every window of one length repeats as well.
What is proven to be one block is never cut::

    proven          [ layer 0 ..... ][ layer 1 ..... ][ layer 2 ..... ]
    repeated   [ ............... ][ ............... ][ ............... ]
    after           [ ............ ][ ............. ][ ............. ]

A stretch that has most of a block gets all of it, one that lies mostly in a block gives up the
rest, any other gives up its part of the block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["move_borders"]

_LEFT = 0.4
"""The share of its own ops that a stretch keeps, or it is none any more."""


def move_borders(
    stretches: Sequence[Stretch], blocks: Iterable[frozenset[int]], still: Sequence[bool]
) -> list[Stretch]:
    """The stretches, and those inside them, with no block cut in two.

    Blocks share no op, or only the larger one counts. Only ops that move are counted.
    """
    block_of = [-1] * len(still)
    kept: list[frozenset[int]] = []
    for block in sorted(blocks, key=lambda one: (-len(one), min(one))):
        if all(block_of[at] < 0 for at in block):
            for at in block:
                block_of[at] = len(kept)
            kept.append(block)
    return _Mover(block_of, kept, still).moved(stretches)


class _Mover:
    """Moves borders; blocks have numbers, and ``of`` has that of each op."""

    def __init__(self, of: list[int], blocks: list[frozenset[int]], still: Sequence[bool]) -> None:
        self._blocks = blocks
        self._moving = [-2 if rests else block for rests, block in zip(still, of, strict=True)]
        self._sizes = Counter(self._moving)
        self._holders = np.zeros(len(of), np.int64)  # of each op, the innermost stretch so far

    def moved(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        """All stretches, those around others first."""
        top: list[Stretch] = []
        pending = [(stretches, top, 0)]
        last = 0
        while pending:
            beside, found, outer = pending.pop()
            shares = [self._shares(one.ops) for one in beside]
            owners = self._owners(shares)
            for number, (one, share) in enumerate(zip(beside, shares, strict=True)):
                ops = self._fitted(one.ops, share, number, owners)
                ops = ops[self._holders[ops] == outer]
                if ops is not one.ops and len(_both(ops, one.ops)) < _LEFT * len(one.ops):
                    continue
                last += 1
                self._holders[ops] = last
                kept = Stretch(ops, one.family, one.confidence, one.name)
                found.append(kept)
                if one.inner:
                    pending.append((one.inner, kept.inner, last))
        return top

    def _shares(self, ops: Ints) -> dict[int, int]:
        """The blocks that ops lie in, and how many of those that move; -1 for no block."""
        shares = Counter(map(self._moving.__getitem__, ops.tolist()))
        shares.pop(-2, None)
        return shares

    def _owners(self, shares: Sequence[dict[int, int]]) -> dict[int, int]:
        """The stretch that has most of a block, if that is at least half of it."""
        most: dict[int, tuple[int, int]] = {}
        for number, share in enumerate(shares):
            for block, count in share.items():
                if 2 * count >= self._sizes[block] and count > most.get(block, (0, 0))[0]:
                    most[block] = (count, number)
        return {block: number for block, (_, number) in most.items()}

    def _fitted(
        self, ops: Ints, share: dict[int, int], number: int, owners: dict[int, int]
    ) -> Ints:
        moving = sum(share.values())
        cut = [
            (block, count)
            for block, count in sorted(share.items())
            if block >= 0 and self._sizes[block] != count != moving
        ]
        if not cut:
            return ops
        kept = set(ops.tolist())
        for block, count in cut:
            if owners.get(block) == number:
                kept |= self._blocks[block]
            elif 2 * count >= moving:
                kept &= self._blocks[block]
            else:
                kept -= self._blocks[block]
        return np.array(sorted(kept), np.int64)


def _both(one: Ints, other: Ints) -> Ints:
    return np.intersect1d(one, other, assume_unique=True)
