"""A quantised graph beside its original: the floor of the ranking of modules by what they add.

The module that adds most is what brute force says: quantise one module alone. Worse rules, the own
error as it is or a pairing that is off by one, do not find it.
"""

import json
import math
from dataclasses import replace

import numpy as np
import onnx
import pytest

import hexviz
from hexviz.errors import MatchingError
from hexviz.extraction.runtime import open_session, run, to_array, to_value
from hexviz.extraction.spill import Spill
from hexviz.measure.documents import read_document, to_dict
from hexviz.measure.parity.effect import effects, rms_error
from hexviz.measure.parity.graph_reference import graph_reference
from hexviz.measure.table import effect_of, module_table
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged
from tests.measure.parity.quantising import quantised

SIZE, LAYERS = 32, 4


def stack() -> onnx.ModelProto:
    """Linear layers with residuals; each next one adds less to the stream than it did before.

    So their own errors say nothing of their effects: those of the last layers are scaled down.
    """
    lines, scopes, weights = [], {}, {}
    draw = np.random.default_rng(0)
    before = "x"
    for at in range(LAYERS):
        lines += [
            f"m{at} = MatMul ({before}, w{at})",
            f"t{at} = Tanh (m{at})",
            f"s{at} = Mul (t{at}, k{at})",
            f"r{at} = Add ({before}, s{at})",
        ]
        scopes |= {f"m{at}": f"layers.{at}.linear", f"t{at}": f"layers.{at}.act"}
        scopes |= {f"s{at}": f"layers.{at}", f"r{at}": f"layers.{at}"}
        weight = draw.standard_normal((SIZE, SIZE)) / np.sqrt(SIZE)
        # One weight far larger than the others: coarse steps for all of them.
        weight[0, 0] = 2.0 * at
        weights[f"w{at}"] = weight.astype(np.float32)
        weights[f"k{at}"] = np.array(0.2**at, np.float32)
        before = f"r{at}"
    proto = parse(f"g (float[4, {SIZE}] x) => (float[4, {SIZE}] {before}) {{ {' '.join(lines)} }}")
    for name, array in weights.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for node in proto.graph.node:
        node.name = node.output[0]
    return scoped(proto, scopes)


def brute_force(original: TaggedGraph, feed: dict[str, np.ndarray]) -> dict[str, float]:
    expected = results(original.proto, feed)
    return {
        f"layers.{at}.linear": rms_error(
            results(quantised(original.proto, nodes_to_quantize=[f"m{at}"]), feed), expected
        )
        for at in range(LAYERS)
    }


def results(proto: onnx.ModelProto, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    names = [one.name for one in proto.graph.output]
    values = run(open_session(proto, None), names, {n: to_value(one) for n, one in feed.items()})
    return [to_array(one).copy() for one in values]


def test_the_module_that_adds_most_is_brute_forces_and_worse_rules_miss_it() -> None:
    original = tagged(stack())
    graph = tagged(quantised(original.proto))
    with Spill() as spill:
        paired = graph_reference(original, graph, spill)
        truth = brute_force(original, dict(paired.feed))
        order = sorted(truth, key=lambda fqn: -truth[fqn])
        outputs = paired.reference.outputs
        effect = {
            outputs[at].module: figure
            for at, figure in effects(original, graph, paired, spill).items()
        }
        assert sorted(truth, key=lambda fqn: -effect[fqn]) == order
        assert effect[order[0]] == pytest.approx(truth[order[0]], rel=0.05)

        document = hexviz.parity(graph, original).to_document()
        own = {one.module: one.own.max_rel_error for one in document.modules if one.own}
        assert max(truth, key=lambda fqn: own[fqn] or 0) != order[0]

        moved = [pair.value for pair in paired.pairs[1:]] + [paired.pairs[0].value]
        wrong = replace(
            paired,
            pairs=tuple(
                replace(pair, value=value) for pair, value in zip(paired.pairs, moved, strict=True)
            ),
        )
        worse = effects(original, graph, wrong, spill)
        found = {outputs[at].module: figure for at, figure in worse.items()}
        assert found[order[0]] > 10 * truth[order[0]]


def test_the_document_ranks_and_names_modules_of_the_reference() -> None:
    original = tagged(stack())
    document = hexviz.parity(quantised(original.proto), original).to_document()
    linear = [one for one in document.modules if one.module.endswith("linear")]
    assert [one.ok for one in linear] == [False] * LAYERS
    assert all(one.effect for one in linear)
    assert document.message.startswith(
        "largest effect on the results, by its own error alone: layers.0.linear ("
    )
    assert {one.how for one in document.modules} == {"transfer"}
    assert document.inputs == "made"
    assert document.weights == ()


def test_a_graph_beside_itself_has_no_error_and_no_effects() -> None:
    document = hexviz.parity(stack(), stack()).to_document()
    assert document.message.startswith("no divergence")
    assert all(one.effect is None for one in document.modules)


def test_a_changed_weight_is_found_and_named() -> None:
    changed = stack()
    weight = onnx.numpy_helper.to_array(changed.graph.initializer[2]).copy()
    weight *= 1.05
    changed.graph.initializer[2].CopyFrom(onnx.numpy_helper.from_array(weight, "w1"))
    document = hexviz.parity(changed, stack()).to_document()
    assert document.first_divergence is not None
    assert document.first_divergence.module == "layers.1.linear"
    assert [document.modules[at].module for at in document.divergences] == ["layers.1.linear"]
    assert [(one.name, one.has_effect) for one in document.weights] == [("w1", True)]


def test_a_module_that_makes_the_results_no_numbers_has_the_largest_effect() -> None:
    changed = stack()
    for at, weight in enumerate(changed.graph.initializer):
        array = onnx.numpy_helper.to_array(weight) * np.float32(1.05)
        if weight.name == "w2":
            array[1, 1] = np.nan
        changed.graph.initializer[at].CopyFrom(onnx.numpy_helper.from_array(array, weight.name))
    document = hexviz.parity(changed, stack()).to_document()
    assert document.message.startswith(
        "largest effect on the results, by its own error alone: layers.2.linear (no number), "
    )
    (bad,) = [one for one in document.modules if one.module == "layers.2.linear"]
    assert (bad.effect, effect_of(bad)) == (None, math.inf)
    assert read_document(json.dumps(to_dict(document)).encode()) == document
    table = module_table(tagged(stack()), parity=document)
    (row,) = [one for one in table.rows if one.module == "layers.2.linear"]
    assert row.own["effect"] == math.inf


CALLS = """g (float[4, 8] x) => (float[4, 8] y) {
    a = MatMul (x, w)
    b = Relu (a)
    c = MatMul (b, w)
    y = Tanh (c)
}"""


def test_a_module_that_is_called_again_has_calls_and_not_outputs() -> None:
    proto = parse(CALLS)
    weight = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w"))
    proto = scoped(proto, {"a": "up", "b": "act", "c": "up", "y": "head"})
    document = hexviz.parity(proto, proto).to_document()
    calls = [(one.module, one.call, one.output) for one in document.modules]
    assert calls == [("up", 0, 0), ("act", 0, 0), ("up", 1, 0), ("head", 0, 0)]


def test_graphs_of_two_models_are_refused() -> None:
    other = parse("g (float[4, 32] x) => (float[4, 32] y) { m = MatMul (x, w)\n y = Softmax (m) }")
    weight = np.random.default_rng(9).standard_normal((32, 32)).astype(np.float32)
    other.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w"))
    scoped(other, {"m": "a", "y": "b"})
    with pytest.raises(MatchingError, match="is not of the model in"):
        hexviz.parity(other, stack())
    without = scoped(parse("g (float[4, 32] x) => (float[4, 32] y) { y = Neg (x) }"), {"y": "a"})
    with pytest.raises(MatchingError, match="0% of the arithmetic of one is in the other"):
        hexviz.parity(parse("g (float[4, 32] x) => (float[4, 32] z) { z = Exp (x) }"), without)
