"""What ONNX's checker refuses in the whole file is not held against a part; all else is."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hexviz.api import TaggedGraph
from hexviz.app.panels.extract.export import verdict
from hexviz.extraction.check import Checks, check
from hexviz.extraction.part import Part
from hexviz.extraction.report import unjudged_in_words
from tests.build import scoped, tagged

FLOAT = onnx.TensorProto.FLOAT
NORM = {"op_type": "SimplifiedLayerNormalization", "axis": -1, "epsilon": 1e-5, "stash_type": 1}


def net(kind: dict[str, object], opset: int = 14, version: int = 8) -> onnx.ModelProto:
    """Two layers of a norm, of some kind, and a Mul."""
    nodes, last = [], "x"
    for at in "01":
        nodes.append(helper.make_node(inputs=[last, f"w{at}"], outputs=[f"n{at}"], **kind))
        nodes.append(helper.make_node("Mul", [f"n{at}", f"v{at}"], [f"m{at}"]))
        last = f"m{at}"
    nodes.append(helper.make_node("Relu", [last], ["y"]))
    weights = [
        numpy_helper.from_array(np.full(3, number + 1, np.float32), name)
        for number, name in enumerate(["w0", "v0", "w1", "v1"])
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", FLOAT, ["n", 3])],
        weights,
    )
    imports = [helper.make_opsetid("", opset)]
    proto = helper.make_model(graph, opset_imports=imports, ir_version=version)
    return scoped(proto, {"n0": "a.norm", "m0": "a", "n1": "b.norm", "m1": "b", "y": "head"})


def part_of(proto: onnx.ModelProto, *modules: str) -> Part:
    return TaggedGraph.of(tagged(proto)).extract(modules or ["b"])


def in_a_body() -> onnx.ModelProto:
    proto = net({"op_type": "Mul"})
    inner = helper.make_node(inputs=["n1", "v1"], outputs=["t"], **NORM)
    other = helper.make_node(inputs=["n1", "v1"], outputs=["e"], **NORM)
    proto.graph.node[3].CopyFrom(
        helper.make_node(
            "If",
            ["c"],
            ["m1"],
            then_branch=helper.make_graph([inner], "t", [], [_value("t")]),
            else_branch=helper.make_graph([other], "e", [], [_value("e")]),
        )
    )
    proto.graph.initializer.append(numpy_helper.from_array(np.array(True), "c"))
    return scoped(proto, {"m1": "b"})


def in_a_body_without_shapes() -> onnx.ModelProto:
    """As exporters write bodies: their outputs have a type, and no shape."""
    proto = in_a_body()
    for attribute in proto.graph.node[3].attribute:
        attribute.g.output[0].type.tensor_type.ClearField("shape")
    return proto


def in_a_function() -> onnx.ModelProto:
    proto = net({"op_type": "Norm", "domain": "local"})
    inner = helper.make_node(inputs=["u", "w"], outputs=["v"], **NORM)
    imports = [helper.make_opsetid("", 14)]
    proto.functions.append(helper.make_function("local", "Norm", "uw", "v", [inner], imports))
    proto.opset_import.add(domain="local", version=1)
    return proto


def without_shapes() -> onnx.ModelProto:
    proto = net({"op_type": "Mul"})
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.ClearField("shape")
    return proto


def with_a_wrong_value_info() -> onnx.ModelProto:
    proto = net({"op_type": "Mul"})
    proto.graph.value_info.append(helper.make_tensor_value_info("n1", FLOAT, ["n", 7]))
    return proto


def without_a_name() -> onnx.ModelProto:
    proto = net({"op_type": "Mul"})
    proto.graph.name = ""
    return proto


def _value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, FLOAT, ["n", 3])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: net(NORM), "No Op registered for SimplifiedLayerNormalization"),
        (lambda: net({"op_type": "LayerNormalization"}), "No Op registered for LayerNormalization"),
        (lambda: net({"op_type": "Mul", "domain": "ai.onnx"}), "domain 'ai.onnx'"),
        (lambda: net({"op_type": "BiasGelu", "domain": "com.microsoft"}), "'com.microsoft'"),
        (lambda: net({"op_type": "Mul"}, version=3), "in initializer but not in graph input"),
        (in_a_body, "No Op registered"),
        (in_a_body_without_shapes, "No Op registered"),
        (in_a_function, "No Op registered"),
        (without_a_name, "Field 'name' of 'graph'"),
        (with_a_wrong_value_info, "n1: Inferred shape and existing shape differ"),
    ],
)
def test_what_the_runtime_takes_is_cut(make: Callable[[], onnx.ModelProto], said: str) -> None:
    proto = make()
    assert not check(proto, None).sound
    for part in (part_of(proto), part_of(proto, "a", "b")):
        checks = part.checks
        assert (checks.sound, checks.ok, checks.checker) == (True, True, None)
        assert part.verify().ok
        assert any(said in one for one in checks.unjudged) or "w1" not in part.subgraph.weights
    told = part_of(proto, "").checks
    assert any(said in one for one in told.unjudged), told.unjudged
    assert said in unjudged_in_words(told.unjudged)
    assert told.record()["unjudged"] == list(told.unjudged)


def test_what_was_not_judged_is_told_with_the_proof() -> None:
    part = part_of(net(NORM), "")
    said = str(verdict(part.verify(), part.checks.unjudged))
    assert "so it was not judged here: SimplifiedLayerNormalization: No Op registered" in said
    assert "not judged" not in str(verdict(part.verify(), ()))


@pytest.mark.parametrize("domain", ["", "invented"])
def test_what_no_runtime_knows_is_cut_as_far_as_can_be_told(domain: str) -> None:
    proto = net({"op_type": "Invented", "domain": domain})
    proto.graph.value_info.extend([_value("n0"), _value("n1")])
    checks = part_of(proto).checks
    assert (checks.sound, checks.ok, checks.unsupported) == (True, False, True)


def _lose_a_node(proto: onnx.ModelProto) -> None:
    del proto.graph.node[0]


def _lose_a_weight(proto: onnx.ModelProto) -> None:
    del proto.graph.initializer[0]


def _turn_round(proto: onnx.ModelProto) -> None:
    nodes = [onnx.NodeProto.FromString(one.SerializeToString()) for one in proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(reversed(nodes))


def _another_op(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].op_type = "Invented"


def _another_attribute(proto: onnx.ModelProto) -> None:
    proto.graph.node[1].attribute.append(helper.make_attribute("invented", 1))


def _another_shape(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7


def _another_rank(proto: onnx.ModelProto) -> None:
    del proto.graph.output[0].type.tensor_type.shape.dim[1:]


def _another_type(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64


def _another_version(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].domain = "elsewhere"


@pytest.mark.parametrize(
    "harm",
    [
        _lose_a_node, _lose_a_weight, _turn_round, _another_op, _another_attribute,
        _another_shape, _another_rank, _another_type, _another_version,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [NORM, {"op_type": "LayerNormalization"}])
def test_a_fault_of_the_part_itself_is_seen_beside_an_op_the_checker_does_not_know(
    kind: dict[str, object], harm: Callable[[onnx.ModelProto], None]
) -> None:
    part = part_of(net(kind))
    assert part.checks.sound
    broken = onnx.ModelProto()
    broken.CopyFrom(part.model)
    harm(broken)
    checks: Checks = check(broken, None, part.whole.proto)
    assert not checks.sound, checks


def test_a_fault_in_a_body_is_seen_beside_an_op_the_checker_does_not_know() -> None:
    part = part_of(in_a_body())
    assert part.checks.sound
    broken = onnx.ModelProto()
    broken.CopyFrom(part.model)
    [owner] = [one for one in broken.graph.node if one.op_type == "If"]
    owner.attribute[0].g.node[0].input[0] = "nowhere"
    assert not check(broken, None, part.whole.proto).sound


def test_a_new_contradiction_is_seen_beside_one_of_the_whole() -> None:
    part = part_of(with_a_wrong_value_info(), "a", "b")
    assert part.checks.sound
    broken = onnx.ModelProto()
    broken.CopyFrom(part.model)
    broken.graph.value_info.append(helper.make_tensor_value_info("m0", FLOAT, ["n", 9]))
    checks = check(broken, None, part.whole.proto)
    assert not checks.sound
    assert "m0" in str(checks.checker)


def test_inputs_without_a_shape_get_that_of_a_run() -> None:
    proto = without_shapes()
    assert not check(proto, None).sound
    assert all(part_of(proto, name).checks.ok for name in ("a", "b", ""))
