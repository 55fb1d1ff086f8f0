"""What every part can have a copy of: constants, and arithmetic on shapes.

::

    wq, scale ─▶ DequantizeLinear ─▶ Transpose ─▶ MatMul    both are constants, MatMul is not
    Shape(x) ─▶ Gather ─▶ Mul ─▶ Concat ─▶ Reshape          Mul is arithmetic on shapes
    weight ───▶ MatMul                                      a matrix is not

A constant depends on weights alone; arithmetic on shapes makes scalars and
vectors from nothing but shapes and constants. The exporters write both with the
ops of real arithmetic (Mul, Div, Floor), so no table of op types tells them
apart; where their values come from does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import onnx

from hexviz.model.bodies import walk
from hexviz.model.cached import cached_property
from hexviz.model.function_calls import FunctionKey, callers, key_of
from hexviz.model.graph import TaggedGraph

__all__ = ["Constants", "is_random", "random_functions"]

_ONNX = ("", "ai.onnx")  # two names of one domain

_LONGEST = 128
"""Ops that a constant is computed by at most, one that is read twice counted twice. More of them
are not how a weight is stored but work of the model: a whole text encoder may depend on weights
alone, and is not to be copied into each part that reads what it makes."""


class Constants:
    """Which nodes of a top graph depend on nothing but shapes and constants."""

    def __init__(self, graph: TaggedGraph) -> None:
        self._graph = graph

    def is_constant(self, node: int) -> bool:
        """Whether a node is a Constant, or depends on weights alone, through few other ops."""
        return node in self._constants

    def is_shape_arithmetic(self, node: int) -> bool:
        """Whether a node makes only scalars and vectors, from nothing but shapes and constants."""
        makes = self._graph.top.makes[node]
        # What the file says of shapes settles most at once; to infer them takes longer.
        if any(self._is_larger(name) for name in makes) or node not in self._from_shapes:
            return False
        shapes = (self._graph.value(name).shape for name in makes)
        return all(shape is not None and len(shape) <= 1 for shape in shapes)

    def _is_larger(self, name: str) -> bool:
        declared = self._graph.top.declared(name)
        return declared is not None and len(declared.type.tensor_type.shape.dim) > 1

    @cached_property
    def _constants(self) -> frozenset[int]:
        """Found from what is constant by itself: only what reads that is looked at."""
        top = self._graph.top
        proto = self._graph.proto
        # What a caller may replace is no constant, though it has a value in the file.
        given = {value.name for value in proto.graph.input}
        weights = {name for name in (*top.weights, *top.sparse_weights) if name not in given}
        drawing = random_functions(proto)
        lengths = dict.fromkeys(self._constant_ops(), 0)
        known = [*weights, *(name for node in lengths for name in top.makes[node])]
        open_reads: dict[int, int] = {}
        while known:
            for node in top.readers.get(known.pop(), ()):
                open_reads[node] = open_reads.get(node, len(top.reads[node])) - 1
                if open_reads[node] or node in lengths:
                    continue
                # What reads nothing may make something else each time: it is never met here.
                made = [top.maker[name] for name in top.reads[node] if name in top.maker]
                length = 1 + sum(lengths[maker] for maker in made)
                if length <= _LONGEST and not is_random(proto.graph.node[node], drawing):
                    lengths[node] = length
                    known += top.makes[node]
        return frozenset(lengths)

    def _constant_ops(self) -> Iterator[int]:
        columns = self._graph.flat.columns
        for node, at in enumerate(self._graph.flat.top):
            if columns.op_types[at] == "Constant" and columns.domains[at] in _ONNX:
                yield node

    @cached_property
    def _from_shapes(self) -> frozenset[int]:
        top, proto = self._graph.top, self._graph.proto
        drawing = random_functions(proto)
        found: set[int] = set()
        for number in self._graph.flat.run_order:
            node = proto.graph.node[number]
            if node.domain not in _ONNX:
                continue
            if node.op_type in ("Shape", "Size") or (
                not is_random(node, drawing)
                and all(
                    name in top.weights or top.maker.get(name) in found
                    for name in top.reads[number]
                )
            ):
                found.add(number)
        return frozenset(found)


_RANDOM = frozenset(
    {
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Sampling",
    }
)
"""The ops that draw numbers, by the operator references of ONNX and ONNX Runtime.

The schemas' own flag does not tell: it also marks every op with a body.
"""

_KNOWN = (*_ONNX, "com.microsoft")


def is_random(node: onnx.NodeProto, drawing: Collection[FunctionKey] = ()) -> bool:
    """Whether running a node twice may give two results, by itself or by an op in its bodies.

    ``drawing`` are the functions that do (:func:`random_functions`). A Dropout
    draws only if it is told to train, by its last inputs.
    """
    for one in walk([node]):
        if one.domain in _KNOWN and (
            one.op_type in _RANDOM or (one.op_type.endswith("Dropout") and any(one.input[2:]))
        ):
            return True
        if drawing and (one.domain, one.op_type, one.overload) in drawing:
            return True
    return False


def random_functions(proto: onnx.ModelProto) -> set[FunctionKey]:
    """The functions of a model that draw numbers, themselves or by what they call."""
    if not proto.functions:
        return set()
    return callers(proto, (key_of(one) for one in proto.functions if any(map(is_random, one.node))))
