"""How alike two stretches are: by which tokens they have, whatever their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import Ints

__all__ = ["Bags", "Shares"]

Shares = npt.NDArray[np.float64]
"""Numbers that are no counts: likenesses and shares in 0..1, means, scores."""

_COLUMNS = 48  # tokens beyond the most frequent share the last of them
_SHARED = 16
_ROWS = 1 << 16  # of stretches at once


class Bags:
    """Counts of tokens of every stretch of a sequence, as differences of sums."""

    def __init__(self, tokens: Ints) -> None:
        counts = np.bincount(tokens)
        rank = np.empty(len(counts), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        own = _COLUMNS - _SHARED
        column = np.where(rank < own, rank, own + rank % _SHARED)[tokens]
        marks = np.zeros((len(tokens) + 1, int(column.max()) + 1), np.int32)
        marks[np.arange(1, len(tokens) + 1), column] = 1
        self._sums = np.cumsum(marks, axis=0, dtype=np.int32)

    def alike(self, starts: Ints, ends: Ints, other_starts: Ints, other_ends: Ints) -> Shares:
        """Dice's coefficient of each two stretches: the share of their tokens that both have."""
        found = np.zeros(len(starts))
        for begin in range(0, len(starts), _ROWS):
            part = slice(begin, begin + _ROWS)
            ones = self._sums[ends[part]] - self._sums[starts[part]]
            others = self._sums[other_ends[part]] - self._sums[other_starts[part]]
            apart = np.abs(ones - others).sum(1)
            tokens = ends[part] - starts[part] + other_ends[part] - other_starts[part]
            found[part] = 1 - apart / np.maximum(tokens, 1)
        return found
