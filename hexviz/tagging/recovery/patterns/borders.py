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

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

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
    size = len(still)
    block_of = np.full(size, -1, np.int64)
    kept: list[Ints] = []
    for block in sorted(blocks, key=lambda one: (-len(one), min(one))):
        ops = np.array(sorted(block), np.int64)
        if (block_of[ops] < 0).all():
            block_of[ops] = len(kept)
            kept.append(ops)
    moves = ~np.array(still, bool)
    counts = np.bincount(block_of[(block_of >= 0) & moves], minlength=len(kept))
    mover = _Mover(block_of, kept, counts, moves)
    return mover.moved(stretches, np.ones(size, bool))


class _Mover:
    def __init__(
        self, block_of: Ints, blocks: list[Ints], counts: Ints, moves: npt.NDArray[np.bool_]
    ) -> None:
        self._block_of = block_of
        self._blocks = blocks
        self._counts = counts
        self._moves = moves

    def moved(self, stretches: Sequence[Stretch], around: npt.NDArray[np.bool_]) -> list[Stretch]:
        """Stretches side by side, within the ops around them."""
        taken = np.zeros(len(around), bool)
        found = []
        owners = self._owners(stretches)
        for number, one in enumerate(stretches):
            ops = self._fitted(one.ops, number, owners)
            ops = ops[around[ops] & ~taken[ops]]
            if len(np.intersect1d(ops, one.ops)) < _LEFT * len(one.ops):
                continue
            taken[ops] = True
            inside = np.zeros(len(around), bool)
            inside[ops] = True
            inner = self.moved(one.inner, inside) if one.inner else []
            inner = [each for each in inner if len(each.ops) < len(ops)]
            found.append(Stretch(ops, one.family, one.confidence, one.name, inner))
        return found

    def _shared(self, ops: Ints) -> tuple[Ints, Ints, int]:
        """The blocks that ops lie in, how many of each, and how many ops move at all."""
        moving = ops[self._moves[ops]]
        blocks, counts = np.unique(self._block_of[moving], return_counts=True)
        known = blocks >= 0
        return blocks[known], counts[known], len(moving)

    def _owners(self, stretches: Sequence[Stretch]) -> dict[int, int]:
        """The stretch that has most of a block, if that is at least half of it."""
        most: dict[int, tuple[int, int]] = {}
        for number, one in enumerate(stretches):
            blocks, counts, _ = self._shared(one.ops)
            for block, count in zip(blocks.tolist(), counts.tolist(), strict=True):
                if 2 * count >= self._counts[block] and count > most.get(block, (0, 0))[0]:
                    most[block] = (count, number)
        return {block: number for block, (_, number) in most.items()}

    def _fitted(self, ops: Ints, number: int, owners: dict[int, int]) -> Ints:
        blocks, counts, moving = self._shared(ops)
        for block, count in zip(blocks.tolist(), counts.tolist(), strict=True):
            if count == self._counts[block] or count == moving:
                continue
            own = self._block_of[ops] == block
            if owners.get(block) == number:
                ops = np.union1d(ops, self._blocks[block])
            elif 2 * count >= moving:
                ops = ops[own]
            else:
                ops = ops[~own]
        return ops
