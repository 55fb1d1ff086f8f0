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

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hexviz.model.cached import kept_with_argument
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance
from hexviz.tagging.places import Places
from hexviz.tagging.structure import Mask, Structure, structure_of

__all__ = ["evaluation_order", "execution_order", "nearest", "order_of"]

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
    order, kept = order_of(flat, Places.of(declared, len(flat.columns.ids)))
    return order.tolist(), kept


def order_of(flat: FlatGraph, declared: Places) -> tuple[Ints, bool]:
    """As :func:`execution_order`, of what is known of the ops in numbers."""
    structure = structure_of(flat)
    own = np.arange(structure.size)
    scattered = _is_scattered(flat)
    runs = _runs(own, declared)
    # What is static may stand anywhere ahead of its use.
    telling = np.flatnonzero(declared.known & ~structure.static)
    interrupted = _interruptions(structure, telling, declared)
    contradicted = interrupted >= max(_FEWEST, _INTERRUPTED * len(telling))
    # No order has fewer runs than there are modules: most files need no other to compare with.
    modules = len(np.unique(declared.where[declared.known]))
    if not (scattered or contradicted) and runs <= _RUNS * modules:
        return own, True
    rebuilt = _rebuilt(flat)
    lost = scattered or runs > _RUNS * _runs(rebuilt, declared)
    if contradicted and not lost:
        tells = np.zeros(structure.size, np.bool_)
        tells[telling] = True
        lost = _interruptions(structure, rebuilt[tells[rebuilt]], declared) < interrupted
    return (rebuilt, False) if lost else (own, True)


def _interruptions(structure: Structure, order: Ints, declared: Places) -> int:
    """At how many places of an order a module is left in the middle of what it computes.

    Such a place lies between two ops of the module one of which uses the
    other, the ops on its two sides share no module that deep, and neither uses
    the other. ``order`` are declared ops.
    """
    if not order.size:
        return 0
    streams = structure.stream_ranks
    if streams.any():
        order = order[np.argsort(streams[order], kind="stable")]
    paths = declared.paths
    modules = declared.where[order]
    starts = np.flatnonzero(np.diff(modules)) + 1
    firsts = np.concatenate((np.zeros(1, np.int64), starts))
    runs = modules[firsts]
    run_of = np.full(structure.size, -1, np.int64)
    changes = np.zeros(len(order), np.int64)
    changes[starts] = 1
    run_of[order] = np.cumsum(changes)
    sources, targets = run_of[structure.sources], run_of[structure.targets]
    # Within a run, or from one to the next, nothing can come between.
    far = (sources >= 0) & (targets >= 0) & (np.abs(targets - sources) > 1)
    sources, targets = sources[far], targets[far]
    here, there = order[firsts[sources]], order[firsts[targets]]
    together = streams[here] == streams[there]
    sources, targets = sources[together], targets[together]
    spans = np.unique(np.minimum(sources, targets) << 32 | np.maximum(sources, targets))
    begin, end = spans >> 32, spans & 0xFFFFFFFF
    needed = _deepest(len(runs) - 1, begin, end, paths.depths[paths.common(runs[begin], runs[end])])
    shared = paths.depths[paths.common(runs[:-1], runs[1:])]
    places = np.flatnonzero(needed > shared)
    last, first = order[firsts[places + 1] - 1], order[firsts[places + 1]]
    return int(np.count_nonzero(~structure.linked(last, first)))


def _deepest(places: int, begin: Ints, end: Ints, depths: Ints) -> Ints:
    """For each place the greatest depth of the spans over it, 0 where there is none.

    A span marks the two stretches of a power of two that cover it; these are halved until each is
    one place, so that it takes a few steps for each power.
    """
    found = np.zeros(places, np.int64)
    if not len(begin):
        return found
    powers = np.frexp((end - begin).astype(np.float64))[1] - 1
    for power in range(int(powers.max()), -1, -1):
        half = 1 << power
        if power < powers.max():
            wider, found = found, found.copy()
            np.maximum(found[half:], wider[:-half], out=found[half:])
        mine = powers == power
        np.maximum.at(found, begin[mine], depths[mine])
        np.maximum.at(found, end[mine] - half, depths[mine])
    return found


def _runs(order: Ints, declared: Places) -> int:
    """In how many runs the modules' ops come."""
    modules = declared.where[order]
    modules = modules[modules >= 0]
    return 1 + int(np.count_nonzero(modules[1:] != modules[:-1]))


def _is_scattered(flat: FlatGraph) -> bool:
    """Whether most ops without inputs stand far ahead of the first that uses them."""
    structure = structure_of(flat)
    starts, users = flat.links_down
    free = np.flatnonzero((structure.arity == 0) & (np.diff(starts) > 0))
    ahead = users[starts[free]] - free
    return bool(2 * np.count_nonzero(ahead > _SOON) > len(ahead))


@kept_with_argument
def _rebuilt(flat: FlatGraph) -> Ints:
    return np.array(evaluation_order(flat), np.int64)


def evaluation_order(flat: FlatGraph) -> tuple[int, ...]:
    """All positions, each just before the first op that needs it, from the outputs backwards.

    The order follows from the graph's outputs and each op's inputs alone, not
    from where ops stand in the file, except among ops that nothing uses.
    """
    makers = flat.makers
    ends = [makers[value] for value in flat.outputs if value in makers]
    ends.extend(at for at in range(len(flat.columns.ids)) if not flat.successors[at])
    seen = [False] * len(flat.columns.ids)
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


def nearest(structure: Structure, order: Ints, known: Mask) -> tuple[Ints, Ints]:
    """For each position the nearest known one before and after it in ``order``, in its own body.

    -1 where there is none.
    """
    if structure.streams.any():
        order = order[np.argsort(structure.streams[order], kind="stable")]
    return _sweep(order, structure.streams, known), _sweep(order[::-1], structure.streams, known)


def _sweep(positions: Ints, streams: Ints, marked: Mask) -> Ints:
    """For each position the last marked one before it in its stream."""
    ranks = np.arange(len(positions))
    last = np.maximum.accumulate(np.where(marked[positions], ranks, -1))
    last = np.concatenate((np.full(1, -1), last))[:-1]  # before it, not itself
    found = np.where(last < 0, -1, positions[last])
    found[streams[found] != streams[positions]] = -1
    result = np.empty_like(positions)
    result[positions] = found
    return result
