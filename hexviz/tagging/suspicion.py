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
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.bounds import Bounds
from hexviz.tagging.module_calls import Calls
from hexviz.tagging.module_sources import owners_of_weights
from hexviz.tagging.naming import owner_of_weight
from hexviz.tagging.order import order_of
from hexviz.tagging.places import Places
from hexviz.tagging.siblings import Doubles, find_doubles
from hexviz.tagging.structure import structure_of

__all__ = ["SIGNALS", "Suspicion", "accused", "off_branch", "suspicions"]

SIGNALS = ("order", "dataflow", "alone", "apart", "foreign", "extra", "doubles", "weight")

_HABIT = 4
"""A file in which more than one in this many ops of a type computes with another branch's
weight names weights so (a folded batch norm gives its name to the convolution's)."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What speaks against one op's tag.

    ``around`` are the positions that the order signal compares with,
    ``weight`` the name of the weight and ``holder`` the FQN of the module that
    holds it, ``doubles`` the module pattern that the op's doubles have, with
    some of them.
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
    scene = _Scene(graph)
    found = {}
    for at, op in enumerate(graph.ops):
        if op.module and op.provenance.origin != "manual":
            suspicion = scene.judge(at)
            if accused(suspicion.signals, one_type=scene.one_type(op.module)):
                found[at] = suspicion
    return found


class _Scene:
    """A tagged graph, with all that the signals compare."""

    def __init__(self, graph: TaggedGraph) -> None:
        flat = graph.flat
        self._flat = flat
        self._module = [op.module for op in graph.ops]
        known = {at: op.provenance for at, op in enumerate(graph.ops)}
        self._static = frozenset(np.flatnonzero(structure_of(flat).static).tolist())
        self._owners = owners_of_weights(flat)
        self._inserted = {at for at, why in known.items() if why.rule == "inserted"}
        self._first_name = graph.modules.first_name
        placed = Places.of(known, len(known))
        order, self._kept = order_of(flat, placed)
        # What no op feeds may stand anywhere ahead of its use, so it tells the others nothing.
        loose = [at for at in known if at in self._static or self._looks_up(at)]
        moving = placed.where.copy()
        moving[loose] = -1
        self._around = _around(Bounds(flat, Places(placed.paths, moving), order))
        self._around_static = _around(Bounds(flat, placed, order))
        self._peers = _Peers(graph, self._static)
        self._calls = Calls(flat, self._module, order.tolist(), self._static)
        self._doubles = find_doubles(flat, *placed)
        self._holders, self._misnamed = _holders(graph, self._owners)

    def one_type(self, module: str) -> bool:
        """Whether each op of a module is a call of it, as of an activation."""
        return self._calls.one_type(module)

    def judge(self, at: int) -> Suspicion:
        """Everything that speaks against the tag of the op at this position."""
        module, op = self._module[at], self._flat.ops[at]
        own = self._first_name(module)
        if op.op_type not in self._misnamed and any(
            self._first_name(self._owners[value]) == own
            for value in op.inputs
            if value in self._owners
        ):
            return Suspicion()
        if self._restores(at) and any(
            owner_of_weight(self._flat.values[value]) == module for value in op.outputs if value
        ):
            return Suspicion()
        if not self._kept and at in self._static:
            return Suspicion()  # only its place could tell whether its users merely share it
        linked = tuple(self._linked(at))
        within = any(names.is_within(self._module[one], module) for one in linked)
        ends: tuple[int, ...] = ()
        signals = set()
        if self._kept and not self._looks_up(at) and at not in self._inserted:
            around = self._around_static if at in self._static else self._around
            ends = tuple(one for one in around(at) if one >= 0)
            # Before the first and after the last op only the root is open.
            open_there = self._calls.meeting(ends) if len(ends) > 1 else ""
            # Where the op is linked to its module and not to what stands around it, it was moved.
            if off_branch(module, open_there) and not (
                within and not any(names.is_within(self._module[one], open_there) for one in linked)
            ):
                signals.add("order")
        telling = [
            one
            for one in linked
            if self._module[one] == module or not names.is_within(module, self._module[one])
        ]
        if telling and off_branch(module, self._calls.meeting(telling)):
            signals.add("dataflow")
        elif at in self._static:
            signals.discard("order")  # a constant may have been moved, where its users agree
        if not within and not any(names.is_within(self._module[one], module) for one in ends):
            signals.add("alone")
        signals |= self._peers.against(module, op.op_type, alone="alone" in signals)
        doubles = None if self._restores(at) else self._doubles.get(at)
        if doubles is not None and doubles.form != pattern(module):
            signals.add("doubles")
        else:
            doubles = None
        weight, holder = self._holders.get(at, ("", ""))
        if holder:
            signals.add("weight")
        return Suspicion(frozenset(signals), ends, weight, holder, doubles)

    def _linked(self, at: int) -> Iterable[int]:
        """The neighbours that place an op by dataflow; constants follow their users."""
        users = self._flat.successors[at]
        if at in self._static:
            return users
        sources = (*self._flat.predecessors[at], *users)
        return (one for one in sources if one not in self._static)

    def _looks_up(self, at: int) -> bool:
        """Whether an op reads weights by inputs of the model alone: tools move such ops ahead."""
        if at in self._static or self._flat.predecessors[at]:
            return False
        return any(value in self._owners for value in self._flat.ops[at].inputs)

    def _restores(self, at: int) -> bool:
        op = self._flat.ops[at]
        return op.op_type == "Identity" and all(value in self._flat.weights for value in op.inputs)


def _around(bounds: Bounds) -> Callable[[int], list[int]]:
    def around(at: int) -> list[int]:
        one = np.array([at])
        return [int(bounds.before(one).ops[0]), int(bounds.after(one).ops[0])]

    return around


class _Peers:
    """How many ops of which type the modules of one class have."""

    def __init__(self, graph: TaggedGraph, static: frozenset[int]) -> None:
        self._own: dict[str, Counter[str]] = {one.fqn: Counter() for one in graph.modules}
        self._working: dict[str, set[str]] = {}
        for at, op in enumerate(graph.ops):
            self._own[op.module][op.op_type] += 1
            if at not in static:
                self._working.setdefault(op.module, set()).add(op.op_type)
        self._class = {
            one.fqn: one.class_name or pattern(one.fqn)
            for one in graph.modules
            # Without a class name, a module without ops may be anything.
            if one.class_name or self._own[one.fqn]
        }
        self._size = Counter(self._class.values())
        self._counts: dict[tuple[str, str], list[int]] = {}
        for fqn, kind in self._class.items():
            for op_type, count in self._own[fqn].items():
                self._counts.setdefault((kind, op_type), []).append(count)
        for counts in self._counts.values():
            counts.sort()

    def against(self, module: str, op_type: str, *, alone: bool) -> set[str]:
        """Which of ``foreign``, ``extra`` and ``apart`` speak against an op of this type."""
        found = set()
        kind = self._class[module]
        if self._size[kind] > 1:
            counts = self._counts[kind, op_type]
            if len(counts) == 1:
                found.add("foreign")
            if self._own[module][op_type] > (counts[-2] if len(counts) > 1 else 0):
                found.add("extra")
        if alone and self._working.get(module, set()) - {op_type}:
            found.add("apart")
        return found


def _holders(
    graph: TaggedGraph, owners: Mapping[str, str]
) -> tuple[dict[int, tuple[str, str]], frozenset[str]]:
    """Position → the op's weight and the module that holds it, where that is on another branch.

    Only weights that one op alone computes with tell, and only where the file
    does not do so all the time: the types of ops with which it does come second.
    """
    readers = Counter(
        value for op in graph.ops for value in dict.fromkeys(op.inputs) if value in owners
    )
    read: Counter[str] = Counter()
    found: dict[int, tuple[str, str]] = {}
    for at, op in enumerate(graph.ops):
        if op.auxiliary is not None:
            continue
        for value in op.inputs:
            holder = owners.get(value) if readers.get(value) == 1 else None
            if holder:
                read[op.op_type] += 1
                home = graph.modules.nearest(holder)
                own = graph.modules.first_name(op.module)
                if off_branch(op.module, home) and graph.modules.first_name(home) != own:
                    found[at] = (graph.flat.values[value], home)
    against = Counter(graph.ops[at].op_type for at in found)
    misnamed = frozenset(kind for kind in read if _HABIT * against[kind] > read[kind])
    held_elsewhere = {
        at: held for at, held in found.items() if graph.ops[at].op_type not in misnamed
    }
    return held_elsewhere, misnamed
