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

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import onnx

__all__ = [
    "Body",
    "Edge",
    "FlatGraph",
    "FlatOp",
    "Neighbours",
    "function_path",
    "graphs_of",
    "named_functions",
]

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
    proto: onnx.GraphProto | onnx.FunctionProto
    ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class FlatGraph:
    """All ops of a model and the values between them.

    ``weights`` maps the value id of
    each initializer to its name, and ``tensors`` to what the file stores of it
    (see :mod:`hexviz.model.sparse`). ``values`` maps every value id to the
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

    @property
    def order(self) -> range:
        """All positions in an order in which the ops can run: that of the positions."""
        return range(len(self.ops))

    def ops_of(self, node: int) -> tuple[range, int]:
        """The positions of the ops in the bodies of a node of the top graph, and its own.

        ``node`` is its place in the list of nodes of the top graph.
        """
        return range(self.starts[node], self.top[node]), self.top[node]


def function_path(domain: str, name: str, overload: str = "") -> str:
    """The body path of a function: one path for each identifier, and none holds a ``/``.

    >>> function_path("local", "twice"), function_path("a/b", "f", "1")
    ('function:local::twice', 'function:a%2Fb::f::1')
    """
    parts = (domain, name, overload) if overload else (domain, name)
    return "function:" + "::".join(quote(part, safe=" .-_") for part in parts)


def named_functions(proto: onnx.ModelProto) -> Iterator[tuple[str, onnx.FunctionProto]]:
    """The functions of a model, each with the path of its body; no path comes twice."""
    taken: dict[str, int] = {}
    for function in proto.functions:
        path = function_path(function.domain, function.name, function.overload)
        yield _told_apart(path, taken), function


_WITH_GRAPHS = frozenset({onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS})


def graphs_of(node: onnx.NodeProto) -> list[tuple[str, onnx.GraphProto]]:
    """The bodies of a node, each with the part of its path that tells it apart.

    What an attribute holds beside what its type says is nothing to a runtime,
    and no body.
    """
    found: list[tuple[str, onnx.GraphProto]] = []
    for attribute in node.attribute[:]:
        # A reference is filled in by the caller of the function, who has the body.
        if attribute.type in _WITH_GRAPHS and not attribute.ref_attr_name:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found.append((attribute.name, attribute.g))
            else:
                found.extend(
                    (f"{attribute.name}.{at}", graph) for at, graph in enumerate(attribute.graphs)
                )
    if len({name for name, _ in found}) < len(found):  # attributes of one name, which is wrong
        taken: dict[str, int] = {}
        return [(_told_apart(name, taken), graph) for name, graph in found]
    return found


def _told_apart(name: str, taken: dict[str, int]) -> str:
    """A name, or the first one after it that was not taken; ``~`` is in no path of ours."""
    number = taken.get(name, 0) + 1
    taken[name] = number
    return name if number == 1 else f"{name}~{number}"
