"""What a comparison says of two graphs, once it is known which op is which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

import hexviz
from hexviz.errors import ReadError
from hexviz.matching.compare import compare, compared
from hexviz.matching.comparison import KINDS, Comparison
from hexviz.matching.matching import Match, Matching
from hexviz.matching.module_changes import by_part
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.override import override
from tests.build import parse, scoped
from tests.matching.layered import graph_of, layered
from tests.tagging.random_graphs import models, repeated

OPS = 5
"""Ops of a layer."""


def told(found: Comparison) -> list[tuple[str, str]]:
    return [(one.kind, one.message) for one in found.differences]


def by_layers(before: Sequence[str], after: Sequence[str], **options: object) -> Comparison:
    """A comparison of layered models in which the same letters are the same layers."""
    one, other = graph_of(layered(before)), graph_of(layered(after, **options))  # type: ignore[arg-type]
    places = {letter: at for at, letter in enumerate(before)}
    matches = {
        at * OPS + step: Match((places[letter] * OPS + step,), "same", 0.9)
        for at, letter in enumerate(after)
        if letter in places and letter not in after[:at]
        for step in range(OPS)
    }
    return compared(one, other, Matching(matches, len(one.ops), len(other.ops)))


def test_a_graph_has_no_difference_to_itself() -> None:
    found = compare(graph_of(layered()), graph_of(layered()))
    assert found.differences == found.unmatched_before == found.unmatched_after == ()
    assert found.message == "No difference: 20 ops, all the same."
    assert found.counts["same"] == 20
    assert all(one.same == one.before == one.after for one in found.modules)


def test_a_deleted_layer_is_one_difference_and_its_followers_have_other_numbers() -> None:
    found = by_layers("abcd", "acd")
    assert told(found) == [
        ("removed", "layer.1 (Block) is gone, with 5 ops."),
        ("changed", "The output v19 is called v14 now."),
        ("retagged", "layer.2 is called layer.1, layer.3 is called layer.2 now."),
    ]
    assert found.differences[0].module == "layer.1"
    assert found.differences[0].before == ("v5", "v6", "v7", "v8", "v9")
    assert found.counts == {
        "same": 15, "removed": 5, "added": 0, "moved": 0, "changed": 0, "fused": 0,
    }  # fmt: skip
    rows = {one.module: one for one in found.modules}
    assert rows["layer.1.fc"].removed == rows["layer.1.fc"].before == 2
    assert rows["layer.1.fc"].module_after is None
    assert rows["layer.2.fc"].same == 2
    assert rows["layer.2.fc"].module_after == "layer.1.fc"


def test_an_added_layer_is_one_difference() -> None:
    found = by_layers("abcd", "abcde")
    assert told(found)[0] == ("added", "layer.4 (Block) is new, with 5 ops.")
    assert {kind for kind, _ in told(found)} == {"added", "changed"}  # the output's name


def test_layers_that_changed_places_are_one_difference() -> None:
    found = by_layers("abcd", "cbad")
    assert told(found) == [("moved", "layer.0 and layer.2 changed places.")]
    assert found.counts["moved"] == 10
    assert found.counts["same"] == 10


def test_neighbours_that_changed_places() -> None:
    assert told(by_layers("abcd", "acbd")) == [("moved", "layer.1 and layer.2 changed places.")]


def test_a_layer_that_moved_to_the_end() -> None:
    found = by_layers("abcd", "bcda")
    assert told(found)[0] == ("moved", "layer.0 runs after layer.3 now.")
    assert found.counts["moved"] == 5
    assert [one.kind for one in found.differences] == ["moved", "retagged"]


def test_many_new_numbers_are_told_by_the_first_and_the_last() -> None:
    found = by_layers("abcdefgh", "bcdefgh")
    message = told(found)[-1][1]
    assert message == (
        "7 modules layer.* have other names: layer.1 is layer.0, …, layer.7 is layer.6."
    )


def test_a_wrapper_is_one_line() -> None:
    found = by_layers("abcd", "abcd", prefix="model.")
    assert told(found) == [("retagged", "All modules are below model now.")]
    assert found.counts["same"] == 20


def test_equal_changes_in_all_layers_are_one_difference() -> None:
    found = by_layers("abcd", "abcd", epsilon=0.001, activation="Gelu")
    assert told(found) == [
        ("changed", "Relu became Gelu, in each of the 4 Block (layer.*)."),
        (
            "changed",
            (
                "Attribute epsilon of LayerNormalization is 0.001, was 1e-05, in each of the 4 "
                "Block (layer.*)."
            ),
        ),
    ]
    first = found.differences[0]
    assert first.module == "layer.*.act"
    assert first.before == first.after == ("v2", "v7", "v12", "v17")
    assert first.places == 4


def test_an_attribute_that_is_left_out_is_its_default() -> None:
    before, after = layered("a"), layered("a")
    after.graph.node[4].attribute.add(name="axis", type=onnx.AttributeProto.INT, i=-1)
    after.graph.node[4].attribute.add(name="stash_type", type=onnx.AttributeProto.INT, i=1)
    assert told(compare(graph_of(before), graph_of(after))) == []


def test_weights_that_differ() -> None:
    after = layered()
    weight = next(one for one in after.graph.initializer if one.name == "layer.2.weight")
    array = numpy_helper.to_array(weight) + np.float32(1e-3)
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    found = _in_order(graph_of(layered()), graph_of(after))
    assert told(found) == [("changed", "The weights of 1 op differ (MatMul), in layer.2 (Block).")]


def test_a_wider_model() -> None:
    found = by_layers("abcd", "abcd", width=24)
    messages = [message for _, message in told(found)]
    assert any(message.startswith("Size 16 became 24 in 12 ops") for message in messages)
    assert "The input x is float[2, 24], was float[2, 16]." in messages
    assert found.counts["changed"] == 12


def test_half_precision() -> None:
    after = layered()
    for weight in after.graph.initializer:
        array = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    found = _in_order(graph_of(layered()), graph_of(after))
    assert told(found) == [
        (
            "changed",
            (
                "Float became float16 in 12 ops (Add ×4, LayerNormalization ×4, MatMul ×4), in "
                "each of the 4 Block (layer.*), 3 times."
            ),
        )
    ]


def _in_order(before: TaggedGraph, after: TaggedGraph) -> Comparison:
    matches = {at: Match((at,), "same", 0.9) for at in range(len(after.ops))}
    return compared(before, after, Matching(matches, len(before.ops), len(after.ops)))


NET = """g (float[2] x) => (float[2] y) {
    m = Neg (x)
    n = Exp (m)
    o = Abs (n)
    y = Relu (o)
}"""
SCOPES = {"m": "enc.fc", "n": "enc.fc", "o": "enc.act", "y": "head"}


def small(text: str = NET, scopes: Mapping[str, str] = SCOPES) -> TaggedGraph:
    return graph_of(scoped(parse(text), scopes))


def matched(before: TaggedGraph, after: TaggedGraph, **matches: Match) -> Comparison:
    found = {after.positions[op]: match for op, match in matches.items()}
    return compared(before, after, Matching(found, len(before.ops), len(after.ops)))


def test_fused_and_inserted_ops_in_a_file_without_tags() -> None:
    after = small("g (float[2] x) => (float[2] y) { q = Cast <to = 1> (x) y = Gelu (q) }", {})
    found = matched(
        small(), after, q=Match((0,), "inserted", 0.9), y=Match((3, 0, 1, 2), "fused", 0.8)
    )
    assert (found.before.tags, found.after.tags) == ("own", "other")
    assert told(found) == [
        ("fused", "4 ops (Abs, Exp, Neg, Relu) became one Gelu, in the model itself (Module)."),
        ("added", "1 auxiliary op is new (Cast), in enc.fc (Module)."),
    ]
    assert found.unmatched_before == found.unmatched_after == ()
    assert [(one.before, one.after, one.how) for one in found.pairs] == [
        (("m",), ("q",), "inserted"),
        (("m", "n", "o", "y"), ("y",), "fused"),
    ]


def test_an_op_that_became_two() -> None:
    after = small("g (float[2] x) => (float[2] y) { a = Exp (x) b = Log (a) y = Relu (b) }", {})
    found = matched(
        small("g (float[2] x) => (float[2] y) { o = Abs (x) y = Relu (o) }", SCOPES),
        after,
        a=Match((0,), "renamed", 0.6),
        b=Match((0,), "value", 0.8),
        y=Match((1,), "same", 0.9),
    )
    assert told(found) == [("changed", "Abs became 2 ops (Exp, Log), in enc.act (Module).")]
    assert found.pairs[0].confidence == 0.6


def test_what_is_folded_into_constants_is_removed_and_says_so() -> None:
    text = """g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
        c = Neg (w)
        y = Mul (x, c)
    }"""
    after = "g (float[2] x) => (float[2] y) <float[2] c = {-1, -2}> { y = Mul (x, c) }"
    found = matched(
        small(text, {"c": "scale", "y": "head"}), small(after, {}), y=Match((1,), "same", 0.9)
    )
    assert told(found) == [("removed", "scale (Module) is folded into constants, with 1 op.")]
    assert found.unmatched_before == ("c",)


def test_an_op_in_another_module_has_moved() -> None:
    before = small()
    found = _in_order(before, override(before, {"n": "head"}))
    assert told(found) == [("moved", "Exp n of enc.fc is in head now.")]
    assert found.counts["moved"] == 1
    assert "1 moved" in found.message
    rows = {one.module: one for one in found.modules}
    assert rows["enc.fc"].moved == rows["head"].moved == 1


def test_a_module_with_another_name_or_class_is_retagged() -> None:
    before, after = small(), small(scopes={**SCOPES, "y": "out"})
    assert told(_in_order(before, after)) == [("retagged", "head is called out now.")]
    named = graph_of(scoped(parse(NET), SCOPES, {"head": "Classifier"}))
    assert told(_in_order(before, named)) == [
        ("retagged", "The class Module is Classifier now, in head (Module).")
    ]


def test_inputs_and_outputs_of_the_model() -> None:
    after = small(
        "g (float[3] x, float[2] mask) => (float[2] z) { "
        "m = Neg (x) n = Exp (m) o = Abs (n) z = Relu (o) }",
        {**SCOPES, "z": "head"},
    )
    assert told(_in_order(small(), after)) == [
        ("added", "The input mask is new (float[2])."),
        ("changed", "The input x is float[3], was float[2]."),
        ("changed", "The output y is called z now."),
    ]


def test_parts_of_a_model_in_numbers() -> None:
    parts = by_part(by_layers("abcd", "acd").modules)
    assert [(one.module, one.before, one.after, one.removed) for one in parts] == [
        ("layer.*", 20, 15, 5)
    ]


def test_the_document_has_the_keys_of_the_contract() -> None:
    document = by_layers("abcd", "acd").to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["before"] == {"file": "model.onnx", "ops": 20, "opset": 20, "tags": "own"}
    assert set(document["pairs"][0]) == {"before", "after", "how", "confidence"}
    counts = {"before", "after", "same", "changed", "added", "removed", "moved"}
    assert {"module", "tag", *counts} <= set(document["modules"][0])
    assert {"kind", "module", "before", "after", "message"} <= set(document["differences"][0])
    assert document["unmatched"] == {"before": ["v5", "v6", "v7", "v8", "v9"], "after": []}
    assert {one["kind"] for one in document["differences"]} <= set(KINDS)


def test_different_models_are_one_line_and_no_nonsense() -> None:
    text = """g (float[1,3,8,8] x) => (float[1,4,8,8] y) <float[4,3,3,3] w> {
        c = Conv <pads = [1,1,1,1]> (x, w)
        y = Sigmoid (c)
    }"""
    other = graph_of(scoped(parse(text), {"c": "conv", "y": "act"}), "picture.onnx")
    found = compare(graph_of(layered()), other)
    assert not found.is_related
    assert found.differences == found.pairs == found.modules == ()
    assert found.message == (
        "model.onnx and picture.onnx are different models: 0% of the arithmetic of the smaller "
        "one is found in the other."
    )
    assert len(found.unmatched_before) == 20


def test_models_can_be_named_by_their_paths(tmp_path: Path) -> None:
    for name, layers in (("before.onnx", "abcd"), ("after.onnx", "abcd")):
        onnx.save(layered(layers), tmp_path / name)
    found = hexviz.compare(tmp_path / "before.onnx", str(tmp_path / "after.onnx"))
    assert isinstance(found, hexviz.Comparison)
    assert (found.before.file, found.after.file) == ("before.onnx", "after.onnx")


def test_a_file_that_is_missing_or_none(tmp_path: Path) -> None:
    (tmp_path / "none.onnx").write_bytes(b"nothing")
    with pytest.raises(ReadError, match=r"gone\.onnx does not exist: check the path\."):
        compare(tmp_path / "gone.onnx", layered())
    with pytest.raises(ReadError, match=r"none\.onnx is not an ONNX model"):
        compare(layered(), tmp_path / "none.onnx")


@pytest.mark.parametrize("tool", ["shuffled", "renamed"])
def test_names_and_order_of_the_file_are_no_difference(tool: str) -> None:
    after = layered()
    if tool == "renamed":
        for node in after.graph.node:
            node.input[:] = [f"{one}_" if one[0] == "v" else one for one in node.input]
            node.output[:] = [f"{one}_" for one in node.output]
        after.graph.output[0].name += "_"
    else:
        after.graph.node.sort(key=lambda node: node.op_type)
    found = told(compare(graph_of(layered()), graph_of(after)))
    renamed = [("changed", "The output v19 is called v19_ now.")]
    assert found == (renamed if tool == "renamed" else [])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("abcd", "acd", ("removed", "layer.1 (Block) is gone, with 5 ops.")),
        pytest.param(*("abcd", "cbad", ("moved", "layer.0 and layer.2 changed places."))),
        ("abcd", "abcde", ("added", "layer.4 (Block) is new, with 5 ops.")),
    ],
)
def test_the_matcher_and_the_comparison_together(
    before: str, after: str, expected: tuple[str, str]
) -> None:
    found = told(compare(graph_of(layered(before)), graph_of(layered(after))))
    assert found[0] == expected
    assert {kind for kind, _ in found[1:]} <= {"retagged", "changed"}


def test_a_layer_that_is_there_twice_is_one_more_layer() -> None:
    found = compare(graph_of(layered("abcd")), graph_of(layered("abbcd")))
    first = told(found)[0]
    assert first in [("added", f"layer.{number} (Block) is new, with 5 ops.") for number in (1, 2)]


@given(models())
def test_no_graph_differs_from_itself(proto: onnx.ModelProto) -> None:
    found = compare(graph_of(proto), graph_of(proto))
    assert found.is_related
    assert told(found) == []
    assert found.counts["same"] == len(proto.graph.node)


@given(repeated(), st.randoms(use_true_random=False))
def test_every_op_is_counted_once_on_each_side(proto: onnx.ModelProto, random: Random) -> None:
    after = onnx.ModelProto()
    after.CopyFrom(proto)
    del after.graph.node[random.randrange(len(after.graph.node)) :]
    one, other = graph_of(proto), graph_of(after)
    found = compare(one, other)
    if not found.is_related:
        return
    assert sum(row.before for row in found.modules) == len(one.ops)
    assert sum(row.after for row in found.modules) == len(other.ops)
    for row in found.modules:
        assert row.same + row.changed + row.fused + row.removed <= row.before
        assert row.added <= row.after
    paired = {op for pair in found.pairs if pair.how != "inserted" for op in pair.before}
    assert paired.isdisjoint(found.unmatched_before)
    assert len(paired) + len(found.unmatched_before) == len(one.ops)
