"""What a file alone tells of its ops, in numbers by position: worked out once for each graph.

No tag changes any of it, so inference, the audit, and the inference after each edit share it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import chain
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from hexviz.model.cached import cached_property, kept_with_argument
from hexviz.model.columns import Ints, Slots, coded
from hexviz.model.flat import FlatGraph
from hexviz.tagging.paths import Paths

__all__ = ["Mask", "Structure", "found_in", "mixed", "slices", "starts_of", "structure_of"]

Mask = npt.NDArray[np.bool_]

_DATA_INPUTS = MappingProxyType({"Shape": 0, "Size": 0, "CastLike": 1})
"""How many leading inputs an op reads data from, where it reads only shape or type of the rest."""

_ALL = 1 << 40

_FEW = 64
"""Ops from which on a step for all of them at once takes less than one after the other."""

_STEPS = 4  # how far surroundings reach; each step less, more doubles are false (tuned models)


@kept_with_argument
def structure_of(flat: FlatGraph) -> Structure:
    """The structure of a graph, which is kept with it."""
    return Structure(flat)


class Structure:
    """The ops of a flat graph, by position.

    ``op_types`` are numbers of types without their domain, which ``type_names`` holds, ``kinds``
    of types with it. ``streams`` says which order an op is part of: of two branches one runs, and
    a function where it is called, so each body is an order of its own; ``stream_names`` are the
    paths of the bodies. ``readers``, ``slots`` and ``read`` hold every input that is not left out:
    position, number of the input, number of the value; ``arity`` counts all inputs.
    ``makers`` and ``made_in`` hold the position and number of the output that make a value, -1 if
    none does, and ``weights`` whether it is stored.
    ``sources`` and ``targets`` are each pair of neighbours once. ``paths`` numbers modules, so
    that what is found out at different times can be compared; who has them numbered holds
    ``working``.
    """

    def __init__(self, flat: FlatGraph) -> None:
        columns = flat.columns
        self.paths = Paths()
        self.working = threading.RLock()
        self.size = size = len(columns.ids)
        self.op_types, self.type_names = coded(columns.op_types)
        domains, _ = coded(columns.domains)
        self.kinds = domains * (len(self.type_names) + 1) + self.op_types
        if len(flat.bodies) == 1:
            self.streams, self.stream_names = np.zeros(size, np.int64), list(columns.bodies[:1])
        else:
            self.streams, self.stream_names = coded(columns.bodies)
        self._number_values(flat)
        starts, self.targets = flat.links_down
        self.sources = np.repeat(np.arange(size), np.diff(starts))

    def _number_values(self, flat: FlatGraph) -> None:
        values = flat.edge_columns.values
        (self.readers, self.read), (ops, numbers) = flat.reads, flat.makes
        self.arity, self.slots = _places(flat.columns.inputs, flat.reads)
        self.makers = np.full(len(values), -1, np.int64)
        self.made_in = self.makers.copy()
        self.makers[numbers], self.made_in[numbers] = (
            ops,
            _places(flat.columns.outputs, flat.makes)[1],
        )
        self.weights = np.zeros(len(values), np.bool_)
        given = np.flatnonzero(self.makers < 0).tolist()
        self.weights[[number for number in given if values[number] in flat.weights]] = True

    @cached_property
    def reads_weight(self) -> Mask:
        """Whether an op reads a stored weight."""
        found = np.zeros(self.size, np.bool_)
        found[self.readers[self.weights[self.read]]] = True
        return found

    @cached_property
    def stream_ranks(self) -> Ints:
        """As ``streams``, in the order of their names."""
        names = self.stream_names
        ranks = np.zeros(len(names), np.int64)
        ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        return ranks[self.streams]

    def linked(self, ones: Ints, others: Ints) -> Mask:
        """Whether one of each two ops uses the other."""
        pairs = self.sources << 32 | self.targets
        wanted = np.minimum(ones, others) << 32 | np.maximum(ones, others)
        return found_in(pairs, wanted)

    @cached_property
    def restoring(self) -> Mask:
        """Whether an op does nothing but give a weight another name."""
        found = self.of_types({"Identity"})
        found[self.readers[~self.weights[self.read]]] = False
        return found

    def of_types(self, types: set[str]) -> Mask:
        """Whether an op is of one of these types, whatever its domain."""
        wanted = np.array([name in types for name in self.type_names], np.bool_)
        found: Mask = wanted[self.op_types]
        return found

    @cached_property
    def static(self) -> Mask:
        """Whether no data of the model's inputs reaches an op; its shapes and types may.

        Such ops are made of constants, weights and shapes alone, so they may stand anywhere ahead
        of their use.
        """
        kept = np.array([_DATA_INPUTS.get(name, _ALL) for name in self.type_names], np.int64)
        whole = (kept == _ALL)[self.op_types]
        data = self.slots < kept[self.op_types[self.readers]]
        readers, read = self.readers[data], self.read[data]
        makers = self.makers[read]
        ruled_out = np.zeros(self.size, np.bool_)
        ruled_out[readers[(makers < 0) & ~self.weights[read]]] = True
        # What the bodies of an If capture is no input of it, but a predecessor.
        partly = (makers >= 0) & ~whole[readers]
        neighbours = whole[self.targets]
        sources = np.concatenate((self.sources[neighbours], makers[partly]))
        targets = np.concatenate((self.targets[neighbours], readers[partly]))
        return _all_fed(sources, targets, ruled_out)

    @cached_property
    def prints(self) -> tuple[Ints, ...]:
        """Per number of steps (1 and up) a number per op that its doubles share.

        Weisfeiler and Lehman's refinement: an op's print is made of its own and
        its neighbours' prints of the round before. Each neighbour is mixed with
        the slots it is connected by into 64 bits, and these are added up, so that
        a round is a few operations on whole arrays. Two different surroundings
        among 10⁶ share a sum by chance once in 10⁷ graphs.
        """
        makers = self.makers[self.read]
        inner = makers >= 0
        source, target = makers[inner], self.readers[inner]
        slot, place = self.made_in[self.read[inner]], self.slots[inner]
        fed = mixed(slot.astype(np.uint64) * _ODD + place.astype(np.uint64))
        feeding = ~fed
        outer = 2 * self.slots[~inner] + self.weights[self.read[~inner]]
        outside = np.zeros(self.size, np.uint64)
        np.add.at(outside, self.readers[~inner], mixed(~outer.astype(np.uint64)))
        outside = mixed(outside)
        prints = mixed(self.kinds.astype(np.uint64))
        rounds = []
        for _ in range(_STEPS):
            new = mixed(prints) + outside
            np.add.at(new, target, mixed(prints[source] ^ fed))
            np.add.at(new, source, mixed(prints[target] ^ feeding))
            prints = mixed(new)
            rounds.append(np.unique(prints, return_inverse=True)[1])
        return tuple(rounds)


def found_in(listed: Ints, wanted: Ints) -> Mask:
    """Whether each of some numbers is in a list that is sorted."""
    if not listed.size:
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(listed, wanted), len(listed) - 1)
    found: Mask = listed[places] == wanted
    return found


def _places(groups: Sequence[Sequence[str]], slots: Slots) -> tuple[Ints, Ints]:
    """How many values each op lists, and the place of each one that is not left out."""
    counts = np.fromiter(map(len, groups), np.int64, len(groups))
    size = int(counts.sum())
    places = np.arange(size) - np.repeat(np.cumsum(counts) - counts, counts)
    if size > len(slots.ops):
        places = places[np.fromiter(map(bool, chain.from_iterable(groups)), np.bool_, size)]
    return counts, places


def starts_of(positions: Ints, size: int) -> Ints:
    """Where each position begins in a sorted list of them; one more says where the last ends."""
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(positions, minlength=size), out=starts[1:])
    return starts


def slices(starts: Ints, at: Ints) -> tuple[Ints, Ints]:
    """The indices of all that some positions have in a list by ``starts``, and whose each is.

    The second are places in ``at``.
    """
    counts = starts[at + 1] - starts[at]
    whose = np.repeat(np.arange(len(at)), counts)
    first = np.repeat(starts[at] - (np.cumsum(counts) - counts), counts)
    return first + np.arange(len(whose)), whose


def _all_fed(sources: Ints, targets: Ints, ruled_out: Mask) -> Mask:
    """The positions that are not ruled out, and are fed by others of them alone, if by any."""
    size = len(ruled_out)
    order = np.argsort(sources, kind="stable")
    starts, others = starts_of(sources, size), targets[order]
    waiting = np.bincount(targets, minlength=size)
    waiting[ruled_out] = -1
    found: Mask = waiting == 0
    fresh = np.flatnonzero(found)
    while fresh.size >= _FEW:
        reached = others[slices(starts, fresh)[0]]
        reached = reached[waiting[reached] > 0]
        np.subtract.at(waiting, reached, 1)
        fresh = np.unique(reached[waiting[reached] == 0])
        found[fresh] = True
    left = fresh.tolist()
    if left:
        # A long chain has one op in each round.
        counts, begin, targets_of = waiting.tolist(), starts.tolist(), others.tolist()
        while left:
            at = left.pop()
            found[at] = True
            for one in targets_of[begin[at] : begin[at + 1]]:
                counts[one] -= 1
                if counts[one] == 0:
                    left.append(one)
    return found


_ODD = np.uint64(0x9E3779B97F4A7C15)


def mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread each number over all 64 bits (the finaliser of SplitMix64)."""
    numbers = numbers + _ODD
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
