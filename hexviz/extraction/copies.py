"""Whether a part is made of copies: its ops, weights and functions as in the whole.

A run need not show that one differs: rows of a table may not be looked up in
it, one branch of an If is not taken, and small numbers drown in the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from hexviz.model.bodies import graphs_in, walk
from hexviz.model.function_calls import key_of

__all__ = ["what_differs"]


def what_differs(whole: onnx.ModelProto, parts: Iterable[onnx.ModelProto]) -> str | None:
    """A line about the first thing in a part that is no copy, or ``None``.

    Metadata and documentation do not count.
    """
    weights = {tensor.name: tensor for tensor in whole.graph.initializer}
    sparse = {tensor.values.name: tensor for tensor in whole.graph.sparse_initializer}
    nodes = {_name(node): node for node in whole.graph.node}
    functions = {key_of(one): one for one in whole.functions}
    for part in parts:
        for tensor in part.graph.initializer:
            if weights.get(tensor.name) != tensor:
                return f"The weight {tensor.name!r} is not the one of the whole model."
        for one in part.graph.sparse_initializer:
            if sparse.get(one.values.name) != one:
                return f"The weight {one.values.name!r} is not the one of the whole model."
        for node in part.graph.node:
            original = nodes.get(_name(node))
            if original is None or _bare([node]) != _bare([original]):
                return f"The op {_name(node)!r} is not as in the whole model."
        for function in part.functions:
            known = functions.get(key_of(function))
            if known is None or _bare(function.node) != _bare(known.node):
                return f"The function {function.name!r} is not as in the whole model."
    return None


def _name(node: onnx.NodeProto) -> str:
    return next((name for name in node.output if name), node.name)


def _bare(nodes: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Copies of nodes without metadata and documentation, in all their bodies.

    In bodies, and in the list itself, they are sorted by name: a part has them in an order in
    which they can run, a file in any.
    """
    copies = []
    for node in sorted(nodes, key=_name):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copies.append(copy)
    for node in walk(copies):
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
        for body in graphs_in(node):
            listed = onnx.GraphProto()
            listed.node.extend(sorted(body.node, key=_name))
            del body.node[:]
            body.node.extend(listed.node)
    return copies
