"""What speaks against a tag: eight signals, each of them a plain comparison.

For an op tagged ``M``::

    order      M is not open where the op ran: before and after it others are
               (left out where a tool re-sorted the nodes, or inserted the op)
    dataflow   M lies off the branch where all that the op is connected to meets
    alone      nothing beside it or connected to it belongs to M
    apart      alone, and M has other ops of other kinds, elsewhere
    foreign    no other module of M's class has an op of this type
    extra      no other module of M's class has as many ops of this type
    doubles    the same op in sibling modules has another place, always the same
    weight     it computes with a weight that a module on another branch holds

Single-op modules (an activation) are alone by nature, and what they are
connected to may well meet elsewhere; :func:`accused` says which combinations
count. An op that computes with a weight which M itself holds is beyond doubt.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.columns import PRIMARY, Ints, coded
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.bounds import Bounds
from hexviz.tagging.module_calls import Calls
from hexviz.tagging.module_sources import owners_of_weights
from hexviz.tagging.naming import owner_of_weight
from hexviz.tagging.order import order_of
from hexviz.tagging.paths import ROOT
from hexviz.tagging.places import Places
from hexviz.tagging.siblings import Doubles, find_doubles
from hexviz.tagging.structure import Mask, found_in, structure_of

__all__ = ["SIGNALS", "Suspicion", "accused", "off_branch", "places_of", "suspicions"]

SIGNALS = ("order", "dataflow", "alone", "apart", "foreign", "extra", "doubles", "weight")

_HABIT = 4
"""A file in which more than one in this many ops of a type computes with another branch's
weight names weights so (a folded batch norm gives its name to the convolution's)."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What speaks against one op's tag.

    ``around`` are the positions that the order signal compares with,
    ``weight`` the name of the weight and ``holder`` the FQN that it is named for (the tree may lack
    it), ``doubles`` the module pattern that the op's doubles have, with some of them.
    """

    signals: frozenset[str] = frozenset()
    around: tuple[int, ...] = ()
    weight: str = ""
    holder: str = ""
    doubles: Doubles | None = None


def accused(signals: frozenset[str], *, one_type: bool) -> bool:
    """Whether signals are enough to suspect a tag; the combinations are from tuned models.

    ``one_type`` says that all ops of the module are of one type, each of them a
    call: such a module is alone by nature, and may be called anywhere.
    """
    if "weight" in signals or {"order", "dataflow"} <= signals:
        return True
    if one_type:
        return "apart" in signals or ("extra" in signals and bool(signals & {"doubles", "order"}))
    if "order" in signals:
        return True
    if "alone" in signals:
        return bool(signals & {"apart", "extra", "doubles", "dataflow"})
    return "extra" in signals and bool(signals & {"doubles", "dataflow"})


@functools.lru_cache(maxsize=1 << 17)
def off_branch(one: str, other: str) -> bool:
    """Whether neither module encloses the other.

    >>> off_branch("layer.0", "layer.1"), off_branch("layer.0", "layer.0.dense")
    (True, False)
    """
    return not names.is_within(one, other) and not names.is_within(other, one)


def suspicions(graph: TaggedGraph) -> dict[int, Suspicion]:
    """Position → what speaks against its tag, for the ops of which :func:`accused` says so.

    Ops at the root are on no wrong branch, and a person's own tags are not doubted.
    """
    if not len(graph.ops):
        return {}
    with structure_of(graph.flat).working:
        scene = _Scene(graph)
        found = {}
        for at in np.flatnonzero(scene.doubtful()).tolist():
            suspicion = scene.judge(at)
            if accused(suspicion.signals, one_type=scene.one_type(at)):
                found[at] = suspicion
        return found


def places_of(graph: TaggedGraph) -> Places:
    """Where the ops of a graph are."""
    columns, paths = graph.columns, structure_of(graph.flat).paths
    numbers = np.array([*map(paths.number, columns.paths)], np.int64)
    return Places(paths, numbers[columns.modules])


class _Scene:
    """A tagged graph, with all that the signals compare."""

    def __init__(self, graph: TaggedGraph) -> None:
        self._graph, self._flat = graph, graph.flat
        self._structure = structure = structure_of(graph.flat)
        for fqn in graph.modules.columns.fqns:
            structure.paths.number(fqn)
        placed = places_of(graph)
        self._paths, self._where = paths, where = placed
        self._static = structure.static
        self._owners = owners_of_weights(graph.flat)
        self._held = _Held(graph, self._owners, where)
        self._first_name = graph.modules.first_name
        order, self._kept = order_of(graph.flat, placed)
        fed = np.diff(graph.flat.links_up.starts) > 0
        self._looks_up = self._held.readers & ~fed & ~self._static
        # What no op feeds may stand anywhere ahead of its use, so it tells the others nothing.
        moving = np.where(self._static | self._looks_up, -1, where)
        everyone = np.arange(structure.size)
        ends = [
            [side.ops for side in (bounds.before(everyone), bounds.after(everyone))]
            for bounds in (
                Bounds(graph.flat, Places(paths, moving), order),
                Bounds(graph.flat, placed, order),
            )
        ]
        self._ends = [
            np.where(self._static, of_static, of_others)
            for of_others, of_static in zip(*ends, strict=True)
        ]
        self._peers = _Peers(graph, where, self._static)
        self._doubles = find_doubles(graph.flat, paths, where)
        self._calls = Calls(graph.flat, placed, order)

    def one_type(self, at: int) -> bool:
        """Whether each op of an op's module is a call of it, as of an activation."""
        return self._calls.one_type(int(self._where[at]))

    def doubtful(self) -> Mask:
        """The ops of which :meth:`judge` may find enough to accuse them; all others are not.

        What is only known of single calls is left out, so more are doubtful than accused.
        """
        paths, where = self._paths, self._where
        before, after = self._ends
        between = (before >= 0) & (after >= 0)
        open_there = np.where(between, paths.common(where[before], where[after]), ROOT)
        ordered = paths.off_branch(where, open_there)
        within, meeting = self._neighbourhood()
        origins = self._graph.columns.origins
        # What a tool moved or inserted is beside others by chance.
        placed = ~self._looks_up & (origins != ORIGINS.index("transferred")) & self._kept
        beside = np.zeros(len(where), np.bool_)
        for end in (before, after):
            beside |= placed & (end >= 0) & paths.within(where[end], where)
        dataflow = (meeting >= 0) & paths.off_branch(where, np.maximum(meeting, ROOT))
        doubled = np.zeros(len(where), np.bool_)
        doubled[list(self._doubles)] = True
        extra, apart = self._peers.extra, self._peers.apart
        found: Mask = ordered | (extra & (doubled | (dataflow & ~within)))
        found |= ~within & ~beside & (apart | extra | doubled | dataflow)
        found[list(self._held.elsewhere)] = True
        found &= (where != ROOT) & (origins != ORIGINS.index("manual"))
        return found

    def _neighbourhood(self) -> tuple[Mask, Ints]:
        """Whether an op is linked to its module; where its links meet that say more than that.

        -1 where none does. That is worked out where the first is not so.
        """
        structure, where, static = self._structure, self._where, self._static
        # Constants follow their users; others are placed by what is no constant, on both sides.
        down = static[structure.sources] | ~static[structure.targets]
        up = ~static[structure.sources] & ~static[structure.targets]
        ats = np.concatenate((structure.sources[down], structure.targets[up]))
        near = np.concatenate((structure.targets[down], structure.sources[up]))
        linked = self._paths.within(where[near], where[ats])
        within = np.zeros(len(where), np.bool_)
        within[ats[linked]] = True
        open_ones = ~within[ats]
        ats, near = ats[open_ones], where[near[open_ones]]
        telling = ~self._paths.within(where[ats], near)
        ats, near = ats[telling], near[telling]
        order = np.argsort(ats, kind="stable")
        ats, near = ats[order], near[order]
        # Neighbouring pairs meet until one is left of each op.
        while (same := ats[1:] == ats[:-1]).any():
            starts = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), ~same)))
            place = np.arange(len(ats)) - np.repeat(starts, np.diff([*starts, len(ats)]))
            first = np.flatnonzero(place % 2 == 0)
            second = np.minimum(first + 1, len(ats) - 1)
            paired = ats[second] == ats[first]
            second = np.where(paired, second, first)
            ats, near = ats[first], self._paths.common(near[first], near[second])
        meeting = np.full(len(where), -1, np.int64)
        meeting[ats] = near
        return within, meeting

    def _module(self, at: int) -> str:
        return self._paths.names[int(self._where[at])]

    def judge(self, at: int) -> Suspicion:
        """Everything that speaks against the tag of the op at this position."""
        columns, static = self._flat.columns, self._static
        module, op_type = self._module(at), columns.op_types[at]
        own = self._first_name(module)
        if op_type not in self._held.misnamed and any(
            self._first_name(self._owners[value]) == own
            for value in columns.inputs[at]
            if value in self._owners
        ):
            return Suspicion()
        restores = bool(self._structure.restoring[at])
        if restores and any(
            owner_of_weight(self._flat.values[value]) == module
            for value in columns.outputs[at]
            if value
        ):
            return Suspicion()
        if not self._kept and static[at]:
            return Suspicion()  # only its place could tell whether its users merely share it
        linked = [(one, self._module(one)) for one in self._linked(at)]
        within = any(names.is_within(other, module) for _, other in linked)
        ends: tuple[int, ...] = ()
        signals = set()
        inserted = self._graph.columns.origins[at] == ORIGINS.index("transferred") and (
            self._graph.ops[at].provenance.rule == "inserted"
        )
        if self._kept and not self._looks_up[at] and not inserted:
            ends = tuple([int(end[at]) for end in self._ends if end[at] >= 0])
            # Before the first and after the last op only the root is open.
            open_there = self._calls.meeting(ends) if len(ends) > 1 else ""
            # Where the op is linked to its module and not to what stands around it, it was moved.
            if off_branch(module, open_there) and not (
                within and not any(names.is_within(other, open_there) for _, other in linked)
            ):
                signals.add("order")
        telling = [
            one for one, other in linked if other == module or not names.is_within(module, other)
        ]
        if telling and off_branch(module, self._calls.meeting(telling)):
            signals.add("dataflow")
        elif static[at]:
            signals.discard("order")  # a constant may have been moved, where its users agree
        if not within and not any(names.is_within(self._module(one), module) for one in ends):
            signals.add("alone")
        signals |= self._peers.against(at, alone="alone" in signals)
        doubles = None if restores else self._doubles.get(at)
        if doubles is not None:
            signals.add("doubles")
        weight, holder = self._held.elsewhere.get(at, ("", ""))
        if holder:
            signals.add("weight")
        return Suspicion(frozenset(signals), ends, weight, holder, doubles)

    def _linked(self, at: int) -> list[int]:
        """The neighbours that place an op by dataflow; constants follow their users."""
        users = self._flat.links_down.of(at)
        if self._static[at]:
            return users
        return [one for one in (*self._flat.links_up.of(at), *users) if not self._static[one]]


class _Peers:
    """How many ops of which type the modules of one class have.

    By position: whether no other module of the class has the op's type (``foreign``), or as many
    ops of it (``extra``), and whether the op's module does other things as well (``apart``).
    """

    def __init__(self, graph: TaggedGraph, where: Ints, static: Mask) -> None:
        structure = structure_of(graph.flat)
        types, width = structure.op_types, len(structure.type_names) + 1
        _, first, of, counts = np.unique(
            where * width + types, return_index=True, return_inverse=True, return_counts=True
        )
        inhabited = {structure.paths.names[one] for one in np.unique(where).tolist()}
        codes: dict[str, int] = {}
        class_of = np.zeros(len(structure.paths), np.int64)
        sizes: list[int] = []
        modules = graph.modules.columns
        for fqn, class_name in zip(modules.fqns, modules.class_names, strict=True):
            # Without a class name, a module without ops may be anything.
            if class_name or fqn in inhabited:
                code = codes.setdefault(class_name or pattern(fqn), len(codes))
                if code == len(sizes):
                    sizes.append(0)
                sizes[code] += 1
                class_of[structure.paths.number(fqn)] = code
        several = np.array(sizes)[class_of[where[first]]] > 1
        kinds = class_of[where[first]] * width + types[first]
        order = np.lexsort((counts, kinds))
        new = np.flatnonzero(np.diff(kinds[order])) + 1
        last = np.concatenate((new, [len(order)])) - 1
        starts = np.concatenate((np.zeros(1, np.int64), new))
        single = last == starts
        second = np.where(single, 0, counts[order[np.maximum(last - 1, 0)]])
        group = np.empty(len(order), np.int64)
        group[order] = np.repeat(np.arange(len(last)), last - starts + 1)
        self.foreign = (several & single[group])[of]
        self.extra = (several & (counts > second[group]))[of]
        working = np.unique(where[~static] * width + types[~static])
        kinds_at_work = np.bincount(working // width, minlength=len(structure.paths))
        self.apart = kinds_at_work[where] > found_in(working, where * width + types)

    def against(self, at: int, *, alone: bool) -> set[str]:
        """Which of ``foreign``, ``extra`` and ``apart`` speak against an op."""
        found = {"foreign"} if self.foreign[at] else set()
        if self.extra[at]:
            found.add("extra")
        if alone and self.apart[at]:
            found.add("apart")
        return found


class _Held:
    """Which ops read weights that are named for a module.

    ``readers`` are those that do. ``elsewhere`` holds, by position, the op's weight and the module
    that it is named for, where that is on another branch: only weights that one op alone computes
    with tell, and only where the file does not do so all the time. The types of ops with which it
    does are ``misnamed``.
    """

    def __init__(self, graph: TaggedGraph, owners: Mapping[str, str], where: Ints) -> None:
        flat, structure = graph.flat, structure_of(graph.flat)
        paths = structure.paths
        read = list(chain.from_iterable(flat.columns.inputs))
        owned = [place for place, value in enumerate(read) if value in owners]
        values = [read[place] for place in owned]
        ats = np.repeat(np.arange(structure.size), structure.arity)[owned]
        self.readers = np.zeros(structure.size, np.bool_)
        self.readers[ats] = True
        codes, known = coded(values)
        pairs = np.unique(codes << 32 | ats)
        alone = np.bincount(pairs >> 32, minlength=len(known)) == 1
        holders = paths.numbers([owners[value] for value in known])
        # All modules of the tree have a number by now.
        member = np.zeros(len(paths), np.bool_)
        member[[*map(paths.number, graph.modules.columns.fqns)]] = True
        homes = paths.nearest(member)[holders]
        primary = graph.columns.categories == PRIMARY
        telling = alone[codes] & (holders[codes] != ROOT) & primary[ats]
        ats, codes = ats[telling], codes[telling]
        types = structure.op_types
        count = np.bincount(types[ats], minlength=len(structure.type_names))
        off = np.flatnonzero(paths.off_branch(where[ats], homes[codes]))
        first_name = graph.modules.first_name
        found: dict[int, tuple[str, str]] = {}
        for at, code in zip(ats[off].tolist(), codes[off].tolist(), strict=True):
            home = paths.names[homes[code]]
            if first_name(home) != first_name(paths.names[where[at]]):
                found[at] = flat.values[known[code]], paths.names[holders[code]]
        against = np.bincount(types[list(found)], minlength=len(count)) if found else count * 0
        misnamed = _HABIT * against > count
        self.misnamed = frozenset(structure.type_names[one] for one in np.flatnonzero(misnamed))
        self.elsewhere = {at: held for at, held in found.items() if not misnamed[types[at]]}
