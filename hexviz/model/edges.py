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

from hexviz.model.columns import EdgeColumns, Ints, Slots

__all__ = ["Flow", "Links", "find_flow", "links_down", "links_up", "plain_flow", "repeated"]


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


class Flow(NamedTuple):
    """What ops read and make.

    ``makers`` has by value the position of the op that makes it; each op has one edge for each
    value that it gets from another, in the order in which it reads them.
    """

    makers: dict[str, int]
    edges: EdgeColumns
    reads: Slots
    makes: Slots


def find_flow(
    inputs: Sequence[tuple[str, ...]],
    outputs: Sequence[tuple[str, ...]],
    more: Mapping[int, Sequence[str]],
) -> Flow:
    """Who makes what each op reads.

    ``inputs`` and ``outputs`` hold value ids, ``""`` for one that is left out; ``more`` what an op
    gets beside its inputs, by position.
    """
    values = list(chain.from_iterable(outputs))
    read = list(chain.from_iterable(inputs))
    owners = repeated(_sizes(outputs))
    numbers = dict(zip(values, count()))
    numbers.pop("", None)
    makers = dict(zip(values, owners.tolist(), strict=True))
    makers.pop("", None)
    made = len(values)
    for value in dict.fromkeys(read):
        if value and value not in numbers:
            numbers[value] = len(values)
            values.append(value)
    reads = Slots(
        repeated(_sizes(inputs)),
        np.fromiter(map(numbers.get, read, repeat(-1)), np.int64, len(read)),
    )
    makes = Slots(owners, np.fromiter(map(numbers.get, values[:made], repeat(-1)), np.int64, made))
    edges = _edges(_with_more(reads, more, numbers), owners, values)
    return Flow(makers, edges, _given(reads), _given(makes))


def plain_flow(makers: dict[str, int], values: Sequence[str], reads: Slots, owners: Ints) -> Flow:
    """The flow of a graph where each op gets its inputs only, and nothing is left out of outputs.

    ``values`` begin with what ops make in their order, ``owners`` are these ops, and ``reads`` have
    -1 for an input that is left out.
    """
    makes = Slots(owners, np.arange(len(owners)))
    return Flow(makers, _edges(reads, owners, values), _given(reads), makes)


def _edges(reads: Slots, owners: Ints, values: Sequence[str]) -> EdgeColumns:
    """The edges to what reads from what makes the first of the values: these are the ``owners``."""
    is_made = (reads.numbers >= 0) & (reads.numbers < len(owners))
    numbers, targets = _distinct(reads.numbers[is_made], reads.ops[is_made])
    return EdgeColumns(owners[numbers], targets, numbers, values)


def _with_more(
    reads: Slots, more: Mapping[int, Sequence[str]], numbers: Mapping[str, int]
) -> Slots:
    """What ops read with what they get beside it, behind their own inputs."""
    if not more:
        return reads
    added = [(at, numbers.get(value, -1)) for at, values in more.items() for value in values]
    ops, others = np.array(added, np.int64).reshape(-1, 2).T
    ops, others = np.concatenate([reads.ops, ops]), np.concatenate([reads.numbers, others])
    order = np.argsort(ops, kind="stable")
    return Slots(ops[order], others[order])


def _given(slots: Slots) -> Slots:
    """Those that are not left out."""
    is_given = slots.numbers >= 0
    return slots if is_given.all() else Slots(slots.ops[is_given], slots.numbers[is_given])


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
