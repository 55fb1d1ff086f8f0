"""A part's report, and that its proof can fail."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.api import TaggedGraph, load
from hexviz.extraction.part import Part
from hexviz.extraction.report import came_along, kept_by_why
from tests.build import parse, scoped, tagged

# Two inputs of one shape, so that they can be swapped; a weight, and a constant.
NET = """g (float[2,3] x, float[2,3] z) => (float[2,3] y) <float[3] w = {1, 2, 3}> {
    a = Neg (x)
    b = Exp (z)
    k = Constant <value = float[3] {4, 5, 6}> ()
    c = Sub (a, b)
    d = Mul (c, w)
    e = Add (d, k)
    y = Relu (e)
}"""
SCOPES = {"a": "", "b": "", "k": "", "c": "m", "d": "m", "e": "m", "y": "head"}


@pytest.fixture
def graph() -> TaggedGraph:
    return TaggedGraph.of(tagged(scoped(parse(NET), SCOPES)))


@pytest.fixture
def part(graph: TaggedGraph) -> Part:
    return graph.extract(["m"])


def node(part: Part, output: str) -> onnx.NodeProto:
    return next(one for one in part.model.graph.node if output in one.output)


def test_a_right_part_is_proved(part: Part) -> None:
    verified = part.verify()
    assert verified.ok
    assert verified.max_abs_error == {"e": 0.0}
    assert verified.runtime.startswith("onnxruntime ")
    assert part.verification is verified


def test_a_removed_constant_is_seen(part: Part) -> None:
    part.model.graph.node.remove(node(part, "k"))
    verified = part.verify()
    assert not verified.ok
    assert verified.message.startswith("The part cannot be run: ")


def test_swapped_inputs_of_an_op_are_seen(part: Part) -> None:
    node(part, "c").input[:] = ["b", "a"]
    verified = part.verify()
    assert not verified.ok
    assert "elements differ" in verified.outputs[0].note


def test_swapped_inputs_of_the_part_are_seen(part: Part) -> None:
    for one in part.model.graph.node:
        one.input[:] = [{"a": "b", "b": "a"}.get(name, name) for name in one.input]
    assert not part.verify().ok


def test_a_changed_weight_is_seen(part: Part) -> None:
    (weight,) = part.model.graph.initializer
    weight.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 2, 3.001], np.float32), "w"))
    verified = part.verify()
    assert not verified.ok
    assert 0 < verified.max_abs_error["e"] < 1


def test_a_changed_weight_that_no_run_shows_is_seen() -> None:
    text = """g (int64[1] i) => (float[1,2] y) <float[3,2] t = {1, 2, 3, 4, 5, 6}> {
        z = Sub (i, i)
        y = Gather (t, z)
    }"""
    part = TaggedGraph.of(tagged(scoped(parse(text), {"z": "", "y": "m"}))).extract(["m"])
    (weight,) = part.model.graph.initializer
    weight.float_data[5] = 7
    verified = part.verify()
    assert verified.max_abs_error == {"y": 0.0}
    assert not verified.ok
    assert verified.message == "The weight 't' is not the one of the whole model."


def test_an_output_that_is_missing_is_seen(part: Part) -> None:
    part.model.graph.output[0].name = "d"
    verified = part.verify()
    assert [(one.name, one.ok) for one in verified.outputs] == [("d", True), ("e", False)]


def test_the_checks_can_fail(part: Part) -> None:
    node(part, "c").op_type = "Sub2"
    assert part.checks.checker is not None
    assert not part.checks.sound


def test_given_inputs_are_those_of_the_whole(part: Part) -> None:
    ones = np.ones((2, 3), np.float32)
    verified = part.verify({"x": ones, "z": ones})
    assert (verified.ok, verified.inputs) == (True, "given")


def test_the_report_says_what_was_done(part: Part) -> None:
    told = part.report
    assert told["selection"] == {"modules": ["m"], "exclude": [], "ops": []}
    assert told["policy"] == "include_context"
    assert told["kept"] == {
        "ops": 4,
        "selected": 3,
        "carried": 1,
        "why": {"constant": 1, "selected": 3},
    }
    assert told["carried"] == [{"op": "k", "op_type": "Constant", "module": "", "why": "constant"}]
    assert told["inputs"][0] == {
        "name": "a",
        "type": "float[2, 3]",
        "dtype": "float",
        "shape": [2, 3],
        "bytes": 24,
        "from": {"op": "a", "op_type": "Neg", "module": ""},
        "read_by": ["m"],
    }
    assert told["outputs"][0]["read_by"] == ["head"]
    assert not told["outputs"][0]["model_output"]
    assert told["checks"]["ok"]
    assert (told["size"]["weights"], told["size"]["weight_bytes"]) == (1, 12)
    assert told["verification"] is None
    part.verify()
    assert part.report["verification"]["ok"]
    json.dumps(part.report)


def test_ops_in_bodies_are_told(graph: TaggedGraph) -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <
            then_branch = t () => (float[2] o) { i = Neg (x)  o = Exp (i) },
            else_branch = e () => (float[2] p) { p = Exp (x) }
        >
    }"""
    other = TaggedGraph.of(tagged(parse(text)))
    inner = next(op.id for op in other.ops if op.op_type == "Neg")
    told = other.extract(ops=[inner]).report
    assert told["kept"] == {"ops": 4, "selected": 0, "carried": 0, "why": {"encloses": 1}}
    assert len(told["enclosed"]) == 2
    assert told["around"] == [
        {
            "op": "y",
            "op_type": "If",
            "module": "",
            "selected": [""],
            "besides": [""],
            "ops": 2,
        }
    ]


def test_what_comes_along_around_a_selected_op_is_said_in_words() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (bool c, float[2] x) => (float[2] z) {
        y = If (c) <
            then_branch = t () => (float[2] o) { i = Neg (x)  o = Exp (i) },
            else_branch = e () => (float[2] p) { p = Exp (x) }
        >
        z = local.twice (y)
    }
    <domain: "local", opset_import: ["" : 20]> twice (u) => (w) { v = Neg (u)  w = Neg (v) }"""
    proto = parse(text)
    [then, other] = [attribute.g for attribute in proto.graph.node[0].attribute]
    for nodes, names in (
        (then.node, ["layer.0", "layer.1"]),
        (other.node, ["layer.1"]),
        (proto.functions[0].node, ["f.a", "f.b"]),
    ):
        for node, name in zip(nodes, names, strict=True):
            scopes, kinds = repr(["", name, "op"]), repr(["Model", "Layer", "aten.op"])
            node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
            node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=kinds)
    whole = TaggedGraph.of(tagged(proto))
    told = whole.extract(["layer.0"]).report
    assert kept_by_why(told) == ["1 around selected ones (If y)", "3 in their bodies"]
    [line] = came_along(told)
    assert line.startswith("If y comes whole, because a body cannot be cut and it has ops of layer")
    assert line.endswith(
        "layer.0 inside: along with them, 2 ops that were not selected, of layer.1."
    )
    [line] = came_along(whole.extract(["f.a"]).report)
    assert line.startswith("twice z comes whole")
    assert line.endswith("of f.a inside: along with them, 1 op that was not selected, of f.b.")
    inside = [op.id for op in whole.ops if op.body.startswith("y/")]
    [line] = came_along(whole.extract(ops=inside).report)
    assert line.endswith("it has ops of layer.0 and layer.1 inside.")


def test_the_file_carries_its_report(part: Part, tmp_path: Path) -> None:
    part.verify()
    part.save(tmp_path / "part.onnx")
    stored = {one.key: one.value for one in onnx.load(tmp_path / "part.onnx").metadata_props}
    assert (
        json.loads(next(text for key, text in stored.items() if key.startswith("hexviz.part.")))
        == part.report
    )
    opened = load(tmp_path / "part.onnx")
    assert [(op.id, op.tag) for op in opened.ops if op.module == "m"] == [
        (name, "/Module/Module.m") for name in "cde"
    ]
    assert all(not one.key.startswith("hexviz.part") for one in part.model.metadata_props)


def test_what_was_left_out_cannot_be_proved(tmp_path: Path) -> None:
    from hexviz.errors import ExtractionError
    from hexviz.model.reader import WEIGHTS_LEFT_OUT

    proto = scoped(parse(NET), SCOPES)
    weight = proto.graph.initializer[0]
    weight.ClearField("float_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    part = TaggedGraph.of(tagged(proto)).extract(["m"])
    assert part.checks.sound
    assert "weights were left out" in (part.checks.runtime or "")
    with pytest.raises(ExtractionError, match="The whole model cannot be run: The weights were"):
        part.verify()


def test_a_changed_branch_that_is_not_taken_is_seen() -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        z = Neg (x)
        y = If (c) <
            then_branch = t () => (float[2] o) { o = Add (z, z) },
            else_branch = e () => (float[2] p) { p = Exp (z) }
        >
    }"""
    part = TaggedGraph.of(tagged(scoped(parse(text), {"z": "", "y": "m"}))).extract(["m"])
    assert part.verify().ok  # tags in bodies are no difference
    part.model.graph.node[0].attribute[1].g.node[0].op_type = "Abs"
    verified = part.verify()
    assert not verified.ok
    assert verified.message == "The op 'y' is not as in the whole model."


def test_a_changed_function_that_is_not_seen_in_a_run_is_seen() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] y) { a = Mul (x, x)  y = local.f (a) }
    <domain: "local", opset_import: ["" : 20]> f (u) => (v) { v = Abs (u) }"""
    part = TaggedGraph.of(tagged(scoped(parse(text), {"a": "", "y": "m"}))).extract(["m"])
    assert part.verify().ok
    part.model.functions[0].node[0].op_type = "Relu"
    assert part.verify().message == "The function 'f' is not as in the whole model."


def test_a_part_that_is_not_valid_is_not_written(part: Part, tmp_path: Path) -> None:
    from hexviz.errors import ExtractionError

    node(part, "c").attribute.add(name="nonsense", type=onnx.AttributeProto.INT, i=1)
    with pytest.raises(ExtractionError, match="The part is not valid: "):
        part.save(tmp_path / "part.onnx")
    assert list(tmp_path.iterdir()) == []
