"""Values that are the same because their numbers are, and none that only might be."""

import time

import numpy as np
import onnx
import pytest

from hexviz.errors import ExtractionError
from hexviz.matching import sliced_run
from hexviz.matching.equal_values import equal_values
from hexviz.matching.match import match
from hexviz.matching.matching import Match, Matching
from hexviz.matching.sliced_run import values_of
from hexviz.matching.witness import witnessed
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import HEADER, parse, tagged

LINEAR = """g (float[4, 8] x) => (float[4, 8] y)
<float[8, 8] w, float[8] b> {
    m = MatMul (x, w)
    a = Add (m, b)
    y = Tanh (a)
}"""
RENAMED = """g (float[4, 8] v0) => (float[4, 8] v3)
<float[8, 8] u0, float[8] u1> {
    v2 = Gemm (v0, u0, u1)
    v3 = Tanh (v2)
}"""


def with_weights(text: str, seed: int = 0, dtype: str = "float32") -> onnx.ModelProto:
    """The model with random data for the weights that the text only declares, by their place."""
    proto = parse(text)
    for at, value in enumerate(proto.graph.value_info):
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        data = np.random.default_rng([seed, at]).standard_normal(shape).astype(dtype)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, value.name))
    proto.graph.ClearField("value_info")
    return proto


def test_an_op_is_what_its_numbers_say() -> None:
    """Of a Clip that became two ops, the one that does nothing here gives its value as well."""
    text = """g (float[4, 8] x) => (float[4, 8] y) <float low = {0.0}, float high = {100.0}> {
        a = Tanh (x)
        c = Clip (a, low, high)
        y = Exp (c)
    }"""
    other = """g (float[4, 8] x) => (float[4, 8] y) <float low = {0.0}, float high = {100.0}> {
        v = Tanh (x)
        f = Max (v, low)
        g = Min (f, high)
        y = Exp (g)
    }"""
    before, after = tagged(parse(text)), tagged(parse(other))
    equal = equal_values(before, after)
    assert dict(equal) == {"v": "a", "f": "c", "g": "c", "y": "y"}
    found = match(before, after, equal)
    assert [found.matches[at].before[0] for at in range(4)] == [0, 1, 1, 2]
    wrong = Matching({2: Match((2, 1), "fused", 0.9)}, 3, 4)
    assert witnessed(wrong, before, after, equal).matches[2] == Match((1, 2), "run", 0.97, (2,))


def test_values_are_known_again_whatever_they_are_called() -> None:
    pairs = equal_values(tagged(with_weights(LINEAR)), tagged(with_weights(RENAMED)))
    assert dict(pairs) == {"v2": "a", "v3": "y"}  # nothing is what only the MatMul makes


def test_other_weights_make_other_values() -> None:
    pairs = equal_values(tagged(with_weights(LINEAR)), tagged(with_weights(RENAMED, seed=1)))
    assert dict(pairs) == {}


def test_given_inputs_go_by_place_where_names_differ() -> None:
    inputs = {"x": np.random.default_rng(0).standard_normal((4, 8)).astype(np.float32)}
    before, after = tagged(with_weights(LINEAR)), tagged(with_weights(RENAMED))
    assert dict(equal_values(before, after, inputs)) == {"v2": "a", "v3": "y"}
    with pytest.raises(ExtractionError, match="no input 'v0'"):
        equal_values(before, after, {"v0": inputs["x"]})


def test_half_precision_is_nearest_by_far() -> None:
    after = with_weights(RENAMED.replace("float", "float16"), dtype="float16")
    assert dict(equal_values(tagged(with_weights(LINEAR)), tagged(after))) == {"v2": "a", "v3": "y"}


def test_of_one_value_handed_on_the_place_is_chosen_by_the_op() -> None:
    text = """g (float[4, 8] x) => (float[8, 4] y) <int64[2] shape = {8, 4}> {
        a = Tanh (x)
        b = Identity (a)
        y = Reshape (b, shape)
    }"""
    other = """g (float[4, 8] v) => (float[8, 4] w) <int64[2] shape = {8, 4}> {
        t = Tanh (v)
        w = Reshape (t, shape)
    }"""
    assert dict(equal_values(tagged(parse(text)), tagged(parse(other)))) == {"t": "a", "w": "y"}


def test_two_equal_branches_are_not_told_apart() -> None:
    text = """g (float[4, 8] x) => (float[4, 8] y, float[4, 8] z) {
        a = Tanh (x)
        b = Tanh (x)
        y = Exp (a)
        z = Neg (b)
    }"""
    pairs = equal_values(tagged(parse(text)), tagged(parse(text)))
    assert dict(pairs) == {"y": "y", "z": "z"}


def test_values_with_little_in_them_say_nothing() -> None:
    text = """g (float[4, 8] x) => (float[4, 8] y) {
        shape = Shape (x)
        zeros = ConstantOfShape (shape)
        y = Add (x, zeros)
    }"""
    assert dict(equal_values(tagged(parse(text)), tagged(parse(text)))) == {"y": "y"}


def test_layouts_of_an_optimiser_are_the_same_value() -> None:
    text = "g (float[4, 8] x) => (float[4, 8] y) { y = Tanh (x) }"
    turned = """g (float[4, 8] x) => (float[4, 8] y) {
        t = Transpose (x)
        u = Tanh (t)
        y = Transpose (u)
    }"""
    pairs = equal_values(tagged(parse(text)), tagged(parse(turned)))
    assert dict(pairs) == {"u": "y", "y": "y"}


def test_bodies_are_out_of_sight_and_do_no_harm() -> None:
    text = """g (float[4, 8] x, bool c) => (float[4, 8] y) {
        a = Tanh (x)
        b = If (c) <
            then_branch = g1 () => (float[4, 8] t) { t = Exp (a) },
            else_branch = g2 () => (float[4, 8] e) { e = Neg (a) }
        >
        y = Sigmoid (b)
    }"""
    assert dict(equal_values(tagged(parse(text)), tagged(parse(text)))) == {
        "a": "a",
        "b": "b",
        "y": "y",
    }


def test_functions_run_where_they_are_called() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "pkg" : 1]>
    g (float[4, 8] x) => (float[4, 8] y) {
        a = pkg.twice (x)
        y = pkg.twice (a)
    }
    <opset_import: ["" : 20], domain: "pkg">
    twice (v) => (w) {
        s = Tanh (v)
        w = Add (s, s)
    }"""
    assert dict(equal_values(tagged(parse(text)), tagged(parse(text)))) == {"a": "a", "y": "y"}


def test_slices_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [f"v{at + 1} = Tanh (v{at})" for at in range(40)]
    text = f"g (float[64, 64] v0) => (float[64, 64] y) {{ {' '.join(steps)} y = Add (v40, v3) }}"
    graph = tagged(parse(text))
    feed = {"v0": np.ones((64, 64), np.float32)}
    whole = {name: array.copy() for name, array in values_of(graph, feed)}
    sizes = []
    run = sliced_run._run

    def recorded(*arguments):  # type: ignore[no-untyped-def]
        sizes.append(len(arguments[1]))
        return run(*arguments)

    monkeypatch.setattr(sliced_run, "_run", recorded)
    sliced = {name: array.copy() for name, array in values_of(graph, feed, slice_bytes=64 * 64)}
    assert sizes[-1] == 1  # a single value is more than a slice should be
    assert list(sliced) == list(whole)
    assert all(np.array_equal(sliced[name], whole[name]) for name in whole)


def test_no_slice_has_more_weights_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tagged(with_weights(LINEAR))
    lengths = []
    run = sliced_run._run

    def recorded(*arguments):  # type: ignore[no-untyped-def]
        lengths.append(len(arguments[1]))
        return run(*arguments)

    monkeypatch.setattr(sliced_run, "_run", recorded)
    feed = {"x": np.ones((4, 8), np.float32)}
    whole = {name: array.copy() for name, array in values_of(graph, feed)}
    sliced = {name: array.copy() for name, array in values_of(graph, feed, slice_bytes=280)}
    assert lengths == [3, 1, 2]  # the 256 bytes of w, then the 32 of b
    assert all(np.array_equal(sliced[name], whole[name]) for name in whole)


def test_a_graph_without_weights_is_refused() -> None:
    bare = with_weights(LINEAR)
    weight = bare.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    with pytest.raises(ExtractionError, match="The graph after has no weights"):
        equal_values(tagged(with_weights(LINEAR)), tagged(bare))


def test_a_graph_that_does_not_run_is_said_to_be_the_one() -> None:
    unknown = parse(
        HEADER.replace("20]", '20, "pkg" : 1]')
        + "g (float[4, 8] x) => (float[4, 8] y) { y = pkg.Unknown (x) }"
    )
    fine = tagged(with_weights(LINEAR))
    with pytest.raises(ExtractionError, match=r"The graph after cannot be run: .*Unknown"):
        equal_values(fine, tagged(unknown))
    with pytest.raises(ExtractionError, match=r"The graph before cannot be run .*Unknown"):
        equal_values(tagged(unknown), fine)


def test_an_input_that_the_other_graph_lacks_is_named() -> None:
    more = "g (float[4, 8] x, int64[2] ids) => (float[4, 8] y) { y = Tanh (x) }"
    with pytest.raises(ExtractionError, match="its input 'ids' is none of the graph before"):
        equal_values(tagged(with_weights(LINEAR)), tagged(parse(more)))


def test_thousands_of_equal_values_end_soon_and_pair_with_nothing() -> None:
    many = " ".join(f"v{at} = Tanh (x)" for at in range(3000))
    graph = tagged(parse(f"g (float[4, 8] x) => (float[4, 8] y) {{ {many} y = Neg (x) }}"))
    began = time.monotonic()
    pairs = equal_values(graph, graph)
    assert time.monotonic() - began < 20
    assert dict(pairs) == {"y": "y"}
