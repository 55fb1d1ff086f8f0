"""From a parsed file to its flat graph: bodies on a stack, the nodes of each in columns.

Read from the protobuf: making onnx-ir's objects for every node, value and use
takes several times as long as all the rest of opening a file (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, repeat

import onnx

from hexviz.errors import ReadError
from hexviz.model.bodies import Graph, graphs_of, named_functions
from hexviz.model.flat import Body, Edge, FlatGraph, FlatOp, Neighbours
from hexviz.model.ordering import is_ordered, run_order
from hexviz.model.reader import stand_in
from hexviz.model.size_limits import MOST_BODIES, MOST_ENDS, MOST_LINKS, MOST_OPS, MOST_WEIGHTS

__all__ = ["flatten"]


def flatten(proto: onnx.ModelProto) -> FlatGraph:
    """List every op of a model, bodies and functions included.

    Raises:
        ReadError: if the graph contains a cycle, two ops make one value, a
            name is no text, or there is more than :mod:`hexviz.model.size_limits` allows.
    """
    listing = _Listing()
    functions: dict[tuple[str, str, str], str] = {}
    for path, function in named_functions(proto):
        listing.count_body()
        key = _domain(function.domain), function.name, function.overload
        functions.setdefault(key, path)
        listing.walk(path, function)
    in_functions = len(listing.ops)
    top = listing.walk("", proto.graph)
    makers, edges, predecessors, successors = _edges(listing, functions)
    if not is_ordered(predecessors):
        listing.reorder(run_order(listing.ops, listing.bodies, listing.owned, predecessors))
        makers, edges, predecessors, successors = _edges(listing, functions)
    owners, starts, nodes = _nodes(listing.ops, in_functions)
    return FlatGraph(
        ops=tuple(listing.ops),
        edges=edges,
        predecessors=predecessors,
        successors=successors,
        makers=makers,
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
    )


def _nodes(
    ops: list[FlatOp], in_functions: int
) -> tuple[tuple[int | None, ...], tuple[int, ...], tuple[int, ...]]:
    """Each op's owner; each node's first position, and its own."""
    owners: list[int | None] = [None] * in_functions
    found: dict[int, tuple[int, int]] = {}
    for at in range(in_functions, len(ops)):
        if not ops[at].body:  # its bodies were listed right before it
            found[ops[at].number] = len(owners), at
            owners.extend([at] * (at + 1 - len(owners)))
    places = [found[node] for node in range(len(found))]
    return tuple(owners), tuple([one for one, _ in places]), tuple([own for _, own in places])


class _Frame:
    """A body that is being listed.

    ``ops`` are all of its ops, of which ``listed`` are in the listing, and
    ``owners`` the numbers of those that have bodies, the next one last.
    ``inner`` are the paths of the bodies that come right now.
    """

    __slots__ = ("_makers", "body", "inner", "listed", "ops", "outer", "owners")

    def __init__(self, body: Body, outer: _Frame | None) -> None:
        self.body = body
        self.outer = outer
        self.ops: list[FlatOp] = []
        self.owners: list[int] = []
        self.listed = -1
        self.inner: list[str] = []
        self._makers: dict[str, int] | None = None

    def makes_later(self, value: str) -> bool:
        """Whether the op that makes a value is not listed before the one whose bodies come now."""
        if self._makers is None:
            self._makers = {one: op.number for op in self.ops for one in op.outputs}
        return self._makers.get(value, -1) >= self.listed


class _Listing:
    """Collects the ops of one model in order.

    What all nodes of a body have is read into columns: a step for all nodes at
    once takes half the time of all steps for one node after the other.
    """

    def __init__(self) -> None:
        self.ops: list[FlatOp] = []
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
        self._claimed: set[str] = set()
        self._met = self._stored = self._ends = self._linked = self._bodies = 0
        self._numbers: dict[str, int] = {}
        """Id that several values would have → the number that the next one gets."""
        self._texts: dict[str, str] = {}
        """Op types and domains, which many ops share, once each."""

    def walk(self, path: str, proto: Graph) -> Body:
        """List a body and all bodies in it, on a stack: depth cannot exhaust Python's."""
        first = Body(path, "", proto, {})
        stack = [_Frame(first, None)]
        while stack:
            frame = stack[-1]
            if frame.listed < 0:
                self._enter(frame)
                frame.listed = 0
            if frame.inner:
                self.owned[len(self.ops)] = frame.inner
                frame.inner = []
            number = frame.owners.pop() if frame.owners else len(frame.ops)
            self.ops.extend(frame.ops[frame.listed : number])
            frame.listed = number
            if number < len(frame.ops):
                op = frame.ops[number]
                inner = []
                for name, one in graphs_of(op.node):
                    self.count_body()
                    inner.append(Body(f"{op.id}/{name}", op.id, one, {}))
                frame.inner = [body.path for body in inner]
                stack.extend(_Frame(body, frame) for body in reversed(inner))
            else:
                self._leave(frame)
                stack.pop()
        return first

    def reorder(self, order: Sequence[int]) -> None:
        """List the ops anew, by their positions until now."""
        now = {at: place for place, at in enumerate(order)} if self.owned else {}
        self.ops = [self.ops[at] for at in order]
        self.owned = {now[at]: paths for at, paths in self.owned.items()}

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

    def _enter(self, frame: _Frame) -> None:
        """Name what a body defines, and then make its ops: a file need not be sorted."""
        body, proto = frame.body, frame.body.proto
        self._met += 1 + len(proto.node)
        if self._met > MOST_OPS:
            raise ReadError(
                f"The graph has over {MOST_OPS:,} ops, its bodies and functions included, "
                "which is more than hexviz shows."
            )
        self.bodies.append(body)
        if isinstance(proto, onnx.GraphProto):
            self._stored += len(proto.initializer) + len(proto.sparse_initializer)
            self._ends += len(proto.input) + len(proto.output)
        if self._stored > MOST_WEIGHTS or self._ends > MOST_ENDS:
            raise ReadError(
                f"The graph has over {MOST_WEIGHTS:,} weights, or over {MOST_ENDS:,} inputs and "
                "outputs, which is more than hexviz shows."
            )
        if isinstance(proto, onnx.FunctionProto):
            self._define(body, proto.input)
        else:
            self._define(body, [value.name for value in proto.input])
            stored = [*proto.initializer[:], *map(stand_in, proto.sparse_initializer)]
            tensors = {tensor.name: tensor for tensor in stored if tensor.name}
            self._define(body, [name for name in tensors if name not in body.ids])
            for name, tensor in tensors.items():
                known = body.ids[name]
                self.weights[known] = name
                self.tensors[known] = tensor
        nodes = proto.node[:]
        made = [node.output[:] for node in nodes]
        names = [name for one in made for name in one if name]
        self._refuse_doubles(body, names)
        self._define(body, names)
        frame.ops = self._ops(frame, nodes, made)
        frame.owners = [op.number for op in reversed(frame.ops) if graphs_of(op.node)]

    def _ops(
        self, frame: _Frame, nodes: Sequence[onnx.NodeProto], made: Sequence[Sequence[str]]
    ) -> list[FlatOp]:
        body, text = frame.body, self._texts
        ids = body.ids
        read = [node.input[:] for node in nodes]
        self._linked += sum(map(len, made)) + sum(map(len, read))
        if self._linked > MOST_LINKS:
            raise ReadError(
                f"The ops of the graph read and make over {MOST_LINKS:,} values, "
                "which is more than hexviz shows."
            )
        for name in {name for one in read for name in one} - ids.keys():
            if name:
                ids[name] = self._outside(name, frame)
        known = ids | {"": ""}  # an input or output that is left out
        inputs = [tuple([known[name] for name in one]) for one in read]
        for at, name, outer in _shadowed_reads(frame, read, made):
            inputs[at] = tuple(
                [
                    outer if one == name else now
                    for one, now in zip(read[at], inputs[at], strict=True)
                ]
            )
        outputs = [tuple([known[name] for name in one]) for one in made]
        names = [node.name for node in nodes]
        types = [text.setdefault(one, one) for one in [node.op_type for node in nodes]]
        domains = [_domain(text.setdefault(one, one)) for one in [node.domain for node in nodes]]
        if not {*map(type, names), *map(type, types), *map(type, domains)} <= {str}:
            raise ReadError("The graph is malformed (a name is no text): export the model again.")
        op_ids = [next(filter(None, one), "") for one in outputs]
        for number, op_id in enumerate(op_ids):
            if not op_id:
                op_ids[number] = self._claim(body.path, number)
        columns = zip(
            count(), repeat(body.path), op_ids, names, types, domains, inputs, outputs, nodes,
            strict=False,
        )  # fmt: skip
        return list(map(FlatOp._make, columns))

    def _refuse_doubles(self, body: Body, names: list[str]) -> None:
        if len(set(names)) < len(names) or not body.ids.keys().isdisjoint(names):
            seen = set(body.ids)
            for name in names:
                if name in seen:
                    raise ReadError(
                        f"The graph is malformed (the value {name!r} is made twice): "
                        "export the model again."
                    )
                seen.add(name)

    def _define(self, body: Body, names: Iterable[str]) -> None:
        names = list(names)
        if not set(map(type, names)) <= {str}:
            raise ReadError("The graph is malformed (a name is no text): export the model again.")
        path, values = body.path, self.values
        ids = [f"{path}/{name or '?'}" if path else name or "?" for name in names]
        # Paths of bodies are made of names, so a name may look like one.
        if not (values.keys().isdisjoint(ids) and self._claimed.isdisjoint(ids)) or len(
            set(ids)
        ) < len(ids):
            for name, base in zip(names, ids, strict=True):
                known, number = base, self._numbers.get(base, 2)
                while known in values or known in self._claimed:
                    known = f"{base}~{number}"
                    number += 1
                self._numbers[base] = number
                body.ids[name] = known
                values[known] = name
            return
        body.ids.update(zip(names, ids, strict=True))
        values.update(zip(ids, names, strict=True))

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
                self._define(frame.body, [name])
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


def _domain(domain: str) -> str:
    """A domain as runtimes compare it: ONNX's own has two spellings."""
    return "" if domain == "ai.onnx" else domain


def _edges(
    listing: _Listing, functions: Mapping[tuple[str, str, str], str]
) -> tuple[dict[str, int], tuple[Edge, ...], Neighbours, Neighbours]:
    """Who makes each value, all edges in the order of their targets, and each op's neighbours."""
    ops, owned, yields = listing.ops, listing.owned, listing.yields
    makers = {value: at for at, op in enumerate(ops) for value in op.outputs if value}
    edges: list[Edge] = []
    before: list[tuple[int, ...]] = []
    after: list[list[int]] = [[] for _ in ops]
    for at, op in enumerate(ops):
        read: Sequence[str] = op.inputs
        if at in owned:
            read = [*read, *(value for path in owned[at] for value in yields[path])]
        if functions:
            called = functions.get((op.domain, op.op_type, op.node.overload))
            if called is not None:
                read = [*read, *yields[called]]
        near: dict[int, None] = {}
        for value in read if len(read) < 2 else dict.fromkeys(read):
            if value in makers:
                source = makers[value]
                edges.append(Edge._make((source, at, value)))
                near[source] = None
        before.append(tuple(near))
        for source in near:
            after[source].append(at)
    return makers, tuple(edges), tuple(before), tuple(map(tuple, after))


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
    if frame.outer is None:
        return
    first = {name: at for at, one in enumerate(made) for name in one if name}
    for at, one in enumerate(read):
        for name in dict.fromkeys(one):
            if first.get(name, -1) >= at:
                outer = _around(name, frame, before=True)
                if outer is not None:
                    yield at, name, outer
