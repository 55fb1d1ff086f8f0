"""Which ops a node of the runtime stands for, and which module it belongs to.

::

    the file          MatMul "h" ─ Add "y"  ─ Relu "z"                in fc, fc and act
    what ran          Gemm "h/MatMulAddFusion" ─ Relu "z"
    of the trace      h/MatMulAddFusion 12 µs, z 3 µs

    z                      kept its name, type and value             Relu "z": act
    h/MatMulAddFusion      a node of the graph that ran, which       MatMul "h", Add "y": fc
                           is matched with that of the file

A node belongs to the deepest module that holds all ops with arithmetic that it stands for (all ops,
where none has any). What the runtime inserted belongs to the op that it serves. What nothing tells
of is in no module: a guess would hide that time is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hexviz.matching.inlined import inlined_modules
from hexviz.matching.match import match
from hexviz.matching.matching import Match, Matching
from hexviz.matching.skeleton import CARRIERS
from hexviz.measure.profile.ort_trace import NodeKey
from hexviz.model.fqn import meeting
from hexviz.model.function_calls import root_body
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["Names", "Placed", "by_file", "by_id", "place"]


@dataclass(frozen=True, slots=True)
class Placed:
    """What a node is of a graph: ``ops`` are positions there, in order of execution.

    ``how`` says what told: ``name`` (it is that op), a rule of the matching (``fused``,
    ``renamed``, …), ``serves`` (what lies around it), or ``""`` where nothing did; then ``module``
    is ``None``.
    """

    module: str | None
    ops: tuple[int, ...] = ()
    how: str = ""


class Names:
    """The ops of a graph by the names that a runtime calls them by.

    A name may belong to several ops, in the bodies of different ones.
    """

    def __init__(self, graph: TaggedGraph, names: Sequence[str]) -> None:
        self._graph = graph
        self._found: dict[str, list[int]] = {}
        for at, name in enumerate(names):
            if name:
                self._found.setdefault(name, []).append(at)
        owners = {body.path: body.owner for body in graph.flat.bodies}
        self._around = {"": ()} | {
            path: self._chain(path, owners, names) for path in owners if path
        }

    def _chain(self, path: str, owners: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
        """The names of the ops that a body stands in, the outermost first."""
        found: list[str] = []
        while owner := owners.get(path, ""):
            at = self._graph.positions[owner]
            found.append(names[at])
            path = self._graph.ops[at].body
        return tuple(reversed(found))

    def named(self, key: NodeKey) -> tuple[int, ...]:
        """The ops of this name: those in the same bodies, or else all."""
        found = self._found.get(key.name, [])
        if len(found) > 1:
            ops = self._graph.ops
            found = [at for at in found if self._around[ops[at].body] == key.around] or found
        return tuple(found)

    def same(self, key: NodeKey) -> tuple[int, ...]:
        """The ops of this name and type."""
        ops = self._graph.ops
        return tuple([at for at in self.named(key) if ops[at].op_type == key.op_type])


def by_id(graph: TaggedGraph) -> Names:
    """Where every node was given its op's id as name."""
    return Names(graph, [op.id for op in graph.ops])


def by_file(graph: TaggedGraph) -> Names:
    """By the names that nodes have in the file.

    The runtime calls one without a name by its type and number; it numbers the nodes of a
    graph as they stand in it, constants left out, for they are no nodes to it.
    """
    names = [op.name for op in graph.ops]
    numbers: dict[str, int] = {}
    in_order = sorted(range(len(names)), key=lambda at: graph.ops[at].index)
    for at in in_order:
        op = graph.ops[at]
        if op.op_type == "Constant" and not op.domain:
            continue
        number = numbers.get(op.body, 0)
        numbers[op.body] = number + 1
        names[at] = names[at] or f"{op.op_type}_{number}"
    return Names(graph, names)


def place(
    keys: Iterable[NodeKey],
    graph: TaggedGraph,
    names: Names,
    ran: TaggedGraph | None,
    *,
    matcher: Callable[[TaggedGraph, TaggedGraph], Matching] = match,
) -> dict[NodeKey, Placed]:
    """Where each node of a trace belongs.

    ``names`` tells of nodes that are ops of ``graph`` still; ``ran`` is the graph as the runtime
    ran it, if it is known. Both are matched, by ``matcher``, only if a node needs it.
    """
    found: dict[NodeKey, Placed] = {}
    changed: dict[NodeKey, tuple[int, ...]] = {}
    ran_names = None if ran is None else Names(ran, [op.name for op in ran.ops])
    keys = list(keys)
    unnamed = {} if ran is None or ran_names is None else _unnamed(keys, ran, ran_names)
    for key in keys:
        there = () if ran_names is None else ran_names.named(key) or unnamed.get(key, ())
        kept = names.same(key)
        if kept and all(_is_kept(graph, ran, at, there) for at in kept):
            found[key] = Placed(_module(graph.ops[at] for at in kept), kept, "name")
        else:
            changed[key] = there
    if ran is not None and any(changed.values()):
        placer = _Placer(graph, ran, matcher(graph, ran))
        for key, there in changed.items():
            placed = placer.place(there, names.named(key))
            if placed is not None:
                found[key] = placed
    for key in changed:
        if key not in found:
            # An optimiser that writes to a node what it does to it leaves the name.
            kept = names.named(key)
            module = _module(graph.ops[at] for at in kept)
            found[key] = Placed(module, kept, "name" if kept else "")
    return found


def _unnamed(
    keys: Iterable[NodeKey], ran: TaggedGraph, names: Names
) -> dict[NodeKey, tuple[int, ...]]:
    """Nodes of a trace that have no name in the graph that ran → their positions there.

    The runtime calls them by type and its number (``Cast_116``), which is in no file. It runs them
    in the order in which it writes them: where there are as many of a type, they are the same.
    """
    called: dict[str, list[NodeKey]] = {}
    for key in keys:
        number = key.name.removeprefix(f"{key.op_type}_")
        if number.isdecimal() and number != key.name and not names.named(key):
            called.setdefault(key.op_type, []).append(key)
    written: dict[str, list[int]] = {}
    for at, op in enumerate(ran.ops):
        if not op.name:
            written.setdefault(op.op_type, []).append(at)
    return {
        key: (at,)
        for kind, some in called.items()
        if len(some) == len(written.get(kind, ()))
        for key, at in zip(some, written[kind], strict=True)
    }


def _is_kept(graph: TaggedGraph, ran: TaggedGraph | None, at: int, there: Sequence[int]) -> bool:
    """Whether an op stands for itself alone in the graph that ran: it gives the value it gave."""
    if ran is None or not there:
        return True
    made = {graph.flat.values[value] for value in graph.ops[at].outputs if value}
    return any(
        not made.isdisjoint(ran.flat.values[value] for value in ran.ops[one].outputs if value)
        for one in there
    )


def _module(ops: Iterable[Op]) -> str | None:
    """The deepest module that holds all of these ops with arithmetic, or all that there are."""
    listed = list(ops)
    primary = [op.module for op in listed if op.auxiliary is None]
    return meeting(primary or [op.module for op in listed])


_INSERTED = CARRIERS | {"MemcpyToHost", "MemcpyFromHost", "Memcpy"}
"""Types of nodes that a runtime inserts to serve others, and that compute nothing."""

_LONGEST = 16
"""Ops in a row that a node stands for besides those it was matched with, at most."""

_FARTHEST = 64
"""Nodes on the way from an inserted one to what it serves, at most."""


class _Placer:
    """Nodes of the graph that ran, by a matching of it with the file's."""

    def __init__(self, graph: TaggedGraph, ran: TaggedGraph, matching: Matching) -> None:
        self._graph = graph
        self._ran = ran
        self._matching = matching
        self._inlined = inlined_modules(graph, ran, matching)
        self._makers = {
            graph.flat.values[value]: maker
            for value, maker in graph.flat.makers.items()
            if not graph.ops[maker].body
        }
        self._made = frozenset(
            ran.flat.values[value] for op in ran.ops for value in op.outputs if value
        )

    def place(self, there: Sequence[int], kept: Sequence[int]) -> Placed | None:
        """What the nodes at these positions are; ``None`` if nothing tells.

        Several are nodes of one name in different bodies. They go by the name of the ops ``kept``,
        so they stand for these, too.
        """
        placed = [one for at in there if (one := self._one(at, kept)) is not None]
        if len(placed) < 2:
            return placed[0] if placed else None
        module = meeting(one.module for one in placed if one.module is not None)
        ops = dict.fromkeys(at for one in placed for at in one.ops)
        return Placed(module, tuple(sorted(ops)), placed[0].how)

    def _one(self, at: int, kept: Sequence[int]) -> Placed | None:
        found = self._matching.matches.get(at)
        is_inserted = found is None or found.how == "inserted"
        if is_inserted and not kept and self._ran.ops[at].op_type in _INSERTED:
            served = self._served(at)
            if served is not None:
                return served
        if found is None:
            return None
        absorbed = () if is_inserted else self._absorbed(at, found.before)
        ops = tuple(sorted({*found.before, *kept, *absorbed}))
        return Placed(_module(self._called(ops, at)), ops, found.how)

    def _absorbed(self, at: int, known: Collection[int]) -> Iterator[int]:
        """The ops after ``known`` ones up to that whose value the node makes, by its name.

        ::

            the file   MatMul "h" ─ Add "a" ─ Relu "r"        what ran   FusedGemm "r"

        A matching says that the FusedGemm is h and a, whose weights it has. A runtime keeps the
        names of values, so it is r as well.
        """
        flat = self._graph.flat
        ends = (self._ran.flat.values[one] for one in self._ran.ops[at].outputs[:1] if one)
        last = next((flat.makers[one] for one in ends if one in flat.makers), None)
        if last is None or last in known or any(flat.ops[one].body for one in known):
            return  # what a function's last op makes has the name of the call's value
        after = {last: -1}  # op → the one after it, on the way to the last
        level = [last]
        for _ in range(_LONGEST):
            level = [one for one in level if one == last or self._is_gone(one)]
            steps = [(before, one) for one in level for before in flat.predecessors[one]]
            above = {before: one for before, one in steps if before not in after}
            after.update(above)
            for reached in above.keys() & known:
                step = after[reached]
                while step >= 0:
                    yield step
                    step = after[step]
                return
            level = list(above)

    def _is_gone(self, at: int) -> bool:
        """Whether no node that ran makes what an op made."""
        values = self._graph.flat.values
        return all(values[one] not in self._made for one in self._graph.ops[at].outputs if one)

    def _called(self, ops: Iterable[int], at: int) -> Iterator[Op]:
        """The ops, those of functions with the module of the call that node ``at`` is of."""
        module = self._inlined.get(at)
        for one in ops:
            op = self._graph.ops[one]
            yield op if module is None or not root_body(op.body) else op._replace(module=module)

    def _served(self, at: int) -> Placed | None:
        """What an inserted node is there for.

        ::

            LayerNormalization "n" ─ Reshape "made_up" ─ Gemm "also" ─ Reshape "y" ─ Add

        One that gives a value of the file's name brings it into the form that it had there: it
        serves the op that made it (``y``). Any other brings it into a form that who reads it wants
        (``made_up``: the Gemm), or, where nobody who does is known, stands behind what it reads.
        """
        made = (self._ran.flat.values[one] for one in self._ran.ops[at].outputs[:1] if one)
        maker = next((self._makers[one] for one in made if one in self._makers), None)
        if maker is not None:
            return Placed(self._graph.ops[maker].module, (maker,), "serves")
        flat = self._ran.flat
        for neighbours in (flat.successors, flat.predecessors):
            level, seen = {at}, {at}
            while level and len(seen) < _FARTHEST:
                level = {one for node in level for one in neighbours[node]} - seen
                seen |= level
                near = [(one, found) for one in level if (found := self._computing(one))]
                if near:
                    ops = tuple(sorted({at for _, found in near for at in found.before}))
                    modules = [
                        op.module for one, found in near for op in self._called(found.before, one)
                    ]
                    return Placed(meeting(modules), ops if len(near) == 1 else (), "serves")
        return None

    def _computing(self, at: int) -> Match | None:
        """What a node is matched with, if it was not inserted itself."""
        found = self._matching.matches.get(at)
        return None if found is None or found.how == "inserted" else found
