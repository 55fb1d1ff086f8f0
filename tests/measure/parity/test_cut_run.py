"""The natural run and the own run of a graph: what is replaced, for whom, what is handed out."""

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.errors import ExtractionError, MeasureError
from hexviz.extraction.feeds import Feed
from hexviz.measure.parity.cut_run import natural_values, own_values
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import HEADER, parse, tagged

X = np.linspace(-1, 1, 4, dtype=np.float32)


def graph_of(text: str) -> TaggedGraph:
    return tagged(parse(text))


def own(
    graph: TaggedGraph, feed: Feed, given: Mapping[str, np.ndarray], *wanted: str
) -> dict[str, np.ndarray]:
    loads = {name: (lambda array=array: array) for name, array in given.items()}
    return {name: array.copy() for name, array in own_values(graph, feed, loads, wanted or None)}


CHAIN = """g (float[4] x) => (float[4] y) {
    a = Neg (x)
    b = Add (a, x)
    c = Add (a, b)
    y = Neg (c)
}"""


def test_readers_get_the_given_tensor_and_the_graphs_own_is_handed_out() -> None:
    found = own(graph_of(CHAIN), {"x": X}, {"a": np.ones(4, np.float32)})
    assert list(found) == ["a", "b", "c", "y"]
    assert np.array_equal(found["a"], -X)
    assert np.allclose(found["b"], 1 + X)
    assert np.allclose(found["c"], 2 + X)


def test_several_given_values_cut_the_graph_into_stretches() -> None:
    given = {"a": np.ones(4, np.float32), "c": np.full(4, 3, np.float32)}
    found = own(graph_of(CHAIN), {"x": X}, given, "a", "c", "y")
    assert np.allclose(found["c"], 2 + X)
    assert np.allclose(found["y"], -3)


def test_a_given_output_of_the_model_is_what_the_graph_makes() -> None:
    found = own(graph_of(CHAIN), {"x": X}, {"y": np.ones(4, np.float32)}, "y")
    assert np.allclose(found["y"], X)


def test_inputs_and_initializers_can_be_given_too() -> None:
    graph = graph_of("""g (float[4] x) => (float[4] y) <float[4] w = {1, 2, 3, 4}> {
        y = Add (x, w)
    }""")
    given = {"x": np.zeros(4, np.float32), "w": np.full(4, 9, np.float32)}
    found = own(graph, {"x": X}, given, "x", "w", "y")
    assert np.array_equal(found["x"], X)
    assert np.array_equal(found["w"], [1, 2, 3, 4])
    assert np.array_equal(found["y"], np.full(4, 9))


def test_bodies_read_the_given_tensor() -> None:
    graph = graph_of("""g (float[4] x, bool c) => (float[4] y) {
        a = Neg (x)
        y = If (c) <
            then_branch = g1 () => (float[4] t) { t = Neg (a) },
            else_branch = g2 () => (float[4] e) { e = Identity (a) }
        >
    }""")
    found = own(graph, {"x": X, "c": np.array(True)}, {"a": np.ones(4, np.float32)})
    assert np.array_equal(found["y"], -np.ones(4))
    assert np.array_equal(found["a"], -X)


def test_only_what_is_wanted_runs() -> None:
    graph = graph_of("""g (float[4] x, float[2] z) => (float[4] y) {
        broken = Add (x, z)
        y = Neg (x)
    }""")
    feed = {"x": X, "z": np.zeros(2, np.float32)}
    assert [name for name, _ in natural_values(graph, feed, ["y"])] == ["y"]
    with pytest.raises(ExtractionError):
        list(natural_values(graph, feed))


def test_sequences_are_passed_on() -> None:
    graph = graph_of("""g (float[4] x) => (float[4] y) <int64 one = {1}> {
        s = SequenceConstruct (x, x)
        a = SequenceAt (s, one)
        y = Neg (a)
    }""")
    values = {n: v.copy() for n, v in natural_values(graph, {"x": X}, slice_bytes=1)}
    assert list(values) == ["a", "y"]
    loads = {"s": lambda: [X, np.ones(4, np.float32)]}
    found = {n: v.copy() for n, v in own_values(graph, {"x": X}, loads, ["y"])}
    assert np.array_equal(found["y"], -np.ones(4))


def test_a_missing_optional_value_is_missing_in_the_next_slice_as_well() -> None:
    proto = parse(
        HEADER
        + """g (float[4] x) => (float[4] y) {
        a = Tanh (x)
        b = Tanh (a)
        c = Tanh (b)
        y = Tanh (c)
    }"""
    )
    tensor = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
    proto.graph.node.insert(0, onnx.helper.make_node("Optional", [], ["o"], type=tensor))
    proto.graph.node.append(onnx.helper.make_node("OptionalHasElement", ["o"], ["h"]))
    proto.graph.node.extend(onnx.helper.make_node("Neg", ["x"], [f"n{at}"]) for at in range(12))
    proto.graph.node.append(onnx.helper.make_node("OptionalHasElement", ["o"], ["later"]))
    proto.graph.output.append(
        onnx.helper.make_tensor_value_info("later", onnx.TensorProto.BOOL, [])
    )
    found = {n: v.copy() for n, v in natural_values(tagged(proto), {"x": X}, slice_bytes=1)}
    assert not found["h"]
    assert not found["later"]


HALVES = """g (float[4] x) => (float[4] y) <float[4] whole = {2048, 2048, 2048, 2048}> {
    h = Cast <to = 10> (x)
    big = Cast <to = 10> (whole)
    a = Add (h, big)
    b = Sub (a, big)
    y = Cast <to = 1> (b)
}"""


def test_halves_are_rounded_between_ops() -> None:
    """The runtime would leave that out where it computes 16-bit floats in 32 bits."""
    found = own(graph_of(HALVES), {"x": X}, {})
    half = X.astype(np.float16)
    rounded = (half + np.float16(2048)) - np.float16(2048)
    assert np.array_equal(found["b"], rounded)
    assert np.array_equal(found["y"], rounded.astype(np.float32))


def test_given_tensors_are_converted_to_the_type_of_the_value() -> None:
    found = own(graph_of(HALVES), {"x": X}, {"a": np.full(4, 2050.0)}, "y")
    assert np.array_equal(found["y"], [2, 2, 2, 2])


def test_large_weights_are_taken_as_they_are() -> None:
    proto = parse("g (float[64] x) => (float[64] y) { m = MatMul (w, x)\n y = Neg (m) }")
    weight = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w"))
    x = np.ones(64, np.float32)
    found = own(tagged(proto), {"x": x}, {}, "y")
    assert np.allclose(found["y"], -(weight @ x), atol=1e-4)
    doubled = own(tagged(proto), {"x": x}, {"w": 2 * weight}, "w", "y")
    assert np.allclose(doubled["y"], 2 * found["y"], atol=1e-4)
    assert np.array_equal(doubled["w"], weight)


def test_values_that_are_not_there_are_refused() -> None:
    graph = graph_of(CHAIN)
    with pytest.raises(MeasureError, match="has no value 'aa'"):
        own_values(graph, {"x": X}, {"aa": lambda: X})
    with pytest.raises(MeasureError, match="has no value 'z'"):
        natural_values(graph, {"x": X}, ["z"])


def test_a_graph_without_weights_is_refused() -> None:
    proto = parse("g (float[4] x) => (float[4] y) { y = Add (x, w) }")
    bare = proto.graph.initializer.add(name="w", data_type=1, dims=[4])
    bare.data_location = onnx.TensorProto.EXTERNAL
    bare.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    with pytest.raises(MeasureError, match="without its weights and cannot be run"):
        natural_values(tagged(proto), {"x": X})


OPS = ("Tanh", "Neg", "Abs", "Add", "Mul", "Max", "Half", "If")


@st.composite
def random_graphs(draw: st.DrawFn) -> tuple[onnx.ModelProto, list[str], int]:
    """A graph of some ops, the values to give, and the bytes of a slice."""
    values = ["x", "w"]
    lines: list[str] = []
    for at in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(OPS))
        one, other = (draw(st.sampled_from(values)) for _ in range(2))
        if kind == "Half":
            lines.append(f"h{at} = Cast <to = 10> ({one})\nv{at} = Cast <to = 1> (h{at})")
        elif kind == "If":
            lines.append(
                f"v{at} = If (c) < then_branch = t{at} () => (float[4] u{at}) "
                f"{{ u{at} = Neg ({one}) }}, else_branch = e{at} () => (float[4] o{at}) "
                f"{{ o{at} = Add ({one}, {other}) }} >"
            )
        else:
            operands = one if kind in ("Tanh", "Neg", "Abs") else f"{one}, {other}"
            lines.append(f"v{at} = {kind} ({operands})")
        values.append(f"v{at}")
    body = "\n".join(lines)
    proto = parse(
        f"g (float[4] x, bool c) => (float[4] {values[-1]}) "
        f"<float[4] w = {{0.3, -1.7, 2.2, 0.9}}> {{ {body} }}"
    )
    given = draw(st.lists(st.sampled_from(values), unique=True))
    return proto, given, draw(st.sampled_from([1, 64, 1 << 20]))


@settings(max_examples=60, deadline=None)
@given(random_graphs(), st.booleans())
def test_a_graph_given_its_own_values_is_as_it_was(
    case: tuple[onnx.ModelProto, list[str], int], branch: bool
) -> None:
    proto, given, slice_bytes = case
    graph = tagged(proto)
    feed = {"x": X, "c": np.array(branch)}
    everything = ["x", "w", *graph.top.maker]
    natural = {name: array.copy() for name, array in natural_values(graph, feed, everything)}
    loads = {name: (lambda name=name: natural[name]) for name in given}
    found = {
        name: array.copy()
        for name, array in own_values(graph, feed, loads, everything, slice_bytes=slice_bytes)
    }
    assert set(found) == set(natural) == set(everything)
    for name in everything:
        assert np.array_equal(found[name], natural[name]), name
