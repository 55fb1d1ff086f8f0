"""Another graph as the reference: which values are paired, and what cannot be compared."""

import numpy as np
import onnx
import pytest

from hexviz.errors import ExtractionError, MatchingError, MeasureError
from hexviz.extraction.spill import Spill
from hexviz.measure.parity.cut_run import own_values
from hexviz.measure.parity.effect import effects
from hexviz.measure.parity.graph_reference import GraphReference, graph_reference
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import parse, scoped, tagged
from tests.measure.parity.quantising import quantised

TEXT = """g (float[4, 8] x) => (float[4, 8] y) {
    m = MatMul (x, w)
    a = Add (m, b)
    t = Tanh (a)
    n = MatMul (t, v)
    y = Add (n, c)
}"""
SCOPES = {"m": "first", "a": "first", "t": "act", "n": "last", "y": "last"}
SHAPES = {"w": (8, 8), "b": (8,), "v": (8, 8), "c": (8,)}


def model(text: str = TEXT, *, zero: str = "", seed: int = 0, tags: bool = True) -> onnx.ModelProto:
    proto = parse(text)
    for at, (name, shape) in enumerate(SHAPES.items()):
        data = np.random.default_rng([seed, at]).standard_normal(shape).astype(np.float32)
        data = np.zeros_like(data) if name == zero else data
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    return scoped(proto, SCOPES) if tags else proto


def own_errors(graph: TaggedGraph, found: GraphReference) -> dict[str, float]:
    reference = found.reference
    keys = {one.value: reference.outputs[one.output].key for one in found.pairs}
    modules = {one.value: reference.outputs[one.output].module for one in found.pairs}
    given = {value: (lambda key=key: reference.tensors.load(key)) for value, key in keys.items()}
    return {
        modules[value]: relative_error(tensor_error(array, reference.tensors.load(keys[value])))
        for value, array in own_values(graph, reference.feed, given, list(given))
    }


def test_values_that_leave_a_module_are_paired_whatever_they_are_called() -> None:
    renamed = parse(
        """g (float[4, 8] x) => (float[4, 8] out) {
        h = Gemm (x, w, b)
        k = Tanh (h)
        out = Gemm (k, v, c)
    }"""
    )
    renamed.graph.initializer.extend(model().graph.initializer)
    reference, graph = tagged(model()), tagged(renamed)
    with Spill() as spill:
        found = graph_reference(reference, graph, spill)
        outputs = found.reference.outputs
        assert [(one.value, outputs[one.output].module) for one in found.pairs] == [
            ("h", "first"),
            ("k", "act"),
            ("out", "last"),
        ]
        assert {one.how for one in found.pairs} == {"transfer"}
        assert max(own_errors(graph, found).values()) < 1e-6


def test_a_layout_that_differs_is_passed_over_to_a_value_with_the_shape() -> None:
    split = parse(
        """g (float[4, 8] x) => (float[4, 8] y)
        <int64[3] three = {2, 2, 8}, int64[2] two = {4, 8}> {
        m = MatMul (x, w)
        r = Reshape (m, three)
        s = Add (r, b)
        a = Reshape (s, two)
        t = Tanh (a)
        n = MatMul (t, v)
        y = Add (n, c)
    }"""
    )
    split.graph.initializer.extend(model().graph.initializer)
    with Spill() as spill:
        found = graph_reference(tagged(model()), tagged(split), spill)
        assert [one.value for one in found.pairs] == ["a", "t", "y"]


def test_an_op_that_changes_nothing_and_was_left_out_is_what_it_read() -> None:
    short = parse(TEXT.replace("a = Add (m, b)", "").replace("Tanh (a)", "Tanh (m)"))
    short.graph.initializer.extend(model(zero="b").graph.initializer)
    with Spill() as spill:
        found = graph_reference(tagged(model(zero="b")), tagged(short), spill)
        assert [one.value for one in found.pairs] == ["m", "t", "y"]
        other = graph_reference(tagged(model()), tagged(short), spill)
        assert [one.value for one in other.pairs] == ["t", "y"]
        assert other.pairs[0].modules == ("first",)  # what Tanh adds may be that one's
        assert "an op there stands for several" in other.unpaired[0]


def test_only_the_quantised_module_has_an_error_and_an_effect_of_its_own() -> None:
    proto = model()
    for node in proto.graph.node:
        node.name = node.output[0]
    reference, graph = tagged(proto), tagged(quantised(proto, nodes_to_quantize=["m"]))
    with Spill() as spill:
        found = graph_reference(reference, graph, spill)
        errors = own_errors(graph, found)
        assert errors["first"] > 1e-4
        assert errors["act"] < 1e-6
        assert errors["last"] < 1e-6
        added = effects(reference, graph, found, spill)
        assert [value > 0 for value in added.values()] == [True, False, False]


def test_what_cannot_be_compared_is_refused_in_one_line() -> None:
    with Spill() as spill:
        fine = tagged(model())
        other = tagged(model(TEXT.replace("Tanh", "Exp").replace("n = MatMul", "n = Sub"), seed=5))
        with pytest.raises(MatchingError, match="is not of the model in"):
            graph_reference(fine, other, spill)
        with pytest.raises(MeasureError, match="tells of modules, so it cannot be the reference"):
            graph_reference(tagged(model(tags=False)), fine, spill)
        with pytest.raises(ExtractionError, match="must have"):
            graph_reference(fine, fine, spill, {"x": np.ones((3, 8), np.float32)})
        bare = model()
        bare.graph.initializer[0].ClearField("raw_data")
        bare.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
        bare.graph.initializer[0].external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
        with pytest.raises(MeasureError, match="exported without its weights"):
            graph_reference(fine, tagged(bare), spill)


def test_a_graph_with_another_input_or_an_unknown_op_is_refused() -> None:
    more = model(TEXT.replace("float[4, 8] x", "float[4, 8] x, int64[2] ids"))
    unknown = model(TEXT.replace("Tanh (a)", "Unknown (a)"))
    with Spill() as spill:
        with pytest.raises(ExtractionError, match=r"do not fit .*its input 'ids'"):
            graph_reference(tagged(model()), tagged(more), spill)
        with pytest.raises(ExtractionError, match=r"cannot be run: .*Unknown"):
            graph_reference(tagged(model()), tagged(unknown), spill)
