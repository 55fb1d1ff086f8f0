"""Who makes what each op reads: the edges of a graph and each op's neighbours, in columns.

::

    reads   0: x        makes  0: a, b        edges   0→1 a      up    1: 0      down  0: 1 2
            1: a b a           1: c                   0→1 b            2: 0 1          1: 2
            2: c b             2: d                   1→2 c
                                                      0→2 b
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count, repeat
from typing import NamedTuple

import numpy as np

from hexviz.model.columns import EdgeColumns, Ints

__all__ = ["Links", "find_edges", "links_down", "links_up"]


class Links(NamedTuple):
    """Each op's neighbours on one side, without repetition.

    Those of the op at a position are ``others[starts[position] : starts[position + 1]]``.
    """

    starts: Ints
    others: Ints

    def tuples(self) -> tuple[tuple[int, ...], ...]:
        """The same as a tuple for each op."""
        others = tuple(self.others.tolist())
        starts = self.starts.tolist()
        return tuple(map(others.__getitem__, map(slice, starts, starts[1:])))


def find_edges(
    inputs: Sequence[tuple[str, ...]],
    outputs: Sequence[tuple[str, ...]],
    more: Mapping[int, Sequence[str]],
) -> tuple[dict[str, int], EdgeColumns]:
    """By value the position of the op that makes it, and every value that an op gets from another.

    ``inputs`` and ``outputs`` hold value ids, ``""`` for one that is left out; ``more`` what an op
    reads beside its inputs, by position. An op has one edge for each value, in the order in which
    it reads them.
    """
    made = list(chain.from_iterable(outputs))
    numbers = dict(zip(made, count()))
    numbers.pop("", None)
    owners = _repeated(outputs)
    simple = len(made) == len(numbers) == len(outputs) and bool((np.diff(owners) == 1).all())
    makers = numbers if simple else dict(zip(made, owners.tolist(), strict=True))
    makers.pop("", None)
    if more:
        inputs = [*inputs]
        for at, others in more.items():
            inputs[at] = (*inputs[at], *others)
    read = chain.from_iterable(inputs)
    values = np.fromiter(map(numbers.get, read, repeat(-1)), np.int64)
    targets = _repeated(inputs)
    known = values >= 0
    values, targets = values[known], targets[known]
    values, targets = _distinct(values, targets)
    return makers, EdgeColumns(values if simple else owners[values], targets, values, made)


def links_up(edges: EdgeColumns, size: int) -> Links:
    """The ops that each of ``size`` ops reads from, in the order in which it does."""
    sources, targets = _distinct(edges.sources, edges.targets)
    return Links(_starts(targets, size), sources)


def links_down(edges: EdgeColumns, size: int) -> Links:
    """The ops that read what each of ``size`` ops makes, in order."""
    pairs = np.unique(edges.sources << 32 | edges.targets)
    return Links(_starts(pairs >> 32, size), pairs & 0xFFFFFFFF)


def _distinct(ones: Ints, others: Ints) -> tuple[Ints, Ints]:
    """The same pairs without repetition, in the order in which each comes first."""
    pairs = others << 32 | ones
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():  # the usual, and quickly found out
        return ones, others
    _, first = np.unique(pairs, return_index=True)
    first.sort()
    return ones[first], others[first]


def _repeated(groups: Sequence[tuple[str, ...]]) -> Ints:
    """The position of each group, once for each of its members."""
    sizes = np.fromiter(map(len, groups), np.int64, len(groups))
    return np.repeat(np.arange(len(groups)), sizes)


def _starts(positions: Ints, size: int) -> Ints:
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(positions, minlength=size), out=starts[1:])
    return starts
