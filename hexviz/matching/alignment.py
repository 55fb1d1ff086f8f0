"""The best way to put two sequences beside each other."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["best_alignment"]


def best_alignment(
    rows: int, columns: int, likeness: Callable[[int, int], float]
) -> list[tuple[int, int]]:
    """Pairs of places, rising on both sides, with the highest sum of likeness.

    A likeness of 0 is no pair. Needs ``rows * columns`` steps.

    >>> best_alignment(3, 2, lambda i, j: float("abc"[i] == "ac"[j]))
    [(0, 0), (2, 1)]
    """
    gains = [[likeness(i, j) for j in range(columns)] for i in range(rows)]
    sums = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = gains[i][j] + sums[i + 1][j + 1] if gains[i][j] else 0.0
            sums[i][j] = max(taken, sums[i + 1][j], sums[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if gains[i][j] and sums[i][j] == gains[i][j] + sums[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif sums[i][j] == sums[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
