"""Weights of one name in both: which differ, and which of these matter."""

import numpy as np
import onnx

from hexviz.measure.parity.weights import Weights, graph_weights, weight_errors
from tests.build import parse, scoped, tagged

TEXT = """g (int64[2] ids) => (float[2, 3] y) {
    rows = Gather (word.weight, ids)
    m = MatMul (rows, fc.weight)
    y = Add (m, fc.bias)
}"""
DRAW = np.random.default_rng(0)
WORD, FC, BIAS = (
    DRAW.standard_normal(shape).astype(np.float32) for shape in ((5, 4), (4, 3), (3,))
)


def graph_of(word: np.ndarray = WORD, fc: np.ndarray = FC, bias: np.ndarray = BIAS):  # type: ignore[no-untyped-def]
    proto = parse(
        TEXT.replace("word.weight", "w0").replace("fc.weight", "w1").replace("fc.bias", "w2")
    )
    names = {"w0": "word.weight", "w1": "fc.weight", "w2": "fc.bias"}
    for node in proto.graph.node:
        for at, name in enumerate(node.input):
            node.input[at] = names.get(name, name)
    for name, array in zip(names.values(), (word, fc, bias), strict=True):
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return tagged(scoped(proto, {"rows": "word", "m": "fc", "y": "fc"}))


def state(**changed: np.ndarray) -> Weights:
    arrays = {"word.weight": WORD, "fc.weight": FC, "fc.bias": BIAS}
    arrays |= {name.replace("_", "."): array for name, array in changed.items()}
    return {name: (lambda array=array: array) for name, array in arrays.items()}


def test_equal_weights_are_no_rows_transposed_ones_neither() -> None:
    assert weight_errors(graph_of(), state()) == ()
    assert weight_errors(graph_of(), state(fc_weight=FC.T)) == ()
    assert weight_errors(graph_of(), graph_weights(graph_of())) == ()


def test_halves_are_compared_with_what_rounding_gives() -> None:
    assert weight_errors(graph_of(fc=FC.astype(np.float16)), state()) == ()
    [found] = weight_errors(graph_of(fc=(1.05 * FC).astype(np.float16)), state())
    assert found.name == "fc.weight"


def test_a_weight_that_differs_says_by_how_much_and_whose_it_is() -> None:
    bias = BIAS.copy()
    bias[1] += 0.5
    [found] = weight_errors(graph_of(bias=bias), state(), {"fc"})
    assert (found.name, found.module, found.has_effect) == ("fc.bias", "fc", True)
    assert found.max_abs_error is not None
    assert abs(found.max_abs_error - 0.5) < 1e-6


def test_a_row_that_nobody_looked_up_has_no_effect() -> None:
    word = WORD.copy()
    word[4] = 0
    [found] = weight_errors(graph_of(word=word), state(), {"fc"})
    assert (found.name, found.has_effect) == ("word.weight", False)


def test_weights_of_other_sizes_or_unknown_names_are_not_compared() -> None:
    other = state(fc_weight=np.zeros((7, 2), np.float32))
    assert weight_errors(graph_of(), other) == ()
    assert weight_errors(graph_of(), {"else": lambda: WORD}) == ()
    assert weight_errors(graph_of(), {"word.weight": lambda: None}) == ()
