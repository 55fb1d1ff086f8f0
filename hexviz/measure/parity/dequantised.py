"""A graph whose 8-bit values can be looked at, and replaced, as the floats that they stand for.

::

    x_q ─ QLinearConv ─ y_q ─ QLinearAdd ─ …
    x_q ─ QLinearConv ─ y_q ─ DequantizeLinear ─ y ─ QuantizeLinear ─ y_b ─ QLinearAdd ─ …

To quantise again what was dequantised, by the same scale, gives the same 8 bits: no number of the
graph changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import onnx

from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["FLOAT", "with_floats"]

FLOAT = ":float"
"""Behind the name of an 8-bit value: the floats that it stands for."""

_AGAIN, _STORED = ":again", ":stored"

_SCALES: Mapping[str, int] = MappingProxyType(
    {
        "QLinearConv": 6,
        "QLinearMatMul": 6,
        "QLinearAdd": 6,
        "QLinearMul": 6,
        "QGemm": 7,
        "QLinearSigmoid": 3,
        "QLinearLeakyRelu": 3,
        "QLinearSoftmax": 3,
        "QLinearGlobalAveragePool": 3,
        "QLinearAveragePool": 3,
        "QLinearReduceMean": 3,
        "QLinearConcat": 0,
    }
)
"""Op type → the place of its output's scale among its inputs; the zero point is the next one."""


def with_floats(graph: TaggedGraph) -> TaggedGraph:
    """The graph with the floats of what ops on 8 bits make; the same one if there are none."""
    if not any(node.op_type in _SCALES for node in graph.proto.graph.node):
        return graph
    proto = onnx.ModelProto()
    proto.CopyFrom(graph.proto)
    del proto.graph.node[:]
    renamed: dict[str, str] = {}
    results = {one.name for one in proto.graph.output}
    for at in (op.number for op in graph.flat.ops if not op.body):
        node = proto.graph.node.add()
        node.CopyFrom(graph.proto.graph.node[at])
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
        place = _SCALES.get(node.op_type, -1)
        scale = list(node.input[place : place + 2]) if place >= 0 else []
        if len(scale) < 2 or not all(scale) or node.output[0] in results:
            continue
        name = node.output[0]
        float_name, again = name + FLOAT, name + _AGAIN
        for kind, read, made in (
            ("DequantizeLinear", name, float_name),
            ("QuantizeLinear", float_name, again),
            ("DequantizeLinear", again, name + _STORED),
        ):
            proto.graph.node.add(op_type=kind, input=[read, *scale], output=[made], name=made)
        renamed[name] = again
    return tag(from_proto(proto, name=graph.name, base_dir=graph.base_dir))
