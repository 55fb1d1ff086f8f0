"""In which order the ops ran: the file's, or one rebuilt from dataflow where that is lost.

Exporters list ops as they ran, so a module's ops come in few runs, between
those of its children. A rewrite can list them in any topological order. Then
the graph is read as an evaluation from its outputs backwards, each op just
before the first that needs it::

    file     a.1  b.1  c.1  a.2  c.2  b.2        y = c.2(b.2(a.2), c.1)
    rebuilt  a.1  a.2  b.1  b.2  c.1  c.2

Ops of one module feed each other more than others, so they come together
again: it is an order the model could have run in, though not the one it did.

Where names tell of modules, a lost order contradicts them: between two ops of
a module that hand on a value, the module was open, but others stand there that
have nothing to do with each other or with it. A tool that sorts the nodes
breadth first leaves many such places, a few wrong tags hardly any::

    stem.a  head.0.a  head.1.a  head.0.b  head.1.b      head.0 was interrupted, and so was head.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance

__all__ = ["evaluation_order", "execution_order", "nearest", "static_ops", "streams_of"]

_Positions = NDArray[np.intp]

_RUNS = 1.5
"""A file's order counts as lost from this many times the rebuilt order's runs on: in order,
the tuned models' exports have 0.8 to 1.3 times as many, shuffled with 60 % of ops blanked up to 5.
"""

_SOON = 4
"""Exporters write a Constant just before its use. Within this many positions stand over 90 %
of the tuned models' Constants, and 2 to 41 % once shuffled; half is the limit."""


_INTERRUPTED = 0.04
"""A file's order counts as lost where it has interruptions at this share of its places. The
exports of the benchmark have none in their own order, at most 3.6 % with 2 % of the tags wrong, and
breadth first those with branches have 4 to 60 %."""

_FEWEST = 3
"""Fewer interruptions than this are no pattern: one wrong tag makes up to two."""


def execution_order(
    flat: FlatGraph, declared: Mapping[int, Provenance]
) -> tuple[Sequence[int], bool]:
    """All positions in the order the ops ran, and whether that is the file's own order."""
    own = range(len(flat.ops))
    scattered = _is_scattered(flat)
    runs = _runs(own, declared)
    static = static_ops(flat)  # may stand anywhere ahead of its use
    telling = [at for at in own if at in declared and at not in static]
    interrupted = _interruptions(flat, telling, declared)
    contradicted = interrupted >= max(_FEWEST, _INTERRUPTED * len(telling))
    # No order has fewer runs than there are modules: most files need no other to compare with.
    if not (scattered or contradicted) and (
        runs <= _RUNS * len({why.module for why in declared.values()})
    ):
        return own, True
    rebuilt = evaluation_order(flat)
    lost = scattered or runs > _RUNS * _runs(rebuilt, declared)
    if contradicted and not lost:
        known = set(telling)
        again = [at for at in rebuilt if at in known]
        lost = _interruptions(flat, again, declared) < interrupted
    return (rebuilt, False) if lost else (own, True)


def _interruptions(
    flat: FlatGraph, order: Sequence[int], declared: Mapping[int, Provenance]
) -> int:
    """At how many places of an order a module is left in the middle of what it computes.

    Such a place lies between two ops of the module one of which uses the
    other, the ops on its two sides share no module that deep, and neither uses
    the other. ``order`` are declared ops.
    """
    if not order:
        return 0
    streams = streams_of(flat)
    if any(streams):
        order = sorted(order, key=streams.__getitem__)
    modules = [declared[at].module for at in order]
    firsts = [0, *(at for at, pair in enumerate(pairwise(modules), 1) if pair[0] != pair[1])]
    runs = [modules[at] for at in firsts]
    run_of = np.full(len(flat.ops), -1, np.intp)
    starts = np.zeros(len(order), np.intp)
    starts[firsts[1:]] = 1
    run_of[list(order)] = np.cumsum(starts)
    sources = run_of[np.fromiter(map(_SOURCE, flat.edges), np.intp)]
    targets = run_of[np.fromiter(map(_TARGET, flat.edges), np.intp)]
    # Within a run, or from one to the next, nothing can come between.
    far = (sources >= 0) & (targets >= 0) & (np.abs(targets - sources) > 1)
    spans = {}
    for one, two in set(zip(sources[far].tolist(), targets[far].tolist(), strict=True)):
        if streams[order[firsts[one]]] == streams[order[firsts[two]]]:
            depth = _depth(names.common_ancestor(runs[one], runs[two]))
            spans[min(one, two), max(one, two)] = depth
    needed = _deepest(len(runs) - 1, spans)
    count = 0
    for place, depth in enumerate(needed):
        if depth <= _depth(names.common_ancestor(runs[place], runs[place + 1])):
            continue
        last, first = order[firsts[place + 1] - 1], order[firsts[place + 1]]
        count += last not in flat.predecessors[first] and first not in flat.predecessors[last]
    return count


_SOURCE, _TARGET = attrgetter("source"), attrgetter("target")


def _depth(module: str) -> int:
    return module.count(".") + 1 if module else 0


def _deepest(places: int, spans: Mapping[tuple[int, int], int]) -> list[int]:
    """For each place the greatest depth of the spans over it, 0 where there is none.

    The deepest span comes first and marks what is still free, so each place is marked once.
    """
    found = [0] * places
    following = list(range(places + 1))
    """Place → a place from which on the next free one is to be looked for."""

    def free(place: int) -> int:
        while following[place] != place:
            following[place] = following[following[place]]
            place = following[place]
        return place

    for (start, end), depth in sorted(spans.items(), key=lambda one: -one[1]):
        place = free(start)
        while place < end:
            found[place] = depth
            following[place] = place + 1
            place = free(place)
    return found


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
    makers = flat.makers
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
    ranks = np.arange(len(positions))
    last = np.maximum.accumulate(np.where(marked[positions], ranks, -1))
    last = np.concatenate((np.full(1, -1), last))[:-1]  # before it, not itself
    found = np.where(last < 0, -1, positions[last])
    found[streams[found] != streams[positions]] = -1
    result = np.empty_like(positions)
    result[positions] = found
    return [None if one < 0 else one for one in result.tolist()]


_DATA_INPUTS = MappingProxyType({"Shape": 0, "Size": 0, "CastLike": 1})
"""How many leading inputs an op reads data from, where it reads only shape or type of the rest."""


def static_ops(flat: FlatGraph) -> frozenset[int]:
    """Ops that no data of the model's inputs reaches; its shapes and types may.

    They are made of constants, weights and shapes alone, so they may stand anywhere ahead of
    their use.
    """
    values = {"", *flat.weights}  # an omitted input is ""
    found: set[int] = set()
    for at in flat.order:
        op = flat.ops[at]
        kept = _DATA_INPUTS.get(op.op_type)
        # What the bodies of an If capture is no input of it, but a predecessor.
        captured = () if kept is not None else flat.predecessors[at]
        if values.issuperset(op.inputs[:kept]) and found.issuperset(captured):
            found.add(at)
            values.update(op.outputs)
    return frozenset(found)
