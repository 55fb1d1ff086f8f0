"""One flat view of a whole ONNX model: every op of every body, in execution order.

::

    y = If(c)                ops:  0 t   (body "y/then_branch")
      then: t = Add(x, 1)          1 e   (body "y/else_branch")
      else: e = Sub(x, 1)          2 y   (body "")
    z = Relu(y)                    3 z   (body "")
                             edges: t→y, e→y (what a body yields), y→z

Ops of a body come before the op that owns it and functions before everything
that calls them, so positions are a topological order whenever the file is
sorted, as ONNX demands. A value's **id** is its name, prefixed by the path of
its body; captured outer values keep their own id, so edges cross bodies.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import onnx_ir as ir

from hexviz.errors import ReadError

__all__ = ["Edge", "FlatGraph", "FlatOp", "flatten", "function_path"]


@dataclass(frozen=True, slots=True)
class FlatOp:
    """One node before it has a module; fields as in :class:`hexviz.model.op.Op`."""

    index: int
    body: str
    id: str
    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metadata: Mapping[str, str]
    node: ir.Node


@dataclass(frozen=True, slots=True)
class Edge:
    """A value going from one op to another; both are positions in ``FlatGraph.ops``."""

    source: int
    target: int
    value: str


@dataclass(frozen=True, slots=True)
class FlatGraph:
    """All ops of a model and the values between them.

    ``order`` lists positions topologically. ``weights`` maps the value id of
    each initializer to its name. ``predecessors`` and ``successors`` hold, per
    position, the neighbouring positions without repetition. ``owners`` holds,
    per position, that of the op of the top graph in whose bodies it lies, its
    own for an op of the top graph, ``None`` in a function. ``functions`` is the
    number of ops in functions, which come first, and ``top`` holds the positions
    of the nodes of the top graph.
    """

    ops: tuple[FlatOp, ...]
    edges: tuple[Edge, ...]
    order: tuple[int, ...]
    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]
    weights: Mapping[str, str]
    values: Mapping[str, ir.Value]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: int
    owners: tuple[int | None, ...]
    top: tuple[int, ...]

    def ops_of(self, node: int) -> tuple[range, int]:
        """The positions of the ops in the bodies of a node of the top graph, and its own.

        ``node`` is its place in the list of nodes of the top graph.
        """
        own = self.top[node]
        before = self.top[node - 1] if node else self.functions - 1
        return range(before + 1, own), own


@dataclass(frozen=True, slots=True)
class _Body:
    """A graph or function with the path that prefixes its value ids."""

    path: str
    graph: ir.Graph | ir.Function


@dataclass(frozen=True, slots=True)
class _Step:
    """A node to be listed; ``opened`` once its bodies have been listed before it."""

    node: ir.Node
    index: int
    path: str
    opened: bool = False


def flatten(model: ir.Model) -> FlatGraph:
    """List every op of a model, bodies and functions included.

    Raises:
        ReadError: if the graph contains a cycle.
    """
    listing = _Listing()
    functions = {}
    for identifier, function in model.functions.items():
        path = function_path(*identifier)
        functions[identifier] = path
        listing.walk(_Body(path, function))
    in_functions = len(listing.ops)
    listing.walk(_Body("", model.graph))
    edges = tuple(listing.edges(functions))
    predecessors, successors = _neighbours(len(listing.ops), edges)
    return FlatGraph(
        ops=tuple(listing.ops),
        edges=edges,
        order=_topological(predecessors, listing.ops),
        predecessors=predecessors,
        successors=successors,
        weights=listing.weights,
        values=listing.values,
        inputs=tuple(listing.ids[value] for value in model.graph.inputs),
        outputs=tuple(listing.identify(value, "") for value in model.graph.outputs),
        functions=in_functions,
        owners=_owners(listing.ops, in_functions),
        top=tuple(at for at in range(in_functions, len(listing.ops)) if not listing.ops[at].body),
    )


def _owners(ops: list[FlatOp], in_functions: int) -> tuple[int | None, ...]:
    owners: list[int | None] = [None] * in_functions
    for at in range(in_functions, len(ops)):
        if not ops[at].body:  # its bodies were listed right before it
            owners.extend([at] * (at + 1 - len(owners)))
    return tuple(owners)


def function_path(domain: str, name: str, overload: str = "") -> str:
    """The body path of a function: one path for each identifier, and none holds a ``/``.

    >>> function_path("local", "twice"), function_path("a/b", "f", "1")
    ('function:local::twice', 'function:a%2Fb::f::1')
    """
    parts = (domain, name, overload) if overload else (domain, name)
    return "function:" + "::".join(quote(part, safe=" .-_") for part in parts)


class _Listing:
    """Collects the ops of one model in order; edges come last, once every id is known."""

    def __init__(self) -> None:
        self.ops: list[FlatOp] = []
        self.ids: dict[ir.Value, str] = {}
        self.values: dict[str, ir.Value] = {}
        self.weights: dict[str, str] = {}
        self.yields: dict[str, tuple[str, ...]] = {}
        self.nameless: dict[tuple[str, int], str] = {}
        self.claimed: set[str] = set()

    def identify(self, value: ir.Value, path: str) -> str:
        known = self.ids.get(value)
        if known is None:
            name = value.name or "?"
            known = base = f"{path}/{name}" if path else name
            count = 2
            # A file that breaks SSA still gets unique ids.
            while known in self.values or known in self.claimed:
                known = f"{base}~{count}"
                count += 1
            self.ids[value] = known
            self.values[known] = value
        return known

    def walk(self, body: _Body) -> None:
        """List ``body`` and all bodies in it, on a stack: depth cannot exhaust Python's."""
        stack: list[_Body | _Step] = [body]
        while stack:
            item = stack.pop()
            if isinstance(item, _Body):
                stack.extend(reversed(self._enter(item)))
            elif item.opened:
                self._append(item)
            else:
                stack.append(_Step(item.node, item.index, item.path, opened=True))
                stack.extend(reversed(list(_bodies(item.node, self._op_id(item)))))

    def _enter(self, body: _Body) -> list[_Step]:
        for value in body.graph.inputs:
            self.identify(value, body.path)
        if isinstance(body.graph, ir.Graph):
            for value in body.graph.initializers.values():
                self.weights[self.identify(value, body.path)] = value.name or ""
        steps = []
        for index, node in enumerate(body.graph):
            for value in node.outputs:
                if value.name:
                    self.identify(value, body.path)
            steps.append(_Step(node, index, body.path))
        self.yields[body.path] = tuple(
            self.identify(value, body.path) for value in body.graph.outputs
        )
        return steps

    def _op_id(self, step: _Step) -> str:
        for value in step.node.outputs:
            if value.name:
                return self.ids[value]
        claimed = self.nameless.get((step.path, step.index))
        if claimed is None:
            claimed = f"{step.path}/#{step.index}" if step.path else f"#{step.index}"
            while claimed in self.values:
                claimed += "~"
            self.nameless[step.path, step.index] = claimed
            self.claimed.add(claimed)
        return claimed

    def _append(self, step: _Step) -> None:
        node, path = step.node, step.path
        self.ops.append(
            FlatOp(
                index=step.index,
                body=path,
                id=self._op_id(step),
                name=node.name or "",
                op_type=node.op_type,
                domain=node.domain,
                inputs=tuple(
                    "" if value is None else self.identify(value, path) for value in node.inputs
                ),
                outputs=tuple(self.ids.get(value, "") for value in node.outputs),
                metadata=node.metadata_props,
                node=node,
            )
        )

    def edges(self, functions: Mapping[ir.OperatorIdentifier, str]) -> Iterator[Edge]:
        producers = {value: at for at, op in enumerate(self.ops) for value in op.outputs if value}
        for at, op in enumerate(self.ops):
            sources = [op.inputs]
            sources.extend(self.yields[body.path] for body in _bodies(op.node, op.id))
            called = functions.get(op.node.op_identifier())
            if called is not None:
                sources.append(self.yields[called])
            for value in dict.fromkeys(value for group in sources for value in group):
                source = producers.get(value)
                if source is not None:
                    yield Edge(source, at, value)


def _bodies(node: ir.Node, op_id: str) -> Iterator[_Body]:
    for name, attribute in node.attributes.items():
        if attribute.is_ref():  # filled in by the caller of the function, who has the body
            continue
        if attribute.type == ir.AttributeType.GRAPH:
            yield _Body(f"{op_id}/{name}", attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS:
            for index, graph in enumerate(attribute.as_graphs()):
                yield _Body(f"{op_id}/{name}.{index}", graph)


Neighbours = tuple[tuple[int, ...], ...]


def _neighbours(count: int, edges: Iterable[Edge]) -> tuple[Neighbours, Neighbours]:
    before: list[dict[int, None]] = [{} for _ in range(count)]
    after: list[dict[int, None]] = [{} for _ in range(count)]
    for edge in edges:
        before[edge.target][edge.source] = None
        after[edge.source][edge.target] = None
    return tuple(map(tuple, before)), tuple(map(tuple, after))


def _topological(predecessors: Neighbours, ops: list[FlatOp]) -> tuple[int, ...]:
    if all(source < at for at, sources in enumerate(predecessors) for source in sources):
        return tuple(range(len(ops)))
    try:
        return tuple(graphlib.TopologicalSorter(dict(enumerate(predecessors))).static_order())
    except graphlib.CycleError as error:
        at = error.args[1][0]
        raise ReadError(
            f"The graph contains a cycle through op {ops[at].id!r}, so no runtime can run it: "
            "export the model again."
        ) from error
