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

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.bodies import Graph
from hexviz.model.cached import cached_property
from hexviz.model.columns import EdgeColumns, FlatColumns, Slots
from hexviz.model.edges import Links, links_down, links_up
from hexviz.model.node_scan import NodeScan
from hexviz.model.rows import Rows

__all__ = ["Body", "Crossing", "Edge", "FlatGraph", "FlatOp", "Neighbours", "notes_of"]

Neighbours = tuple[tuple[int, ...], ...]
"""Per position the neighbouring positions, without repetition."""


class FlatOp(NamedTuple):
    """One node before it has a module; fields as in :class:`hexviz.model.op.Op`.

    ``number`` is the position in the node list of its own graph.
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
        return notes_of(self.node, wanted)


def notes_of(node: onnx.NodeProto, wanted: Collection[str]) -> dict[str, str]:
    """What the file's tools noted on a node under some keys; other texts are not even read."""
    return {
        key: text
        for entry in node.metadata_props[:]
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

    ``columns`` hold the ops by position, ``edge_columns`` the values between them,
    ``reads`` and ``makes`` the numbers of their inputs and outputs.
    ``makers`` maps a value id to the position of the op that makes it; inputs
    and weights are not in it. ``weights`` maps the value id of
    each initializer to its name, and ``tensors`` to what the file stores of it
    (see :mod:`hexviz.model.reader`). ``values`` maps every value id to the
    value's name. ``owners`` holds,
    per position, that of the op of the top graph in whose bodies it lies, its
    own for an op of the top graph, ``None`` in a function. ``functions`` is the
    number of ops in functions, which come first, and ``top`` holds the positions
    of the nodes of the top graph, in the order of the file; ``starts`` where the
    ops of their bodies begin. ``bodies`` lists all graphs and functions.
    ``handed_on`` maps the position of an op to the values that its bodies put
    out as they got them from around it: neither is there an op in between.
    ``scan`` tells of the nodes of the top graph until it is closed.
    """

    columns: FlatColumns
    edge_columns: EdgeColumns
    reads: Slots
    makes: Slots
    makers: Mapping[str, int]
    weights: Mapping[str, str]
    tensors: Mapping[str, onnx.TensorProto]
    values: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: int
    owners: Sequence[int | None]
    top: Sequence[int]
    starts: Sequence[int]
    bodies: tuple[Body, ...]
    handed_on: Mapping[int, tuple[str, ...]]
    scan: NodeScan | None = None

    @cached_property
    def ops(self) -> Sequence[FlatOp]:
        """All ops, each made when it is looked at; questions about all of them ask ``columns``."""
        columns = self.columns
        return Rows(
            len(columns.ids),
            lambda at: FlatOp._make([column[at] for column in columns]),
            lambda: map(FlatOp._make, zip(*columns, strict=True)),
        )

    @cached_property
    def edges(self) -> Sequence[Edge]:
        """The values that go from one op to another, in the order of the targets."""
        sources, targets, numbers, values = self.edge_columns
        return Rows(
            len(numbers),
            lambda at: Edge(int(sources[at]), int(targets[at]), values[numbers[at]]),
            lambda: map(
                Edge, sources.tolist(), targets.tolist(), map(values.__getitem__, numbers.tolist())
            ),
        )

    @cached_property
    def links_up(self) -> Links:
        """The neighbours that each op reads from, in the order in which it does."""
        return links_up(self.edge_columns, len(self.columns.ids))

    @cached_property
    def links_down(self) -> Links:
        """The neighbours that read what each op makes, in order."""
        return links_down(self.edge_columns, len(self.columns.ids))

    @cached_property
    def predecessors(self) -> Neighbours:
        """``links_up`` as tuples."""
        return self.links_up.tuples()

    @cached_property
    def successors(self) -> Neighbours:
        """``links_down`` as tuples."""
        return self.links_down.tuples()

    def notes(self, keys: Collection[str]) -> dict[str, list[str | None]]:
        """What the file's tools noted on all ops under some keys, as a column for each.

        ``None`` stands for an op without it; a key that no op has is left out.
        """
        scan = self._open_scan
        scanned = None if scan is None else scan.notes(keys)
        if scanned is not None and isinstance(self.columns.numbers, range):
            return scanned
        size, nodes, wanted = len(self.columns.ids), self.columns.nodes, frozenset(keys)
        found: dict[str, list[str | None]] = {}
        for key, column in (scanned or {}).items():
            found[key] = [None] * size
            for at, text in zip(self.top, column, strict=True):
                found[key][at] = text
        for at in range(size) if scanned is None else self._in_bodies():
            for entry in nodes[at].metadata_props[:]:
                if (key := entry.key) in wanted and isinstance(text := entry.value, str):
                    if key not in found:  # a column for each op would be quadratic
                        found[key] = [None] * size
                    found[key][at] = text
        return found

    def with_attribute(self, name: str) -> list[int]:
        """The positions of the ops that have an attribute of some name, in order."""
        scan, nodes = self._open_scan, self.columns.nodes
        likely: Iterable[int] = range(len(nodes))
        if scan is not None:
            likely = sorted([*map(self.top.__getitem__, scan.mentioning(name)), *self._in_bodies()])
        return [at for at in likely if any(one.name == name for one in nodes[at].attribute[:])]

    @property
    def _open_scan(self) -> NodeScan | None:
        return None if self.scan is None or self.scan.closed else self.scan

    def _in_bodies(self) -> list[int]:
        """The positions of the ops that are not of the top graph."""
        return [at for at, path in enumerate(self.columns.bodies) if path]

    @property
    def order(self) -> range:
        """All positions in an order in which the ops can run: that of the positions."""
        return range(len(self.columns.ids))

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
        positions = {op: at for at, op in enumerate(self.columns.ids)}
        return {value: positions[body.owner] for body in bodies for value in body.inputs}

    def readers(self, value: str) -> tuple[int, ...]:
        """The positions of the ops that read a value, in order.

        What a body yields is read by the op that owns the body.
        """
        source = self.makers.get(value)
        if source is not None:
            edges = self.edge_columns
            return tuple(
                int(edges.targets[at])
                for at in np.flatnonzero(edges.sources == source)
                if edges.values[edges.numbers[at]] == value
            )
        if value in self.weights:  # rarely asked for, and one may have every op as reader
            reads, values = self.reads, self.edge_columns.values
            number = values.index(value) if value in values else len(values)
            handed = [at for at, handed in self.handed_on.items() if value in handed]
            found = np.concatenate([reads.ops[reads.numbers == number], np.array(handed, np.int64)])
            return tuple(np.unique(found).tolist())
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
        return self._crossings(~inside[self._ends.sources] & inside[self._ends.targets], {})

    def leaving(self, positions: Iterable[int]) -> tuple[Crossing, ...]:
        """The values that ops at these positions make for others or for the model's caller."""
        inside = self._mask(positions)
        outputs = {
            value: source
            for value in self.outputs
            if (source := self.makers.get(value)) is not None and inside[source]
        }
        return self._crossings(inside[self._ends.sources] & ~inside[self._ends.targets], outputs)

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
        inside = np.zeros(len(self.columns.ids) + 1, bool)
        if not isinstance(positions, np.ndarray):  # which needs no step for each
            positions = np.fromiter(positions, np.int64)
        inside[positions] = True
        return inside

    def _crossings(
        self, crosses: npt.NDArray[np.bool_], outputs: Mapping[str, int]
    ) -> tuple[Crossing, ...]:
        ends = self._ends
        sources: dict[str, int] = dict(outputs)
        readers: dict[str, list[int]] = {value: [] for value in outputs}
        rows = (column[crosses].tolist() for column in (ends.sources, ends.targets, ends.numbers))
        for source, target, number in zip(*rows, strict=True):
            value = ends.values[number]
            sources[value] = source
            readers.setdefault(value, []).append(target)
        nowhere = len(self.columns.ids)
        found = [
            Crossing(
                value,
                None if sources[value] == nowhere else sources[value],
                tuple(sorted(readers[value])),
            )
            for value in sources
        ]
        return tuple(sorted(found, key=lambda one: -len(one.readers)))

    @cached_property
    def _handed_in(self) -> Mapping[str, list[int]]:
        """Value that is handed in → the positions that read it."""
        values, (ops, numbers) = self.edge_columns.values, self.reads
        is_made = np.zeros(len(values), bool)
        is_made[self.makes.numbers] = True
        rest = ~is_made[numbers]
        read = [
            (at, values[number])
            for at, number in zip(ops[rest].tolist(), numbers[rest].tolist(), strict=True)
        ]
        if self.handed_on:
            read += [(at, value) for at, handed in self.handed_on.items() for value in handed]
            read.sort(key=itemgetter(0))
        found: dict[str, dict[int, None]] = {}
        for at, value in read:
            if value not in self.makers and value not in self.weights:
                found.setdefault(value, {})[at] = None
        return {value: [*readers] for value, readers in found.items()}

    @cached_property
    def _ends(self) -> EdgeColumns:
        """The edges, and one for each value handed in to each reader."""
        edges, nowhere = self.edge_columns, len(self.columns.ids)
        handed = [(value, at) for value, readers in self._handed_in.items() for at in readers]
        owners = [self.body_owners.get(value, nowhere) for value, _ in handed]
        last = len(edges.values)
        return EdgeColumns(
            np.concatenate([edges.sources, np.array(owners, np.int64)]),
            np.concatenate([edges.targets, np.array([at for _, at in handed], np.int64)]),
            np.concatenate([edges.numbers, np.arange(last, last + len(handed))]),
            [*edges.values, *(value for value, _ in handed)],
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
