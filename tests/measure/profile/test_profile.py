"""A model is run here, and its time laid on modules: sums, fused nodes, bodies, bad inputs."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import hexviz
from hexviz.errors import ExtractionError, MeasureError
from hexviz.extraction.runtime import LEVELS
from hexviz.measure.documents import read_document
from hexviz.measure.profile.profile import Profile, profile
from hexviz.measure.profile.result import TimedNode, profile_of
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import load, tag
from tests.build import parse, scoped, tagged

NET = """g (float[b, 8] x) => (float[b, 4] y)
<float[8, 8] w, float[8] v, float[8, 4] u> {
    h = MatMul (x, w)
    a = Add (h, v)
    r = Relu (a)
    o = MatMul (r, u)
    s = Reshape (o, shape)
    y = Sigmoid (s)
}"""
SCOPES = {"h": "fc", "a": "fc", "r": "act", "o": "head", "s": "head", "y": "head.act"}


def with_weights(proto: onnx.ModelProto, **shapes: tuple[int, ...]) -> onnx.ModelProto:
    """The same model with random weights in place of initializers without a value."""
    draw = np.random.default_rng(0)
    for name, shape in shapes.items():
        array = draw.standard_normal(shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return proto


def net(text: str = NET) -> TaggedGraph:
    text = text.replace("<float[8, 8] w, float[8] v, float[8, 4] u> ", "").replace(
        "\n<float[8, 8] w, float[8] v, float[8, 4] u>", ""
    )
    proto = with_weights(parse(text), w=(8, 8), v=(8,), u=(8, 4))
    proto.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array([-1, 4], np.int64), "shape")
    )
    return tagged(scoped(proto, SCOPES))


def check_sums(found: Profile) -> None:
    """The sum of modules is the sum of nodes."""
    total = sum(one.us for one in found.ops)
    own = sum(one.self_us for one in found.modules) + found.unplaced_us
    assert found.total_us == pytest.approx(total, rel=0.01, abs=0.01)
    assert own == pytest.approx(total, rel=0.01, abs=0.01)
    assert found.modules[0].total_us == pytest.approx(total - found.unplaced_us, abs=0.01)


@pytest.mark.parametrize("level", LEVELS)
def test_every_node_has_its_module_at_every_level(level: str) -> None:
    found = profile(net(), runs=2, optimization=level)
    check_sums(found)
    assert found.unplaced_us == 0
    modules = {op: node.module for node in found.ops for op in node.ops}
    # Where the activation is fused into the layer before, the root holds both.
    fused = {"h": "", "a": "", "r": ""} if level in ("extended", "all") else {}
    assert modules == SCOPES | fused
    assert found.document.optimization == level
    assert found.document.runs == 2


def test_a_fused_node_says_what_it_stands_for() -> None:
    [fused] = [one for one in profile(net(), runs=1, optimization="basic").ops if one.ops[1:]]
    assert (fused.op_type, fused.ops, fused.module) == ("Gemm", ("h", "a"), "fc")
    assert "MatMulAddFusion" in fused.id


def test_a_node_fused_of_several_modules_belongs_to_what_holds_them() -> None:
    found = profile(net(), runs=1, optimization="extended")
    [fused] = [one for one in found.ops if one.op_type == "FusedGemm"]
    assert (fused.ops, fused.module) == (("h", "a", "r"), "")


def test_what_was_inserted_belongs_to_what_it_serves() -> None:
    """Rows are made of the input for a Gemm, and its rows are put back: both for the Gemm."""
    text = """g (float[2, 3, 8] x) => (float[2, 3, 8] y) {
        n = Exp (x)
        h = MatMul (n, w)
        a = Add (h, v)
        y = Sigmoid (a)
    }"""
    scopes = {"n": "norm", "h": "fc", "a": "fc", "y": "act"}
    proto = with_weights(parse(text), w=(8, 8), v=(8,))
    found = profile(tagged(scoped(proto, scopes)), runs=1, optimization="basic")
    assert [(one.op_type, one.module) for one in found.ops] == [
        *(("Exp", "norm"), ("Reshape", "fc"), ("Gemm", "fc"), ("Reshape", "fc")),
        ("Sigmoid", "act"),
    ]


BODIES = """
<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[8, 8] x, bool c, int64 n) => (float[8, 8] y) {
    a = MatMul (x, x)
    b = If (c) <
        then_branch = t () => (float[8, 8] t) { u = MatMul (a, a)  t = Relu (u) },
        else_branch = e () => (float[8, 8] e) { u = Sub (a, a)  e = Relu (u) }>
    z = Loop (n, , b) <body = l (int64 i, bool ci, float[8, 8] v) => (bool co, float[8, 8] w) {
        co = Identity (ci)
        s = MatMul (v, v)
        w = local.norm (s)
    }>
    q = local.norm (z)
    y = local.norm (q)
}
<domain: "local", opset_import: ["" : 20]>
norm (x) => (y) { m = Abs (x)  d = ReduceMax <keepdims = 1> (m)  y = Div (x, d) }
"""


@pytest.mark.parametrize("level", ["disable", "all"])
def test_bodies_and_functions(level: str) -> None:
    scopes = {"a": "enc", "b": "enc.choice", "z": "dec", "q": "dec.norm", "y": "out"}
    graph = tagged(scoped(parse(BODIES), scopes))
    inputs = {"x": np.eye(8, dtype=np.float32), "c": np.array(True), "n": np.array(3)}
    found = profile(graph, inputs=inputs, runs=2, optimization=level)
    check_sums(found)
    assert found.unplaced_us == 0
    by_ops = {one.ops: one.module for one in found.ops}
    assert by_ops["b/then_branch/u",] == by_ops["b",] == "enc.choice"
    assert by_ops["z/body/s",] == "dec"
    inlined = [one.module for one in found.ops if one.ops == ("function:local::norm/y",)]
    assert sorted(str(one) for one in inlined) == ["dec", "dec.norm", "out"]


def test_names_need_not_be_there_nor_be_unique() -> None:
    graph = net()
    for node in graph.proto.graph.node:
        node.name = "same" if node.op_type == "MatMul" else ""
    found = profile(tag(from_proto(graph.proto, name="doubled")), runs=1)
    assert found.unplaced_us == 0
    assert {op for one in found.ops for op in one.ops} == SCOPES.keys()


def test_weights_in_another_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save_model(
        net().proto, path, save_as_external_data=True, location="weights", size_threshold=64
    )
    found = profile(path, runs=1)
    assert found.unplaced_us == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model.onnx", "weights"]


def test_open_dimensions_have_the_sizes_given() -> None:
    found = profile(net(), runs=1, symbols={"b": 7})
    assert found.document.notes[0] == "Inputs were made up: x [7, 8]."
    given = profile(net(), runs=1, inputs={"x": np.zeros((3, 8), np.float32)})
    assert given.document.notes[0] == "Inputs were given: x [3, 8]."


def test_the_document_has_the_sizes_that_ran() -> None:
    assert profile(net(), runs=1, symbols={"b": 7}).document.symbols == {"b": 7}


def test_progress_is_told() -> None:
    told: list[tuple[str, float]] = []
    profile(net(), runs=2, warm_up=1, progress=lambda stage, share: told.append((stage, share)))
    assert [stage for stage, _ in told] == ["Loading", "Running", "Running", "Matching"]


def test_the_line_says_that_a_share_is_without_the_modules_inside() -> None:
    def said(inner: float) -> str:
        nodes = [
            TimedNode(id="a", op_type="Add", module="head", us=np.array([60.0])),
            TimedNode(id="b", op_type="Add", module="head.act", us=np.array([inner])),
            TimedNode(id="c", op_type="Add", module="fc", us=np.array([40.0 - inner])),
        ]
        return profile_of(nodes, net().modules, model="m", provider="CPU", device="").message

    assert said(20.0) == "head takes 60% of the time by itself, 0.06 ms of 0.1 ms."
    assert said(0.0) == "head takes 60% of the time, 0.06 ms of 0.1 ms."


def test_the_document_can_be_read_again() -> None:
    import json

    found = profile(net(), runs=3)
    assert read_document(json.dumps(found.to_dict()).encode()) == found.to_document()


def test_the_package_has_it() -> None:
    assert hexviz.profile is profile
    assert hexviz.Profile is Profile


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "A profile is of 1 to 1000 runs, after as many to warm up."),
        ({"warm_up": 0}, "A profile is of 1 to 1000 runs"),
        ({"runs": 10**6}, "A profile is of 1 to 1000 runs"),
        ({"threads": -1}, "Threads are counted from 1"),
        ({"optimization": "most"}, "There is no optimisation 'most': give disable, basic, ext"),
        ({"provider": "Cuda"}, "has no execution provider 'Cuda' here: there are .*CPU"),
        ({"symbols": {"a": 2}}, "No input of test.onnx has an open dimension 'a'; there are: b"),
        ({"symbols": {"b": 0}}, "The dimension 'b' cannot be 0: give 1 or more"),
        ({"optimized": net()}, "The optimised graph goes with a trace: give the trace"),
        ({"trace": b"[]", "inputs": {}}, "A trace was measured on inputs of its own: leave"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        profile(net(), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 9), np.float32), r"The input 'x' has the shape \[2, 9\], but must have"),
        (np.zeros((2, 8), np.int64), "The input 'x' is int64, but must be float32"),
    ],
)
def test_inputs_that_do_not_fit(array: np.ndarray, message: str) -> None:
    with pytest.raises(ExtractionError, match=message):
        profile(net(), inputs={"x": array})


def test_an_op_that_the_runtime_lacks_is_named() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "mine" : 1]>
    g (float[2] x) => (float[2] y) { y = mine.Magic (x) }"""
    with pytest.raises(MeasureError, match=r"test.onnx cannot be run: .*Magic"):
        profile(tagged(parse(text)), runs=1)


def test_inputs_that_it_fails_on() -> None:
    text = """g (float[n] x, int64[1] shape) => (float[m] y) { y = Reshape (x, shape) }"""
    with pytest.raises(MeasureError, match=r"test.onnx fails on the inputs .*[Rr]eshape"):
        profile(
            tagged(parse(text)),
            inputs={"x": np.zeros(4, np.float32), "shape": np.array([3])},
            runs=1,
        )


def test_a_model_without_its_weights(tmp_path: Path) -> None:
    graph = net()
    tensor = graph.proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="hexviz-weights-left-out")
    path = tmp_path / "bare.onnx"
    path.write_bytes(graph.proto.SerializeToString())
    with pytest.raises(MeasureError, match=r"bare\.onnx was exported without its weights"):
        profile(load(path), runs=1)
