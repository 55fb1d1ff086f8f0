"""Inputs that are made up fit what the graph does with them; those of a person are looked over."""

from typing import Any

import numpy as np
import pytest

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Array, generate, given
from tests.build import parse


def first(text: str) -> dict[str, Array]:
    return {name: np.asarray(one) for name, one in next(generate(parse(text))).items()}


EMBEDDING = """
g (int64[batch, seq] ids, int64[batch, seq] mask, int64[1, seq] kind, float[batch, 3] x)
    => (float[batch, seq, 4] y)
<float[7, 4] words = {WORDS}, float[2, 4] kinds = {1, 1, 1, 1, 1, 1, 1, 1}> {
    i = Cast <to = 6> (ids)
    j = Identity (i)
    a = Gather (words, j)
    b = Gather (kinds, kind)
    c = Add (a, b)
    axes = Constant <value = int64[1] {2}> ()
    m = Unsqueeze (mask, axes)
    f = Cast <to = 1> (m)
    y = Mul (c, f)
}""".replace("WORDS", ", ".join(["1"] * 28))


def test_indices_stay_in_the_table_and_masks_are_ones() -> None:
    feed = first(EMBEDDING)
    assert feed["ids"].max() < 7
    assert feed["ids"].max() > 1
    assert feed["kind"].max() < 2
    assert (feed["mask"] == 1).all()
    assert feed["x"].dtype == np.float32


def test_a_symbol_has_one_size() -> None:
    feed = first(EMBEDDING)
    assert feed["ids"].shape == feed["mask"].shape == (2, 8)
    assert feed["kind"].shape == (1, 8)
    assert feed["x"].shape == (2, 3)


def test_the_same_seed_gives_the_same_inputs() -> None:
    proto = parse(EMBEDDING)
    one, two, other = (next(generate(proto, seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one["ids"], two["ids"])
    assert not np.array_equal(one["ids"], other["ids"])


def test_later_guesses_have_other_sizes_and_values() -> None:
    feeds = [dict(feed) for feed in generate(parse(EMBEDDING))]
    assert {np.shape(feed["ids"]) for feed in feeds} >= {(2, 8), (1, 1), (1, 64)}
    assert any((np.asarray(feed["ids"]) == 0).all() and np.size(feed["ids"]) > 1 for feed in feeds)
    assert any((np.asarray(feed["x"]) > 0).all() for feed in feeds)


def test_a_dimension_that_is_computed_is_what_comes_out() -> None:
    text = """g (float[b, past, 2] k, float[b, s] x, int64[b, total] mask) => (float[b, s] y)
    { y = Neg (x) }"""
    proto = parse(text)
    proto.graph.input[2].type.tensor_type.shape.dim[1].dim_param = "past + 2*s"
    feed = next(generate(proto))
    assert np.shape(feed["mask"]) == (2, 24)


def test_an_index_axis_that_is_dynamic_has_the_size_it_has_in_the_inputs() -> None:
    text = """g (float[b, n, 4] x, int64[k] at) => (float[b, k, 4] y)
    { y = Gather <axis = 1> (x, at) }"""
    assert first(text)["at"].max() < 8


def test_an_index_into_an_inferred_shape() -> None:
    text = """g (float[3, 5] x, int64[64] at) => (float[64, 3] y)
    { t = Transpose <perm = [1, 0]> (x) y = Gather (t, at) }"""
    assert first(text)["at"].max() == 4


def test_an_index_that_is_used_in_a_body_and_in_a_function() -> None:
    body = """g (bool c, float[3, 2] w, int64[64] at) => (float[64, 2] y) {
        y = If (c) <
            then_branch = t () => (float[64, 2] p) { p = Gather (w, at) },
            else_branch = e () => (float[64, 2] q) { q = Gather (w, at) }
        >
    }"""
    assert first(body)["at"].max() == 2
    function = """<ir_version: 10, opset_import: ["" : 20, "f" : 1]>
    g (float[3, 2] w, int64[64] at) => (float[64, 2] y) { y = f.look (w, at) }
    <domain: "f", opset_import: ["" : 20]>
    look (table, index) => (found) { found = Gather (table, index) }"""
    assert first(function)["at"].max() == 2


def test_several_uses_keep_to_the_smallest_table() -> None:
    text = """g (float[9, 2] a, float[3, 2] b, int64[64] at) => (float[64, 2] y)
    { p = Gather (a, at) q = Gather (b, at) y = Add (p, q) }"""
    assert first(text)["at"].max() == 2


def test_depth_of_one_hot_is_a_limit() -> None:
    text = """g (int64[64] at) => (float[64, 5] y)
    <int64 depth = {5}, float[2] values = {0, 1}> { y = OneHot (at, depth, values) }"""
    assert first(text)["at"].max() == 4


def test_sizes_are_small_and_bools_true_and_texts_text() -> None:
    text = """g (int64[2] size, bool[3] c, string[2] t, int8[0] none) => (float[a, b] y)
    { y = ConstantOfShape (size) }"""
    feed = first(text)
    assert feed["size"].tolist() == [2, 2]
    assert feed["c"].all()
    assert feed["t"].tolist() == ["some text", "some text"]
    assert feed["none"].shape == (0,)


def test_sequences_are_lists_and_optionals_have_a_value() -> None:
    proto = parse("""g (seq(float[n]) s, optional(float[n]) o) => (int64 y)
    { y = SequenceLength (s) }""")
    feed = next(generate(proto))
    assert isinstance(feed["s"], list)
    assert np.shape(feed["o"]) == np.shape(feed["s"][0])


TWO = "g (float[n, 2] left, int64[n] right) => (float[n, 2] y) { y = Neg (left) }"


def test_types_that_numpy_has_not_may_be_given_as_floats() -> None:
    proto = parse("g (bfloat16[n] x) => (bfloat16[n] y) { y = Identity (x) }")
    taken = given(proto, {"x": np.ones(2, np.float32)})["x"]
    assert isinstance(taken, np.ndarray)
    assert taken.dtype.name == "bfloat16"
    with pytest.raises(ExtractionError, match="is float64, but must be bfloat16"):
        given(proto, {"x": np.ones(2)})


def test_sequences_are_given_as_lists() -> None:
    proto = parse("g (seq(float[n]) s) => (int64 y) { y = SequenceLength (s) }")
    assert len(given(proto, {"s": [np.ones(2, np.float32)] * 3})["s"]) == 3
    with pytest.raises(ExtractionError, match="'s' is int64, but must be float32"):
        given(proto, {"s": [np.ones(2, np.int64)]})


def test_inputs_that_fit_are_taken() -> None:
    feed = {"left": np.ones((3, 2), np.float32), "right": np.ones(3, np.int64)}
    assert given(parse(TWO), feed) == feed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lefty": np.ones(3)}, "The model has no input 'lefty': 'left' is near."),
        ({"zzz": np.ones(3)}, "The model has no input 'zzz': it has left, right."),
        ({"right": None}, "The input 'right' is missing: give left, right."),
        (
            {"right": [1, 2, 3]},
            "The input 'right' is of type list, but must be a numpy array.",
        ),
        ({"right": np.ones(3)}, "The input 'right' is float64, but must be int64."),
        (
            {"left": np.ones((3, 4), np.float32)},
            r"The input 'left' has the shape \[3, 4\], but must have \[n, 2\].",
        ),
        (
            {"right": np.ones(4, np.int64)},
            r"The input 'right' has the shape \[4\], but must have \[n\].",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    feed = {"left": np.ones((3, 2), np.float32), "right": np.ones(3, np.int64), **change}
    feed = {name: one for name, one in feed.items() if one is not None}
    with pytest.raises(ExtractionError, match=f"^{message}$"):
        given(parse(TWO), feed)


def test_a_negative_dimension_is_open() -> None:
    proto = parse("g (float[N, 2] x) => (float[N, 2] y) { y = Neg (x) }")
    dim = proto.graph.input[0].type.tensor_type.shape.dim[0]
    dim.Clear()
    dim.dim_value = -1
    assert {np.asarray(feed["x"]).shape[1] for feed in generate(proto)} == {2}
    feed = {"x": np.ones((5, 2), np.float32)}
    assert given(proto, feed) == feed
    with pytest.raises(ExtractionError, match=r"must have \[\?, 2\]"):
        given(proto, {"x": np.ones((5, 3), np.float32)})
