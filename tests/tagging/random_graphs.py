"""Random graphs with auxiliary and primary ops, some of them declared."""

from __future__ import annotations

import onnx
from hypothesis import strategies as st

from tests.build import scoped

FQNS = ["", "a", "a.x", "a.x.0", "a.y", "b", "b.0", "b.0.c"]
KINDS = {"Neg": 1, "Add": 2, "Reshape": 2, "Identity": 1, "Constant": 0, "Shape": 1, "Concat": 3}


@st.composite
def models(draw: st.DrawFn, most: int = 14) -> onnx.ModelProto:
    """A model in topological order; each op may declare its module, or not."""
    nodes, scopes, values = [], {}, ["x", "i"]
    for at in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(sorted(KINDS)))
        inputs = [draw(st.sampled_from(values)) for _ in range(KINDS[kind])]
        extra = {"value_int": 1} if kind == "Constant" else {}
        nodes.append(onnx.helper.make_node(kind, inputs, [f"v{at}"], **extra))
        values.append(f"v{at}")
        if draw(st.booleans()):
            scopes[f"v{at}"] = draw(st.sampled_from(FQNS))
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "random",
        [info("x", onnx.TensorProto.FLOAT, [2]), info("i", onnx.TensorProto.INT64, [1])],
        [info(nodes[-1].output[0], onnx.TensorProto.FLOAT, None)],
    )
    return scoped(onnx.helper.make_model(graph), scopes)


@st.composite
def repeated(draw: st.DrawFn) -> onnx.ModelProto:
    """The same few ops in each of several blocks; what is declared of them differs by block."""
    body = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(KINDS)),
                st.sampled_from(["", ".one", ".two", ".two.in"]),
                st.integers(0, 3),
            ),
            min_size=2,
            max_size=5,
        )
    )
    nodes, scopes, last = [], {}, "x"
    for block in range(draw(st.integers(3, 5))):
        inner = [last]
        for kind, below, reach in body:
            output = f"v{len(nodes)}"
            inputs = [inner[-1 - (reach + at) % len(inner)] for at in range(KINDS[kind])]
            extra = {"value_int": 1} if kind == "Constant" else {}
            nodes.append(onnx.helper.make_node(kind, inputs, [output], **extra))
            inner.append(output)
            if draw(st.integers(0, 3)):
                scopes[output] = f"l.{block}{below}"
        last = inner[-1]
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "repeated",
        [info("x", onnx.TensorProto.FLOAT, [2]), info("i", onnx.TensorProto.INT64, [1])],
        [info(last, onnx.TensorProto.FLOAT, None)],
    )
    classes = {
        f"l.{block}{below}": kind
        for block in range(5)
        for below, kind in (("", "Block"), (".one", "Leaf"), (".two", "Pair"), (".two.in", "Leaf"))
    }
    return scoped(onnx.helper.make_model(graph), scopes, draw(st.sampled_from([{}, classes])))
