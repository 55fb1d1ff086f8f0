"""Graphs of any size, shaped like the export of a text encoder, the same bytes each time.

They are valid, and a runtime runs them. What they have in common with real
exports was measured on the samples custom-auxiliary, bert-tiny and resnet-50,
and on gpt2 unoptimised:

- auxiliary ops are 1 to 40 % of an optimised dynamo export, 28 to 63 % of a
  TorchScript one and 61 to 76 % of an unoptimised dynamo one; here 54 %;
- the deepest module is four to nine levels below the root; here six;
- chains of auxiliary ops are 3 to 11 long; here up to seven, and a mask that
  is made at the root serves every layer;
- the dynamo exporter writes 0.9 to 3.0 kB of metadata per op and a type and
  shape for most values; here 1.3 kB, and one for every value.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["FLAVOURS", "synthetic"]

FLAVOURS = ("metadata", "names", "names, 60 % blanked", "nothing")
"""What a file says of its ops: as the dynamo exporter, as the TorchScript one, or nothing."""

_BLANKED = 0.6  # share of the ops of which the third flavour says nothing

# Output, op type, inputs and module. "x" is the layer's input, "mask" the model's;
# "weight", "bias" and "scale" are the module's own.
_PRELUDE = (
    ("size", "Shape", "x", ""),
    ("zeros", "ConstantOfShape", "size", ""),
    ("mask", "Cast", "zeros", ""),
)
_LAYER = (
    ("xs", "Shape", "x", "attention.self"),
    ("xc", "Cast", "xs", "attention.self"),
    ("at", "Constant", "", "attention.self"),
    ("rows", "Gather", "xc at", "attention.self"),
    ("axis", "Constant", "", "attention.self"),
    ("row", "Unsqueeze", "rows axis", "attention.self"),
    ("q", "MatMul", "x weight", "attention.self.query"),
    ("qb", "Add", "q bias", "attention.self.query"),
    ("qh", "Constant", "", "attention.self"),
    ("qto", "Concat", "qh row", "attention.self"),
    ("qr", "Reshape", "qb qto", "attention.self"),
    ("qt", "Transpose", "qr", "attention.self"),
    ("k", "MatMul", "x weight", "attention.self.key"),
    ("kb", "Add", "k bias", "attention.self.key"),
    ("kh", "Constant", "", "attention.self"),
    ("kto", "Concat", "kh row", "attention.self"),
    ("kr", "Reshape", "kb kto", "attention.self"),
    ("kt", "Transpose", "kr", "attention.self"),
    ("v", "MatMul", "x weight", "attention.self.value"),
    ("vb", "Add", "v bias", "attention.self.value"),
    ("vh", "Constant", "", "attention.self"),
    ("vto", "Concat", "vh row", "attention.self"),
    ("vr", "Reshape", "vb vto", "attention.self"),
    ("s", "MatMul", "qt kt", "attention.self"),
    ("root", "Constant", "", "attention.self"),
    ("rooted", "CastLike", "root s", "attention.self"),
    ("sd", "Div", "s rooted", "attention.self"),
    ("sm", "Add", "sd mask", "attention.self"),
    ("p", "Softmax", "sm", "attention.self"),
    ("pd", "Identity", "p", "attention.self.dropout"),
    ("c", "MatMul", "pd vr", "attention.self"),
    ("ct", "Transpose", "c", "attention.self"),
    ("ch", "Constant", "", "attention.self"),
    ("cto", "Concat", "ch row", "attention.self"),
    ("cr", "Reshape", "ct cto", "attention.self"),
    ("d", "MatMul", "cr weight", "attention.output.dense"),
    ("db", "Add", "d bias", "attention.output.dense"),
    ("i", "Identity", "db", "attention.output.dropout"),
    ("a", "Add", "i x", "attention.output"),
    ("n", "LayerNormalization", "a scale", "attention.output.LayerNorm"),
    ("f", "MatMul", "n weight", "intermediate.dense"),
    ("fb", "Add", "f bias", "intermediate.dense"),
    ("g", "Gelu", "fb", "intermediate.activation"),
    ("o", "MatMul", "g weight", "output.dense"),
    ("ob", "Add", "o bias", "output.dense"),
    ("oi", "Identity", "ob", "output.dropout"),
    ("oa", "Add", "oi n", "output"),
    ("y", "LayerNormalization", "oa scale", "output.LayerNorm"),
)
_HEADS: dict[str, Any] = {"value_ints": [1, 1, -1]}
_JOIN: dict[str, Any] = {"axis": 0}
_SAME: dict[str, Any] = {"perm": [0, 1, 2, 3]}
_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "mask": {"to": TensorProto.FLOAT},
    "xc": {"to": TensorProto.INT64},
    "at": {"value_int": 3},
    "axis": {"value_ints": [0]},
    "root": {"value_float": 1.4},
    **dict.fromkeys(("qh", "kh", "vh", "ch"), _HEADS),
    **dict.fromkeys(("qto", "kto", "vto", "cto"), _JOIN),
    **dict.fromkeys(("qt", "ct"), _SAME),
    "kt": {"perm": [0, 1, 3, 2]},
}
_HIDDEN = (TensorProto.FLOAT, (1, 1, 2, 2))
_TYPES: dict[str, tuple[int, tuple[int, ...]]] = {  # of values that are not as the hidden ones
    **dict.fromkeys(("size", "xs", "xc", "qto", "kto", "vto", "cto"), (TensorProto.INT64, (4,))),
    **dict.fromkeys(("at", "rows"), (TensorProto.INT64, ())),
    **dict.fromkeys(("axis", "row"), (TensorProto.INT64, (1,))),
    **dict.fromkeys(("qh", "kh", "vh", "ch"), (TensorProto.INT64, (3,))),
    **dict.fromkeys(("root", "rooted"), (TensorProto.FLOAT, ())),
}
_WEIGHTS = {
    "weight": np.array([[0.5, 0.1], [-0.2, 0.4]], np.float32),
    "bias": np.array([0.1, -0.1], np.float32),
    "scale": np.array([1, 2], np.float32),
}
_STACK = "\n".join(
    f'  File "/usr/lib/python3/site-packages/models/encoder/modeling_encoder.py", line {line}, '
    f"in forward\n    hidden_states = self.{call}(hidden_states, attention_mask)"
    for line, call in ((653, "encoder"), (408, "layer_module"), (312, "attention"))
)


def synthetic(ops: int, flavour: str) -> bytes:
    """A serialized model of at least ``ops`` ops, one layer of 48 after the other.

    ``flavour`` is one of :data:`FLAVOURS`. Where the file says something, each
    module has weights of its own, named for it; else all share the same three.
    """
    draw = random.Random(0).random  # noqa: S311 - reproducible, nothing to guess
    graph = onnx.GraphProto(name="synthetic")
    values = {"x": "input"}
    weights: dict[str, str] = {}
    for number in itertools.count(-1):
        for output, op_type, inputs, inner in _LAYER if number >= 0 else _PRELUDE:
            module = f"encoder.layer.{number}.{inner}" if inner else ""
            read = []
            for one in inputs.split():
                if one in _WEIGHTS:
                    name = one if flavour == "nothing" else f"{module}.{one}"
                    weights[name] = one
                read.append(name if one in _WEIGHTS else values[one])
            values[output] = f"v{len(graph.node)}"
            attributes = _ATTRIBUTES.get(output, {})
            node = helper.make_node(op_type, read, [values[output]], **attributes)
            if not (flavour.endswith("blanked") and draw() < _BLANKED):
                _declare(node, module, flavour)
            graph.node.append(node)
            if flavour == "metadata":
                kind = _TYPES.get(output, _HIDDEN)
                graph.value_info.append(helper.make_tensor_value_info(values[output], *kind))
        if number >= 0:
            values["x"] = values["y"]
            if len(graph.node) >= ops:
                break
    graph.input.append(helper.make_tensor_value_info("input", *_HIDDEN))
    graph.output.append(helper.make_tensor_value_info(values["x"], *_HIDDEN))
    for name, one in weights.items():
        graph.initializer.append(numpy_helper.from_array(_WEIGHTS[one], name))
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _declare(node: onnx.NodeProto, module: str, flavour: str) -> None:
    path = _path(module)
    if flavour.startswith("names"):
        steps = [fqn[len(above) + 1 :] if above else fqn for above, fqn in itertools.pairwise(path)]
        node.name = "/".join(("", *steps, f"{node.op_type}_{node.output[0]}"))
    elif flavour == "metadata":
        classes = [f"models.encoder.{_class(fqn)}" for fqn in path]
        scopes, kinds = [*path, node.output[0]], [*classes, f"aten.{node.op_type.lower()}.default"]
        namespace = "/".join(f"{one}: {kind}" for one, kind in zip(scopes, kinds, strict=True))
        read = ", ".join(f"%{one}" for one in node.input)
        called = f"%{node.output[0]} : [num_users=1] = call_function[target={kinds[-1]}]"
        for key, text in {
            "namespace": namespace,
            "pkg.torch.onnx.class_hierarchy": repr(kinds),
            "pkg.torch.onnx.fx_node": f"{called}(args = ({read}), kwargs = {{}})",
            "pkg.torch.onnx.name_scopes": repr(scopes),
            "pkg.torch.onnx.stack_trace": _STACK,
        }.items():
            node.metadata_props.add(key=key, value=text)


def _path(module: str) -> list[str]:
    """A module and those above it from the root down; lists of layers run nothing.

    >>> _path("encoder.layer.3.output")
    ['', 'encoder', 'encoder.layer.3', 'encoder.layer.3.output']
    """
    steps = module.replace("layer.", "layer ").split(".") if module else []
    whole = [".".join(steps[:end]).replace(" ", ".") for end in range(1, len(steps) + 1)]
    return ["", *whole]


def _class(fqn: str) -> str:
    last = fqn.rpartition(".")[2]
    return f"Encoder{'Layer' if last.isdigit() else last.capitalize()}"
