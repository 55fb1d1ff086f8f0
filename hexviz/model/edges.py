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

__all__ = ["Links", "edges_of", "find_edges", "links_down", "links_up", "repeated"]


class Links(NamedTuple):
    """Each op's neighbours on one side, without repetition.

    Those of the op at a position are ``others[starts[position] : starts[position + 1]]``.
    """

    starts: Ints
    others: Ints

    def of(self, position: int) -> list[int]:
        """The neighbours of one op."""
        found: list[int] = self.others[self.starts[position] : self.starts[position + 1]].tolist()
        return found

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
    owners = repeated(_sizes(outputs))
    makers = dict(zip(made, owners.tolist(), strict=True))
    makers.pop("", None)
    if more:
        inputs = [*inputs]
        for at, others in more.items():
            inputs[at] = (*inputs[at], *others)
    read = chain.from_iterable(inputs)
    values = np.fromiter(map(numbers.get, read, repeat(-1)), np.int64)
    known = values >= 0
    return makers, edges_of(values[known], repeated(_sizes(inputs))[known], owners, made)


def edges_of(numbers: Ints, targets: Ints, owners: Ints, values: Sequence[str]) -> EdgeColumns:
    """The edges from what ops read, op after op: ``numbers`` of values, and which op reads each.

    ``owners`` are the ops that make the ``values``. Each op has one edge for each value.
    """
    numbers, targets = _distinct(numbers, targets)
    return EdgeColumns(owners[numbers], targets, numbers, values)


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


def repeated(counts: Ints) -> Ints:
    """Each position as often as its count says.

    >>> repeated(np.array([1, 0, 2])).tolist()
    [0, 2, 2]
    """
    return np.repeat(np.arange(len(counts)), counts)


def _sizes(groups: Sequence[tuple[str, ...]]) -> Ints:
    return np.fromiter(map(len, groups), np.int64, len(groups))


def _starts(positions: Ints, size: int) -> Ints:
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(positions, minlength=size), out=starts[1:])
    return starts
