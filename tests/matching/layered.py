"""Models of layers, each with weights of its own, to compare what was done to the layers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import scoped

__all__ = ["WIDTH", "graph_of", "layered"]

WIDTH = 16


def layered(
    layers: Sequence[str] = "abcd",
    *,
    prefix: str = "",
    width: int = WIDTH,
    epsilon: float = 1e-5,
    activation: str = "Relu",
    scopes: bool = True,
) -> onnx.ModelProto:
    """A model of residual layers: a MatMul, an Add, an activation, a residual Add, a normalisation.

    The letter of a layer seeds its weights; its place in the list is its number.
    """
    nodes, weights, modules, classes = [], [], {}, {}
    value = "x"

    def op(kind: str, inputs: Sequence[str], module: str, **attributes: float) -> str:
        output = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        modules[output] = f"{prefix}{module}"
        return output

    for number, letter in enumerate(layers):
        draw = np.random.default_rng(zlib.crc32(letter.encode()))
        layer = f"layer.{number}"
        classes[f"{prefix}{layer}"] = "Block"
        sizes = {"weight": (width, width), "bias": (width,), "scale": (width,)}
        for name, shape in sizes.items():
            array = draw.standard_normal(shape).astype(np.float32)
            weights.append(numpy_helper.from_array(array, f"{prefix}{layer}.{name}"))
        own = [f"{prefix}{layer}.{name}" for name in sizes]
        product = op("MatMul", [value, own[0]], f"{layer}.fc")
        product = op("Add", [product, own[1]], f"{layer}.fc")
        product = op(activation, [product], f"{layer}.act")
        product = op("Add", [product, value], layer)
        value = op("LayerNormalization", [product, own[2]], f"{layer}.norm", epsilon=epsilon)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, width])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, [2, width])],
        weights,
    )
    opsets = [helper.make_opsetid("", 20)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return scoped(proto, modules, classes) if scopes else proto


def graph_of(proto: onnx.ModelProto, name: str = "model.onnx") -> TaggedGraph:
    """The model as hexviz opens it."""
    return tag(from_proto(proto, name=name))
