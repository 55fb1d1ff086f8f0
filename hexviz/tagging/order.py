"""In which order the ops ran: the file's, or one rebuilt from dataflow where that is lost.

Exporters list ops as they ran, so a module's ops come in few runs, between
those of its children. A rewrite can list them in any topological order. Then
the graph is read as an evaluation from its outputs backwards, each op just
before the first that needs it::

    file     a.1  b.1  c.1  a.2  c.2  b.2        y = c.2(b.2(a.2), c.1)
    rebuilt  a.1  a.2  b.1  b.2  c.1  c.2

Ops of one module feed each other more than others, so they come together
again: it is an order the model could have run in, though not the one it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance

__all__ = ["evaluation_order", "execution_order", "nearest", "streams_of"]

_Positions = NDArray[np.intp]

_RUNS = 1.5
"""A file's order counts as lost from this many times the rebuilt order's runs on: in order,
the tuned models' exports have 0.8 to 1.3 times as many, shuffled with 60 % of ops blanked up to 5.
"""

_SOON = 4
"""Exporters write a Constant just before its use. Within this many positions stand over 90 %
of the tuned models' Constants, and 2 to 41 % once shuffled; half is the limit."""


def execution_order(
    flat: FlatGraph, declared: Mapping[int, Provenance]
) -> tuple[Sequence[int], bool]:
    """All positions in the order the ops ran, and whether that is the file's own order."""
    own = range(len(flat.ops))
    scattered = _is_scattered(flat)
    runs = _runs(own, declared)
    # No order has fewer runs than there are modules: most files need no other to compare with.
    if not scattered and runs <= _RUNS * len({why.module for why in declared.values()}):
        return own, True
    rebuilt = evaluation_order(flat)
    lost = scattered or runs > _RUNS * _runs(rebuilt, declared)
    return (rebuilt, False) if lost else (own, True)


def _runs(order: Iterable[int], declared: Mapping[int, Provenance]) -> int:
    """In how many runs the modules' ops come."""
    modules = [declared[at].module for at in order if at in declared]
    return 1 + sum(one != two for one, two in pairwise(modules))


def _is_scattered(flat: FlatGraph) -> bool:
    """Whether most ops without inputs stand far ahead of the first that uses them."""
    ahead = [
        min(users) - at
        for at, users in enumerate(flat.successors)
        if users and not flat.ops[at].inputs
    ]
    return 2 * sum(gap > _SOON for gap in ahead) > len(ahead)


def evaluation_order(flat: FlatGraph) -> tuple[int, ...]:
    """All positions, each just before the first op that needs it, from the outputs backwards.

    The order follows from the graph's outputs and each op's inputs alone, not
    from where ops stand in the file, except among ops that nothing uses.
    """
    makers = {value: at for at, op in enumerate(flat.ops) for value in op.outputs if value}
    ends = [makers[value] for value in flat.outputs if value in makers]
    ends.extend(at for at in range(len(flat.ops)) if not flat.successors[at])
    seen = [False] * len(flat.ops)
    order: list[int] = []
    for end in ends:
        stack: list[tuple[int, Iterator[int]]] = []
        if not seen[end]:
            seen[end] = True
            stack.append((end, iter(flat.predecessors[end])))
        while stack:
            at, sources = stack[-1]
            for source in sources:
                if not seen[source]:
                    seen[source] = True
                    stack.append((source, iter(flat.predecessors[source])))
                    break
            else:
                order.append(at)
                stack.pop()
    return tuple(order)


def streams_of(flat: FlatGraph) -> list[str]:
    """By position, which order an op is part of: that of its body, ``""`` for the top graph.

    Of two branches one runs, and a function where it is called, so each body is
    an order of its own.
    """
    return [op.body for op in flat.ops]


def nearest(
    flat: FlatGraph, order: Sequence[int], known: Iterable[int]
) -> tuple[list[int | None], list[int | None]]:
    """For each position the nearest known one before and after it in ``order``, in its own body."""
    positions = np.array(order, np.intp)
    streams = np.zeros(len(flat.ops), np.intp)
    if any(named := streams_of(flat)):
        numbers: dict[str, int] = {}
        streams[:] = [numbers.setdefault(stream, len(numbers)) for stream in named]
        positions = positions[np.argsort(streams[positions], kind="stable")]
    marked = np.zeros(len(flat.ops), bool)
    marked[list(known)] = True
    return _sweep(positions, streams, marked), _sweep(positions[::-1], streams, marked)


def _sweep(
    positions: _Positions, streams: _Positions, marked: NDArray[np.bool_]
) -> list[int | None]:
    """For each position the last marked one before it in its stream."""
    turns = np.arange(len(positions))
    last = np.maximum.accumulate(np.where(marked[positions], turns, -1))
    last = np.concatenate((np.full(1, -1), last))[:-1]  # before it, not itself
    found = np.where(last < 0, -1, positions[last])
    found[streams[found] != streams[positions]] = -1
    result = np.empty_like(positions)
    result[positions] = found
    return [None if one < 0 else one for one in result.tolist()]
