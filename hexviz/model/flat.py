"""One flat view of a whole ONNX model: every op of every body, in execution order.

::

    y = If(c)                ops:  0 t   (body "y/then_branch")
      then: t = Add(x, 1)          1 e   (body "y/else_branch")
      else: e = Sub(x, 1)          2 y   (body "")
    z = Relu(y)                    3 z   (body "")
                             edges: t→y, e→y (what a body yields), y→z

Ops of a body come before the op that owns it and functions before everything
that calls them. Ops that a file lists after their readers, which runtimes sort
by themselves, stand right before the first of those; all others as the file
has them. So positions are a topological order. A value's **id** is its name,
prefixed by the path of its body; captured outer values keep their own id, so
edges cross bodies, also those of values that a body gives straight back.
:func:`hexviz.model.flatten.flatten` makes it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.bodies import Graph
from hexviz.model.cached import cached_property
from hexviz.model.columns import EdgeColumns, FlatColumns

__all__ = ["Body", "Crossing", "Edge", "FlatGraph", "FlatOp", "Neighbours"]

Neighbours = tuple[tuple[int, ...], ...]
"""Per position the neighbouring positions, without repetition."""


class FlatOp(NamedTuple):
    """One node before it has a module; fields as in :class:`hexviz.model.op.Op`.

    ``number`` is the position in the node list of its own graph. A named tuple:
    it is made once for every op of a file, and that takes half the time.
    """

    number: int
    body: str
    id: str
    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    node: onnx.NodeProto

    @property
    def metadata(self) -> dict[str, str]:
        """What the file's tools noted on the node; read anew each time."""
        # A slice of a repeated field is a list, made at once: twice as fast as walking it.
        found = {entry.key: entry.value for entry in self.node.metadata_props[:]}
        return {key: text for key, text in found.items() if isinstance(text, str)}

    def notes(self, wanted: Collection[str]) -> dict[str, str]:
        """The ``metadata`` under some keys; the texts under others are not even read."""
        return {
            key: text
            for entry in self.node.metadata_props[:]
            if (key := entry.key) in wanted and isinstance(text := entry.value, str)
        }


class Edge(NamedTuple):
    """A value going from one op to another; both are positions in ``FlatGraph.ops``."""

    source: int
    target: int
    value: str


class Body(NamedTuple):
    """A graph or a function of a model.

    ``path`` prefixes the ids of its values, ``""`` for the top graph. ``owner``
    is the id of the op whose body it is, ``""`` for the top graph and functions.
    ``ids`` maps the names of values that can be seen in it to their ids.
    """

    path: str
    owner: str
    proto: Graph
    ids: dict[str, str]

    @property
    def inputs(self) -> list[str]:
        """The value ids of its formal inputs."""
        if isinstance(self.proto, onnx.FunctionProto):
            return [self.ids[name] for name in self.proto.input]
        return [self.ids[value.name] for value in self.proto.input]

    @property
    def outputs(self) -> list[str]:
        """The value ids of what it puts out."""
        if isinstance(self.proto, onnx.FunctionProto):
            return [self.ids[name] for name in self.proto.output]
        return [self.ids[value.name] for value in self.proto.output]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A value that crosses the border of a set of ops; ops are positions.

    ``source`` makes it, ``None`` if it is handed in. ``readers`` are the ops
    on the far side: those of the set for a value that enters, the others for
    one that leaves; none, if it leaves as an output of the model only.
    """

    value: str
    source: int | None
    readers: tuple[int, ...]


@dataclass(frozen=True)
class FlatGraph:
    """All ops of a model and the values between them, with lookups of who makes and who reads one.

    ``makers`` maps a value id to the position of the op that makes it; inputs
    and weights are not in it. ``weights`` maps the value id of
    each initializer to its name, and ``tensors`` to what the file stores of it
    (see :mod:`hexviz.model.reader`). ``values`` maps every value id to the
    value's name. ``predecessors`` and ``successors`` hold, per
    position, the neighbouring positions without repetition. ``owners`` holds,
    per position, that of the op of the top graph in whose bodies it lies, its
    own for an op of the top graph, ``None`` in a function. ``functions`` is the
    number of ops in functions, which come first, and ``top`` holds the positions
    of the nodes of the top graph, in the order of the file; ``starts`` where the
    ops of their bodies begin. ``bodies`` lists all graphs and functions.
    ``handed_on`` maps the position of an op to the values that its bodies put
    out as they got them from around it: neither is there an op in between.
    """

    ops: tuple[FlatOp, ...]
    edges: tuple[Edge, ...]
    predecessors: Neighbours
    successors: Neighbours
    makers: Mapping[str, int]
    weights: Mapping[str, str]
    tensors: Mapping[str, onnx.TensorProto]
    values: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: int
    owners: tuple[int | None, ...]
    top: tuple[int, ...]
    starts: tuple[int, ...]
    bodies: tuple[Body, ...]
    handed_on: Mapping[int, tuple[str, ...]]

    @cached_property
    def columns(self) -> FlatColumns:
        """All ops as the file tells of them, in columns."""
        names, nothing = FlatColumns._fields, [()] * len(FlatColumns._fields)
        by_field = dict(zip(FlatOp._fields, [*zip(*self.ops, strict=True)] or nothing, strict=True))
        order = ("number", "body", "id", "name", "op_type", "domain", "inputs", "outputs", "node")
        return FlatColumns(**dict(zip(names, map(by_field.__getitem__, order), strict=True)))

    @cached_property
    def edge_columns(self) -> EdgeColumns:
        """The edges in columns."""
        numbers: dict[str, int] = {}
        table = np.array(
            [
                (source, target, numbers.setdefault(value, len(numbers)))
                for source, target, value in self.edges
            ],
            np.int64,
        ).reshape(-1, 3)
        return EdgeColumns(table[:, 0], table[:, 1], table[:, 2], tuple(numbers))

    @property
    def order(self) -> range:
        """All positions in an order in which the ops can run: that of the positions."""
        return range(len(self.ops))

    def ops_of(self, node: int) -> tuple[range, int]:
        """The positions of the ops in the bodies of a node of the top graph, and its own.

        ``node`` is its place in the list of nodes of the top graph.
        """
        return range(self.starts[node], self.top[node]), self.top[node]

    @cached_property
    def run_order(self) -> Sequence[int]:
        """The nodes of the top graph, by their places in its list, in an order in which they run.

        A file need not list them so.
        """
        places = range(len(self.top))
        ordered = all(one < two for one, two in zip(self.top, self.top[1:], strict=False))
        return places if ordered else sorted(places, key=self.top.__getitem__)

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Name → value id, in the top graph."""
        return next(body.ids for body in self.bodies if not body.path)

    @cached_property
    def given(self) -> frozenset[str]:
        """The value ids of formal inputs: of the model, of bodies, and of functions."""
        return frozenset(value for body in self.bodies for value in body.inputs)

    @cached_property
    def body_owners(self) -> Mapping[str, int]:
        """Value id of an input of a body → the position of the op that owns the body."""
        bodies = [body for body in self.bodies if body.owner]
        if not bodies:
            return {}
        positions = {op.id: at for at, op in enumerate(self.ops)}
        return {value: positions[body.owner] for body in bodies for value in body.inputs}

    def readers(self, value: str) -> tuple[int, ...]:
        """The positions of the ops that read a value, in order.

        What a body yields is read by the op that owns the body.
        """
        source = self.makers.get(value)
        if source is not None:
            return tuple(
                sorted(
                    after
                    for after in self.successors[source]
                    if any(edge.value == value for edge in self._edges_into(after))
                )
            )
        if value in self.weights:  # rarely asked for, and one may have every op as reader
            return tuple(
                at
                for at, op in enumerate(self.ops)
                if value in op.inputs or value in self.handed_on.get(at, ())
            )
        return tuple(self._handed_in.get(value, ()))

    def entering(self, positions: Iterable[int]) -> tuple[Crossing, ...]:
        """The values that ops at these positions read and others make, most read first.

        To what ops make come the values that are *handed in*: the model's inputs, which no op
        makes, and the inputs of a body, which the op that owns the body makes. Weights are
        nobody's output and do not cross::

            x ─┬─▶ a ──▶ b ──▶ y         of {b}:  a enters, y leaves
               └────────▶ c ──▶ z        of {c}:  x enters (no source), z leaves
        """
        inside = self._mask(positions)
        return self._crossings(~inside[self._ends[0]] & inside[self._ends[1]], {})

    def leaving(self, positions: Iterable[int]) -> tuple[Crossing, ...]:
        """The values that ops at these positions make for others or for the model's caller."""
        inside = self._mask(positions)
        outputs = {
            value: source
            for value in self.outputs
            if (source := self.makers.get(value)) is not None and inside[source]
        }
        return self._crossings(inside[self._ends[0]] & ~inside[self._ends[1]], outputs)

    def upstream(self, position: int) -> frozenset[int]:
        """The positions of all that an op depends on, itself included."""
        return _reached(self.predecessors, position)

    def downstream(self, position: int) -> frozenset[int]:
        """The positions of all that depends on an op, itself included."""
        return _reached(self.successors, position)

    def between(self, one: int, other: int) -> frozenset[int]:
        """The positions on all ways from one op to another, in whichever direction there are any.

        ::

            a → b → d       upstream(d) = a b c d        between(a, d) = a b c d
            └─→ c ──┘       downstream(b) = b d          between(b, c) = nothing
        """
        forth = self.downstream(one) & self.upstream(other)
        return forth or (self.downstream(other) & self.upstream(one))

    def _mask(self, positions: Iterable[int]) -> npt.NDArray[np.bool_]:
        # The last stands for what is handed in, which comes from outside of every set.
        inside = np.zeros(len(self.ops) + 1, bool)
        inside[np.fromiter(positions, np.int64)] = True
        return inside

    def _crossings(
        self, crosses: npt.NDArray[np.bool_], outputs: Mapping[str, int]
    ) -> tuple[Crossing, ...]:
        made_at, read_at, values = self._ends
        sources: dict[str, int] = dict(outputs)
        readers: dict[str, list[int]] = {value: [] for value in outputs}
        for at in np.flatnonzero(crosses):
            sources[values[at]] = int(made_at[at])
            readers.setdefault(values[at], []).append(int(read_at[at]))
        nowhere = len(self.ops)
        found = [
            Crossing(
                value,
                None if sources[value] == nowhere else sources[value],
                tuple(sorted(readers[value])),
            )
            for value in sources
        ]
        return tuple(sorted(found, key=lambda one: -len(one.readers)))

    def _edges_into(self, target: int) -> Iterator[Edge]:
        at = bisect_left(self.edges, target, key=attrgetter("target"))  # in order of their targets
        while at < len(self.edges) and self.edges[at].target == target:
            yield self.edges[at]
            at += 1

    @cached_property
    def _handed_in(self) -> Mapping[str, list[int]]:
        """Value that is handed in → the positions that read it."""
        handed = self.values.keys() - self.makers.keys() - self.weights.keys()
        found: dict[str, list[int]] = {}
        for at, op in enumerate(self.ops):
            read = (*op.inputs, *self.handed_on[at]) if at in self.handed_on else op.inputs
            if not handed.isdisjoint(read):
                for value in handed.intersection(read):
                    found.setdefault(value, []).append(at)
        return found

    @cached_property
    def _ends(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], list[str]]:
        """Of each edge, and of each value handed in to each reader: source, target and value."""
        nowhere = len(self.ops)
        handed = [(value, at) for value, readers in self._handed_in.items() for at in readers]
        sources = np.fromiter(map(attrgetter("source"), self.edges), np.int64)
        owners = [self.body_owners.get(value, nowhere) for value, _ in handed]
        targets = np.fromiter(map(attrgetter("target"), self.edges), np.int64)
        return (
            np.concatenate([sources, np.array(owners, np.int64)]),
            np.concatenate([targets, np.array([at for _, at in handed], np.int64)]),
            [*map(attrgetter("value"), self.edges), *(value for value, _ in handed)],
        )


def _reached(neighbours: Neighbours, start: int) -> frozenset[int]:
    reached = {start}
    pending = [start]
    while pending:
        for after in neighbours[pending.pop()]:
            if after not in reached:
                reached.add(after)
                pending.append(after)
    return frozenset(reached)
