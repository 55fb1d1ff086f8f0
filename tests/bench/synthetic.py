"""Graphs of any size, shaped like a transformer's export: about half of the ops auxiliary.

They are valid, and a runtime runs them.
"""

from __future__ import annotations

import random

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["FLAVOURS", "synthetic"]

FLAVOURS = ("metadata", "names", "names, 60 % blanked", "nothing")
"""What such a file says of its ops: as the dynamo exporter, as the TorchScript one, or nothing."""

_LAYER = (  # output, op type, inputs, module; "x" is the layer's input
    ("q", "MatMul", "x w", "attention.query"),
    ("qs", "Constant", "", "attention"),
    ("qr", "Reshape", "q qs", "attention"),
    ("qt", "Transpose", "qr", "attention"),
    ("k", "MatMul", "x w", "attention.key"),
    ("ks", "Constant", "", "attention"),
    ("kr", "Reshape", "k ks", "attention"),
    ("kt", "Transpose", "kr", "attention"),
    ("s", "MatMul", "qt kt", "attention"),
    ("p", "Softmax", "s", "attention"),
    ("ps", "Shape", "p", "attention"),
    ("pc", "Cast", "ps", "attention"),
    ("c", "Reshape", "p pc", "attention"),
    ("d", "MatMul", "c w", "output.dense"),
    ("i", "Identity", "d", "output.dropout"),
    ("a", "Add", "i x", "output"),
    ("n", "LayerNormalization", "a g", "output.norm"),
)
_ATTRIBUTES: dict[str, dict[str, object]] = {
    "Constant": {"value_ints": [1, 1, 2, 2]},
    "Cast": {"to": TensorProto.INT64},
    "Transpose": {"perm": [0, 1, 3, 2]},
}


def synthetic(ops: int, flavour: str) -> bytes:
    """A serialized model of at least ``ops`` ops, one layer after the other."""
    draw = random.Random(0).random  # noqa: S311 - reproducible, nothing to guess
    nodes: list[onnx.NodeProto] = []
    value = "input"
    while len(nodes) < ops:
        layer = f"encoder.layer.{len(nodes) // len(_LAYER)}"
        start = len(nodes)
        inner = {"x": value, "w": "w", "g": "g"}
        for output, op_type, inputs, module in _LAYER:
            inner[output] = f"v{len(nodes)}"
            node = helper.make_node(
                op_type,
                [inner[one] for one in inputs.split()],
                [inner[output]],
                **_ATTRIBUTES.get(op_type, {}),
            )
            if not (flavour.endswith("blanked") and draw() < 0.6):
                _declare(node, f"{layer}.{module}", flavour)
            nodes.append(node)
        value = nodes[-1].output[0]
        assert len(nodes) == start + len(_LAYER)
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [2, 2])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, 1, 2, 2])],
        [
            numpy_helper.from_array(np.array([[0.5, 0.1], [-0.2, 0.4]], np.float32), "w"),
            numpy_helper.from_array(np.array([1, 2], np.float32), "g"),
        ],
    )
    opsets = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def _declare(node: onnx.NodeProto, module: str, flavour: str) -> None:
    steps = module.split(".")
    if flavour.startswith("names"):
        node.name = f"/{'/'.join(steps)}/{node.op_type}_{node.output[0]}"
    elif flavour == "metadata":
        scopes = ["", *(".".join(steps[: end + 1]) for end in range(len(steps))), node.output[0]]
        classes = [*(f"Level{one.count(chr(46))}" for one in scopes[:-1]), "aten.op"]
        for key, text in (
            ("pkg.torch.onnx.name_scopes", repr(scopes)),
            ("pkg.torch.onnx.class_hierarchy", repr(classes)),
            (
                "namespace",
                "/".join(f"{one}: {kind}" for one, kind in zip(scopes, classes, strict=True)),
            ),
            ("pkg.torch.onnx.fx_node", f"%{node.output[0]} : call_function[target={node.op_type}]"),
            ("pkg.torch.onnx.stack_trace", 'File "model.py", line 3, in forward'),
        ):
            node.metadata_props.add(key=key, value=text)
