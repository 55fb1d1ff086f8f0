"""From a parsed file to its flat graph: bodies on a stack, the nodes of each in columns.

Read from the protobuf: making onnx-ir's objects for every node, value and use
takes several times as long as all the rest of opening a file (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import onnx

from hexviz.errors import ReadError
from hexviz.model.bodies import Graph, graphs_of, named_functions
from hexviz.model.columns import FlatColumns
from hexviz.model.edges import Flow, find_flow, links_up
from hexviz.model.flat import Body, FlatGraph
from hexviz.model.flatten_plain import plain_graph
from hexviz.model.node_columns import NodeColumns, grouped, read_nodes
from hexviz.model.node_scan import NodeScan
from hexviz.model.ordering import run_order
from hexviz.model.reader import stand_in
from hexviz.model.size_limits import MOST_BODIES, MOST_ENDS, MOST_LINKS, MOST_OPS, MOST_WEIGHTS

__all__ = ["flatten"]


def flatten(proto: onnx.ModelProto, scan: NodeScan | None = None) -> FlatGraph:
    """List every op of a model, bodies and functions included.

    ``scan`` is of the bytes that the model was parsed from, if they are there:
    it takes half of the time, and comes to the same.

    Raises:
        ReadError: if the graph contains a cycle, two ops make one value, a
            name is no text, or there is more than :mod:`hexviz.model.size_limits` allows.
    """
    if scan is not None and scan.closed:
        scan = None
    listing = _Listing()
    functions: dict[tuple[str, str, str], str] = {}
    for path, function in named_functions(proto):
        listing.count_body()
        key = _domain(function.domain), function.name, function.overload
        functions.setdefault(key, path)
        listing.walk(path, function, listing.read(function))
    in_functions = listing.size
    read = listing.read(proto.graph, scan)
    plain = plain_graph(proto, read, scan)
    if plain is not None:
        return plain
    top = listing.walk("", proto.graph, read)
    columns = listing.columns()
    flow = _flow(listing, columns, functions)
    if not bool((flow.edges.sources < flow.edges.targets).all()):
        before = links_up(flow.edges, len(columns.ids)).tuples()
        order = run_order(columns, listing.bodies, listing.owned, before)
        columns = listing.reordered(columns, order)
        flow = _flow(listing, columns, functions)
    owners, starts, nodes = _nodes(columns, in_functions)
    return FlatGraph(
        columns=columns,
        edge_columns=flow.edges,
        reads=flow.reads,
        makes=flow.makes,
        makers=flow.makers,
        weights=listing.weights,
        tensors=listing.tensors,
        values=listing.values,
        inputs=tuple(dict.fromkeys([top.ids[value.name] for value in proto.graph.input])),
        outputs=tuple(dict.fromkeys(listing.yields[""])),
        functions=in_functions,
        owners=owners,
        starts=starts,
        top=nodes,
        bodies=tuple(listing.bodies),
        handed_on={
            at: tuple(dict.fromkeys(handed))
            for at, paths in listing.owned.items()
            if (handed := [one for path in paths for one in listing.handed_on.get(path, ())])
        },
        scan=scan,
    )


def _nodes(
    columns: FlatColumns, in_functions: int
) -> tuple[Sequence[int | None], Sequence[int], Sequence[int]]:
    """Each op's owner; each node's first position, and its own."""
    if not in_functions and isinstance(columns.numbers, range):  # one graph as it is in the file
        return columns.numbers, columns.numbers, columns.numbers
    owners: list[int | None] = [None] * in_functions
    found: dict[int, tuple[int, int]] = {}
    for at in range(in_functions, len(columns.ids)):
        if not columns.bodies[at]:  # its bodies were listed right before it
            found[columns.numbers[at]] = len(owners), at
            owners.extend([at] * (at + 1 - len(owners)))
    places = [found[node] for node in range(len(found))]
    return tuple(owners), tuple([one for one, _ in places]), tuple([own for _, own in places])


class _Frame:
    """A body that is being listed.

    ``columns`` are all of its ops, of which ``listed`` are in the listing, and
    ``owners`` the numbers of those that have bodies, the next one last.
    ``inner`` are the paths of the bodies that come right now.
    """

    __slots__ = ("_makers", "body", "columns", "inner", "listed", "outer", "owners", "read")

    def __init__(self, body: Body, outer: _Frame | None, read: NodeColumns | None = None) -> None:
        self.body = body
        self.outer = outer
        self.read = read
        self.columns = _NO_OPS
        self.owners: list[int] = []
        self.listed = -1
        self.inner: list[str] = []
        self._makers: dict[str, int] | None = None

    def makes_later(self, value: str) -> bool:
        """Whether the op that makes a value is not listed before the one whose bodies come now."""
        if self._makers is None:
            made = enumerate(self.columns.outputs)
            self._makers = {one: number for number, outputs in made for one in outputs}
        return self._makers.get(value, -1) >= self.listed


_NO_OPS = FlatColumns(*[()] * len(FlatColumns._fields))


class _Listing:
    """Collects the ops of one model in order, as stretches of the columns of its bodies."""

    def __init__(self) -> None:
        self.size = 0
        """The ops until now."""
        self.bodies: list[Body] = []
        self.values: dict[str, str] = {}
        self.weights: dict[str, str] = {}
        self.tensors: dict[str, onnx.TensorProto] = {}
        self.yields: dict[str, list[str]] = {}
        """Path of a body → ids of the values it puts out."""
        self.owned: dict[int, list[str]] = {}
        """Position of an op → paths of its bodies."""
        self.handed_on: dict[str, list[str]] = {}
        """Path of a body → ids of the values that it puts out as they came from around it."""
        self._stretches: list[tuple[FlatColumns, int, int]] = []
        self._claimed: set[str] = set()
        self._met = self._stored = self._ends = self._linked = self._bodies = 0
        self._numbers: dict[str, int] = {}
        """Id that several values would have → the number that the next one gets."""

    def walk(self, path: str, proto: Graph, read: NodeColumns) -> Body:
        """List a body and all bodies in it, on a stack: depth cannot exhaust Python's.

        ``read`` are the nodes of the first.
        """
        first = Body(path, "", proto, {})
        stack = [_Frame(first, None, read)]
        while stack:
            frame = stack[-1]
            if frame.listed < 0:
                self._enter(frame)
                frame.listed = 0
            if frame.inner:
                self.owned[self.size] = frame.inner
                frame.inner = []
            ops = frame.columns
            number = frame.owners.pop() if frame.owners else len(ops.ids)
            if frame.listed < number:
                self._stretches.append((ops, frame.listed, number))
                self.size += number - frame.listed
                frame.listed = number
            if number < len(ops.ids):
                inner = []
                for name, one in graphs_of(ops.nodes[number]):
                    self.count_body()
                    inner.append(Body(f"{ops.ids[number]}/{name}", ops.ids[number], one, {}))
                frame.inner = [body.path for body in inner]
                stack.extend(_Frame(body, frame) for body in reversed(inner))
            else:
                self._leave(frame)
                stack.pop()
        return first

    def columns(self) -> FlatColumns:
        """All ops that were listed."""
        if len(self._stretches) == 1:  # of one graph without bodies: all of it
            return self._stretches[0][0]
        columns: list[list[Any]] = [[] for _ in FlatColumns._fields]
        for stretch, start, end in self._stretches:
            for column, part in zip(columns, stretch, strict=True):
                column.extend(part[start:end])
        return FlatColumns(*columns)

    def reordered(self, columns: FlatColumns, order: Sequence[int]) -> FlatColumns:
        """The ops listed anew, by their positions until now."""
        now = {at: place for place, at in enumerate(order)} if self.owned else {}
        self.owned = {now[at]: paths for at, paths in self.owned.items()}
        moved: list[list[Any]] = [list(map(column.__getitem__, order)) for column in columns]
        return FlatColumns(*moved)

    def count_body(self) -> None:
        """That one more function, or body of an op, is not one too many.

        Raises:
            ReadError: if it is.
        """
        self._bodies += 1
        if self._bodies > MOST_BODIES:
            raise ReadError(
                f"The model has over {MOST_BODIES:,} functions and bodies of ops, "
                "which is more than hexviz shows."
            )

    def read(self, proto: Graph, scan: NodeScan | None = None) -> NodeColumns:
        """The nodes of a graph or function, if there are not too many of anything.

        Raises:
            ReadError: if there are, or a name is no text.
        """
        self._met += 1 + len(proto.node)
        if self._met > MOST_OPS:
            raise ReadError(
                f"The graph has over {MOST_OPS:,} ops, its bodies and functions included, "
                "which is more than hexviz shows."
            )
        if isinstance(proto, onnx.GraphProto):
            self._stored += len(proto.initializer) + len(proto.sparse_initializer)
            self._ends += len(proto.input) + len(proto.output)
        if self._stored > MOST_WEIGHTS or self._ends > MOST_ENDS:
            raise ReadError(
                f"The graph has over {MOST_WEIGHTS:,} weights, or over {MOST_ENDS:,} inputs and "
                "outputs, which is more than hexviz shows."
            )
        read = read_nodes(proto, scan)
        self._linked += len(read.inputs) + len(read.outputs)
        if self._linked > MOST_LINKS:
            raise ReadError(
                f"The ops of the graph read and make over {MOST_LINKS:,} values, "
                "which is more than hexviz shows."
            )
        return read

    def _enter(self, frame: _Frame) -> None:
        """Name what a body defines, and then make its ops: a file need not be sorted."""
        body, proto = frame.body, frame.body.proto
        read = frame.read or self.read(proto)
        self.bodies.append(body)
        if isinstance(proto, onnx.FunctionProto):
            self._define(body, _texts(proto.input))
        else:
            self._define(body, _texts(value.name for value in proto.input))
            stored = [*proto.initializer[:], *map(stand_in, proto.sparse_initializer)]
            tensors = {tensor.name: tensor for tensor in stored if tensor.name}
            self._define(body, _texts(name for name in tensors if name not in body.ids))
            for name, tensor in tensors.items():
                known = body.ids[name]
                self.weights[known] = name
                self.tensors[known] = tensor
        names = [*filter(None, read.outputs)] if "" in read.outputs else read.outputs
        self._define(body, names, doubles=False)
        frame.columns = self._ops(frame, read)
        frame.owners = [*reversed(read.owners)]

    def _ops(self, frame: _Frame, read: NodeColumns) -> FlatColumns:
        path, ids = frame.body.path, frame.body.ids
        found = _known(ids, read.inputs)
        if None in found:
            for name in set(read.inputs).difference(ids):
                if name:
                    ids[name] = self._outside(name, frame)
            found = _known(ids, read.inputs)
        inputs = grouped(found, read.input_counts)
        outputs = grouped(_known(ids, read.outputs), read.output_counts)
        if frame.outer is not None:
            names = grouped(read.inputs, read.input_counts)
            made = grouped(read.outputs, read.output_counts)
            for at, name, outer in _shadowed_reads(frame, names, made):
                inputs[at] = tuple(
                    [
                        outer if one == name else now
                        for one, now in zip(names[at], inputs[at], strict=True)
                    ]
                )
        op_ids = [one[0] if one else "" for one in outputs]
        if "" in op_ids:
            for number, op_id in enumerate(op_ids):
                if not op_id:
                    first = next(filter(None, outputs[number]), "")
                    op_ids[number] = first or self._claim(path, number)
        return FlatColumns(
            numbers=range(len(op_ids)),
            bodies=[path] * len(op_ids),
            ids=op_ids,
            names=read.names,
            op_types=read.op_types,
            domains=read.domains,
            inputs=inputs,
            outputs=outputs,
            nodes=frame.body.proto.node[:],
        )

    def _define(self, body: Body, names: Sequence[str], *, doubles: bool = True) -> None:
        """Give ids to the names of values that a body defines.

        Raises:
            ReadError: if a name comes twice, or is known in the body, unless
                ``doubles`` may be.
        """
        path, values = body.path, self.values
        ids = names
        if path or "" in names:
            ids = [f"{path}/{name or '?'}" if path else name or "?" for name in names]
        new = dict(zip(ids, names, strict=True))
        named = new if ids is names else dict(zip(names, ids, strict=True))
        if not doubles:
            _refuse_doubles(body, names, named)
        # Paths of bodies are made of names, so a name may look like one.
        if (
            len(new) == len(ids)
            and values.keys().isdisjoint(new.keys())
            and self._claimed.isdisjoint(new.keys())
        ):
            body.ids.update(named)
            values.update(new)
            return
        for name, base in zip(names, ids, strict=True):
            known, number = base, self._numbers.get(base, 2)
            while known in values or known in self._claimed:
                known = f"{base}~{number}"
                number += 1
            self._numbers[base] = number
            body.ids[name] = known
            values[known] = name

    def _outside(self, name: str, frame: _Frame) -> str:
        """The id of a value that a body reads and does not make."""
        known = _around(name, frame)
        if known is None:
            self._define(frame.body, [name])
            known = frame.body.ids[name]
        return known

    def _leave(self, frame: _Frame) -> None:
        proto, ids = frame.body.proto, frame.body.ids
        names = (
            proto.output
            if isinstance(proto, onnx.FunctionProto)
            else [value.name for value in proto.output]
        )
        for name in dict.fromkeys(names):
            around = _around(name, frame) if name else None
            if name not in ids and around is None:
                self._define(frame.body, _texts([name]))
            elif around is not None and ids.setdefault(name, around) == around:
                self.handed_on.setdefault(frame.body.path, []).append(around)
        self.yields[frame.body.path] = [ids[name] for name in names]

    def _claim(self, path: str, number: int) -> str:
        """An id for an op without outputs."""
        claimed = f"{path}/#{number}" if path else f"#{number}"
        while claimed in self.values:
            claimed += "~"
        self._claimed.add(claimed)
        return claimed


def _refuse_doubles(body: Body, names: Sequence[str], named: Mapping[str, str]) -> None:
    if len(named) == len(names) and body.ids.keys().isdisjoint(named.keys()):
        return
    seen = set(body.ids)
    for name in names:
        if name in seen:
            raise ReadError(
                f"The graph is malformed (the value {name!r} is made twice): "
                "export the model again."
            )
        seen.add(name)


def _texts(names: Iterable[str]) -> list[str]:
    names = list(names)
    if not set(map(type, names)) <= {str}:
        raise ReadError("The graph is malformed (a name is no text): export the model again.")
    return names


def _known(ids: dict[str, str], names: Sequence[str]) -> list[Any]:
    """The id of each name, ``None`` for what is not known.

    What is left out is no value, though there may be one without a name.
    """
    unnamed = ids.get("")
    ids[""] = ""
    try:
        return list(map(ids.get, names))
    finally:
        if unnamed is None:
            del ids[""]
        else:
            ids[""] = unnamed


def _domain(domain: str) -> str:
    """A domain as runtimes compare it: ONNX's own has two spellings."""
    return "" if domain == "ai.onnx" else domain


def _flow(
    listing: _Listing, columns: FlatColumns, functions: Mapping[tuple[str, str, str], str]
) -> Flow:
    """What ops read and make; who owns bodies or calls a function also gets what these yield."""
    yields = listing.yields
    more = {
        at: [value for path in paths for value in yields[path]]
        for at, paths in listing.owned.items()
    }
    if functions:
        named = {(domain, name) for domain, name, _ in functions}
        for at, kind in enumerate(zip(columns.domains, columns.op_types, strict=True)):
            if kind in named:
                called = functions.get((*kind, columns.nodes[at].overload))
                if called is not None:
                    more[at] = [*more.get(at, ()), *yields[called]]
    return find_flow(columns.inputs, columns.outputs, more)


def _around(name: str, frame: _Frame, *, before: bool = False) -> str | None:
    """The id of what a name means around a body; if asked, only of what is made before that."""
    outer = frame.outer
    while outer is not None:
        known = outer.body.ids.get(name)
        if known is not None:
            return None if before and outer.makes_later(known) else known
        outer = outer.outer
    return None


def _shadowed_reads(
    frame: _Frame, read: Sequence[Sequence[str]], made: Sequence[Sequence[str]]
) -> Iterator[tuple[int, str, str]]:
    """Where nodes read an outer value that their body makes again: number, name, the value's id.

    Such a node is listed before the one that makes the name, or is that one.
    ONNX forbids it; read as the body's own value, it would be a cycle::

        h = Relu(x)
        y = If(c) { then: h = Neg(h) }      Neg reads the outer h
    """
    first = {name: at for at, one in enumerate(made) for name in one if name}
    for at, one in enumerate(read):
        for name in dict.fromkeys(one):
            if first.get(name, -1) >= at:
                known = _around(name, frame, before=True)
                if known is not None:
                    yield at, name, known
