"""Graphs in graphs: the bodies of If, Loop and Scan, and functions; the one walk through them.

::

    y = If(c)                  walk             y, t, e
      then: t = Add(x, k)      walk_bodies      "", "y/then_branch", "y/else_branch"
      else: e = Sub(x, k)

Nothing here recurses: depth cannot exhaust Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

import onnx

__all__ = [
    "Graph",
    "all_graphs",
    "function_path",
    "graphs_in",
    "graphs_of",
    "graphs_within",
    "named_functions",
    "nodes_with_graphs",
    "walk",
    "walk_bodies",
]

Graph = onnx.GraphProto | onnx.FunctionProto


def walk(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """These nodes and all in their bodies, however deep.

    The bodies of a node are looked at when the next node is asked for, so they may be changed
    until then.
    """
    pending = list(nodes)
    while pending:
        node = pending.pop()
        yield node
        for graph in graphs_in(node):
            pending.extend(graph.node)


def walk_bodies(
    proto: onnx.ModelProto, id_of: Callable[[str, int, onnx.NodeProto], str]
) -> Iterator[tuple[str, Graph]]:
    """All graphs and functions of a model, each with its path; the top graph's is ``""``.

    ``id_of`` gives the id of a node from the path of its body, its index there and itself; the
    paths of its bodies begin with it. Nodes may be sorted anew until the next body is asked for.
    """
    pending: list[tuple[str, Graph]] = [*reversed([*named_functions(proto)]), ("", proto.graph)]
    while pending:
        path, graph = pending.pop()
        yield path, graph
        for index, node in enumerate(graph.node):
            if inner := graphs_of(node):
                own = id_of(path, index, node)
                pending.extend((f"{own}/{name}", body) for name, body in inner)


def all_graphs(proto: onnx.ModelProto) -> Iterator[Graph]:
    """The graph of a model, its functions, and everything that their nodes hold as a graph."""
    yield from graphs_within(proto.graph)
    for function in proto.functions:
        yield function
        for node in walk(function.node):
            yield from graphs_in(node)


def graphs_within(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph, and everything that its nodes and those in their bodies hold as a graph."""
    yield graph
    for node in walk(graph.node):
        yield from graphs_in(node)


def graphs_in(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Everything that a node's attributes hold as a graph, whatever their type says.

    For what must not overlook anything; what a runtime runs is :func:`graphs_of`.
    """
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


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


def nodes_with_graphs(nodes: Sequence[onnx.NodeProto]) -> list[int]:
    """The numbers of the nodes that have bodies."""
    found = [
        number
        for number, attributes in enumerate([node.attribute[:] for node in nodes])
        if attributes and any(one.type in _WITH_GRAPHS for one in attributes)
    ]
    return [number for number in found if graphs_of(nodes[number])]


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


def _told_apart(name: str, taken: dict[str, int]) -> str:
    """A name, or the first one after it that was not taken; ``~`` is in no path of ours."""
    number = taken.get(name, 0) + 1
    taken[name] = number
    return name if number == 1 else f"{name}~{number}"
