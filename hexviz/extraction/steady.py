"""Arithmetic on shapes: what computes scalars and vectors from nothing but shapes and constants.

::

    Shape(x) ─▶ Gather ─▶ Mul ─▶ Concat ─▶ Reshape      Mul is arithmetic on shapes
    weight ───▶ MatMul                                  a matrix is not

The exporters write it with the ops of real arithmetic (Mul, Div, Floor), so no
table of op types tells it apart; where its values come from does.
"""

from __future__ import annotations

import onnx

from hexviz.model.graph import TaggedGraph
from hexviz.model.once import once

__all__ = ["Steady", "is_constant", "is_random"]

_ONNX = ("", "ai.onnx")  # two names of one domain


class Steady:
    """Which nodes of a top graph depend on nothing but shapes and constants."""

    def __init__(self, graph: TaggedGraph) -> None:
        self._graph = graph

    def is_shape_arithmetic(self, node: int) -> bool:
        """Whether a node makes only scalars and vectors, from nothing but shapes and constants."""
        makes = self._graph.top.makes[node]
        # What the file says of shapes settles most at once; to infer them takes longer.
        if any(self._is_larger(name) for name in makes) or node not in self._steady:
            return False
        shapes = (self._graph.value(name).shape for name in makes)
        return all(shape is not None and len(shape) <= 1 for shape in shapes)

    def _is_larger(self, name: str) -> bool:
        told = self._graph.top.told(name)
        return told is not None and len(told.type.tensor_type.shape.dim) > 1

    @once
    def _steady(self) -> frozenset[int]:
        top = self._graph.top
        nodes = top.proto.graph.node
        flat = self._graph.flat
        found: set[int] = set()
        for at in flat.order:
            op = flat.ops[at]
            if op.body:
                continue
            node = nodes[op.number]
            if node.domain not in _ONNX:
                continue
            if node.op_type in ("Shape", "Size") or (
                not is_random(node)
                and all(
                    name in top.weights or top.maker.get(name) in found
                    for name in top.reads[op.number]
                )
            ):
                found.add(op.number)
        return frozenset(found)


def is_constant(node: onnx.NodeProto) -> bool:
    """Whether a node is a Constant, which every part has a copy of."""
    return node.op_type == "Constant" and node.domain in _ONNX


_RANDOM = frozenset(
    {
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)
"""The ops that draw numbers, by ONNX's operator reference.

The schemas' own flag does not tell: it also marks every op with a body.
"""


def is_random(node: onnx.NodeProto) -> bool:
    """Whether running a node twice may give two results, by itself or by an op in its bodies.

    A Dropout draws only if it is told to train, by its third input.
    """
    pending = [node]
    while pending:
        one = pending.pop()
        if one.domain in _ONNX and (
            one.op_type in _RANDOM or (one.op_type == "Dropout" and any(one.input[2:]))
        ):
            return True
        for attribute in one.attribute:
            pending.extend(attribute.g.node)
            pending.extend(inner for graph in attribute.graphs for inner in graph.node)
    return False
