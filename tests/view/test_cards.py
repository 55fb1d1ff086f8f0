"""The lines that the page shows of an op that is pointed at."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cards import card


def test_a_card_says_types_shapes_and_the_value_of_a_small_constant() -> None:
    few = numpy_helper.from_array(np.array([2, -1]), "few")
    many = numpy_helper.from_array(np.zeros(9, dtype=np.float32), "many")
    damaged = onnx.TensorProto(data_type=TensorProto.FLOAT, dims=[2], raw_data=b"x")
    nodes = [
        helper.make_node("Constant", [], ["few"], value=few),
        helper.make_node("Constant", [], ["many"], value=many),
        helper.make_node("Constant", [], ["ints"], value_ints=[1, 2]),
        helper.make_node("Constant", [], ["damaged"], value=damaged),
        helper.make_node("Sum", ["x"] * 5, ["y"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    proto = helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:]))
    graph = tag(from_proto(proto, name="g"))
    at = {op.outputs[0]: card(graph, position) for position, op in enumerate(graph.ops)}
    assert at["few"][-1] == "= [2, -1]"
    assert at["ints"][-1] == "= [1, 2]"
    for name in ("many", "damaged"):
        assert [line for line in at[name] if line.startswith("=")] == []
    assert at["y"] == ["in float[1, 4], float[1, 4], float[1, 4], and 2 more", "out float[1, 4]"]


def test_a_card_stays_small() -> None:
    many = helper.make_tensor_value_info("x" * 300, TensorProto.FLOAT, list(range(1, 60)))
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node("Relu", ["x" * 300], ["y"])
    graph = tag(
        from_proto(helper.make_model(helper.make_graph([node], "g", [many], [out])), name="g")
    )
    assert len(json.dumps(card(graph, 0))) < 200
