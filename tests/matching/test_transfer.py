"""Tags of one graph for another: what each op gets, and what is said of it."""

from pathlib import Path

import numpy as np
import onnx
import onnx.compose
import onnx.inliner
import onnx.parser
import pytest

import hexviz
from hexviz.errors import MatchingError
from hexviz.matching.matching import Match, Matching
from hexviz.matching.transfer import transfer, transferred
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.explain import Counterpart, explain, explanation_record
from hexviz.tagging.override import override
from hexviz.tagging.tag import load, tag
from tests.build import parse, scoped, tagged

NET = """g (float[2] x) => (float[2] y) {
    m = Neg (x)
    n = Exp (m)
    o = Abs (n)
    y = Relu (o)
}"""
SCOPES = {"m": "enc.fc", "n": "enc.fc", "o": "enc.act", "y": "head"}


def exported() -> TaggedGraph:
    graph = tagged(scoped(parse(NET), SCOPES))
    graph.name = "exported.onnx"
    return graph


def bare(text: str, name: str = "optimised.onnx") -> TaggedGraph:
    return tag(from_proto(parse(text), name=name))


def matched(before: TaggedGraph, after: TaggedGraph, **matches: Match) -> TaggedGraph:
    """The transfer by just these matches: id after → match with positions before."""
    found = {after.positions[op]: match for op, match in matches.items()}
    return transferred(before, after, Matching(found, len(before.ops), len(after.ops)))


FUSED = "g (float[2] x) => (float[2] y) { q = Cast <to = 1> (x)  n = Gelu (q)  y = Relu (n) }"


def fused() -> TaggedGraph:
    before = exported()
    return matched(
        before,
        bare(FUSED),
        q=Match((0,), "inserted", 0.9),
        n=Match((2, 0, 1), "fused", 0.8, (3,)),
        y=Match((3,), "same", 0.95),
    )


def test_each_op_has_the_module_of_the_op_whose_value_it_gives() -> None:
    graph = fused()
    assert [op.module for op in graph.ops] == ["enc.fc", "enc.act", "head"]
    assert [op.provenance.rule for op in graph.ops] == ["inserted", "fused", "same"]
    assert {op.provenance.origin for op in graph.ops} == {"transferred"}
    assert graph.explain("n").evidence == ("o", "m", "n")
    assert graph.explain("n").shared_by == ("enc.fc",)
    assert graph.explain("n").confidence == pytest.approx(0.8)
    assert [one.fqn for one in graph.modules] == [one.fqn for one in exported().modules]
    assert graph.modules["enc.act"].class_name == "Module"


def test_the_sentence_names_the_other_file() -> None:
    graph = fused()
    assert [explain(graph, op.id).sentence for op in graph.ops] == [
        (
            "Placed in /Module/Module.enc/Module.fc: a tool inserted it, and it serves Neg “m” of "
            "exported.onnx."
        ),
        (
            "Ran in /Module/Module.enc/Module.act: it gives the value of Abs “o” in exported.onnx, "
            "and stands for Neg “m” and Exp “n” there."
        ),
        (
            "Ran in /Module/Module.head: it is Relu “y” of exported.onnx, with the same name, type "
            "and surroundings."
        ),
    ]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("value", "it makes the value of Relu “y” in exported.onnx, which kept its name."),
        ("renamed", "it is Relu “y” of exported.onnx by another name, computed from and for the"),
        ("fused", "it gives the value of Relu “y” in exported.onnx."),
        ("run", "both files were run, and it gives the value of Relu “y” in exported.onnx."),
    ],
)
def test_each_rule_has_a_sentence(how: str, sentence: str) -> None:
    graph = matched(exported(), bare(FUSED), y=Match((3,), how, 0.9))
    assert sentence in explain(graph, "y").sentence


def test_ops_of_the_other_graph_are_not_taken_for_ops_of_this_one() -> None:
    """The op "n" here is fused from "n" and others there: no step leads to itself."""
    graph = fused()
    told = explain(graph, "n")
    assert told.steps == ()
    assert told.counterparts == (
        Counterpart("o", "Abs", "makes the same value"),
        Counterpart("m", "Neg", "went into it"),
        Counterpart("n", "Exp", "went into it"),
    )
    assert explanation_record(told)["counterparts"][0] == {
        "op": "o",
        "op_type": "Abs",
        "relation": "makes the same value",
    }


def test_a_transfer_is_kept_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tagged.onnx"
    graph = fused()
    graph.save(path)
    again = load(path)
    assert [op.provenance for op in again.ops] == [op.provenance for op in graph.ops]
    assert again.transferred_from == graph.transferred_from
    assert again.transferred_from is not None
    assert again.transferred_from.file == "exported.onnx"
    assert again.transferred_from.ops == 4
    assert explain(again, "n").sentence == explain(graph, "n").sentence


def test_what_nothing_matches_inherits() -> None:
    graph = matched(exported(), bare(NET), m=Match((0,), "same", 0.95), o=Match((2,), "same", 0.95))
    assert graph.op("n").provenance.origin == "inherited"
    assert graph.op("n").module == "enc"


def test_a_sure_match_goes_before_what_the_file_says_and_an_unsure_one_after() -> None:
    before = exported()
    text = "g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"
    after = tag(from_proto(scoped(parse(text), {"m": "head", "y": "elsewhere"}), name="a.onnx"))
    sure = matched(before, after, m=Match((0,), "renamed", 0.9), y=Match((3,), "same", 0.95))
    assert [op.module for op in sure.ops] == ["enc.fc", "head"]
    assert [one.module for one in sure.explain("m").candidates] == ["head"]
    # A module that the other graph does not have is no answer at all.
    assert sure.explain("y").candidates == ()
    unsure = matched(before, after, m=Match((0,), "renamed", 0.6))
    assert unsure.op("m").module == "head"
    assert unsure.explain("m").origin == "declared"
    assert explain(unsure, "m").disagreeing == (
        ("enc.fc", "Neg “m” of exported.onnx, which it may be, is there"),
    )


def test_what_else_an_op_may_be_is_told() -> None:
    graph = matched(exported(), bare(NET), n=Match((1,), "renamed", 0.7, (0, 2, 3)))
    assert [(one.module, one.score) for one in graph.explain("n").candidates] == [
        ("enc.act", 0.3),
        ("head", 0.3),
    ]
    assert graph.explain("n").candidates[0].reason == (
        "it may be Abs “o” of exported.onnx as well, which is there"
    )


def test_what_a_person_set_is_carried_along() -> None:
    before = override(exported(), {"n": "head"})
    graph = transfer(before, bare(NET))
    assert [op.module for op in graph.ops] == ["enc.fc", "head", "enc.act", "head"]


def test_doubt_of_the_tag_is_carried_along() -> None:
    before = tagged(scoped(parse(NET), {"m": "enc.fc", "o": "enc.act", "y": "head"}))
    assert before.explain("n").confidence == 0.6
    graph = matched(before, bare(NET), n=Match((1,), "same", 0.95))
    assert graph.explain("n").confidence == pytest.approx(0.6 * 0.95)


def test_the_transfer_to_itself_changes_no_module() -> None:
    before = exported()
    after = transfer(before, before)
    assert [op.module for op in after.ops] == [op.module for op in before.ops]
    assert list(after.modules.infos().items()) == list(before.modules.infos().items())


def test_graphs_paths_and_models_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "exported.onnx"
    exported().save(path)
    graph = hexviz.transfer(path, parse(NET))
    assert isinstance(graph, hexviz.TaggedGraph)
    assert graph.ops[3].module == "head"
    assert graph.transferred_from is not None
    assert graph.transferred_from.file == "exported.onnx"
    assert graph.audit() is not None


def test_a_file_without_tags_has_none_to_give() -> None:
    with pytest.raises(MatchingError, match=r"^x\.onnx has no tags to transfer: nothing in it"):
        transfer(bare(NET, "x.onnx"), bare(NET))


def test_tags_are_not_taken_from_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = exported(), bare(NET)

    def refused(matching: Matching) -> str:
        monkeypatch.setattr("hexviz.matching.transfer.match", lambda *_: matching)
        with pytest.raises(MatchingError) as raised:
            transfer(before, after)
        return str(raised.value)

    assert refused(Matching({}, 4, 4, related=0.05)) == (
        "optimised.onnx is not of the model in exported.onnx: only 0% of the arithmetic of one is "
        "in the other. Give the file that it was made from."
    )
    half = {at: Match((at,), "renamed", 0.9) for at in range(2)}
    assert refused(Matching(half, 4, 4, related=1.0, weights=0.03)) == (
        "optimised.onnx is not of the model in exported.onnx: only 3% of the weights of one are in "
        "the other, and their structure is not the same. Give the file that it was made from."
    )


def test_a_model_that_was_trained_further_is_the_same_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = {at: Match((at,), "renamed", 0.9) for at in range(4)}
    matching = Matching(every, 4, 4, related=1.0, weights=0.0)
    monkeypatch.setattr("hexviz.matching.transfer.match", lambda *_: matching)
    graph = transfer(exported(), bare(NET))
    assert [op.module for op in graph.ops] == ["enc.fc", "enc.fc", "enc.act", "head"]


def layers(count: int, seed: int) -> onnx.ModelProto:
    """Linear layers, each with a weight of random numbers."""
    body = " ".join(f"v{at} = MatMul (v{at - 1}, w{at})" for at in range(1, count))
    weights = ", ".join(f"float[16, 16] w{at}" for at in range(1, count))
    proto = parse(f"g (float[2, 16] v0) => (float[2, 16] v{count - 1}) <{weights}> {{ {body} }}")
    draw = np.random.default_rng(seed)
    del proto.graph.initializer[:]
    for at in range(1, count):
        numbers = draw.normal(size=(16, 16)).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(numbers, f"w{at}"))
    return proto


def test_the_weights_tell_models_apart() -> None:
    scopes = {f"v{at}": f"layer.{at}" for at in range(1, 8)}
    before = tagged(scoped(layers(8, 0), scopes))
    assert transfer(before, layers(8, 0)).op("v5").module == "layer.5"
    assert transfer(before, layers(8, 1)).op("v5").module == "layer.5"  # trained further
    with pytest.raises(MatchingError, match="only 0% of the weights of one are in the other"):
        transfer(before, layers(5, 1))
    assert transfer(before, layers(5, 0)).op("v3").module == "layer.3"


FUNCTION = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2, 4] x) => (float[2, 4] y) <float[4, 4] v, float[4, 4] w> {{
    {calls}
    y = Sigmoid (b)
}}
<domain: "local", opset_import: ["" : 20]>
Inner (i) => (o) {{ o = Tanh (i) }}
<domain: "local", opset_import: ["" : 20, "local" : 1]>
Linear (i, u) => (o) {{ m = MatMul (i, u)  o = local.Inner (m) }}"""


def test_copies_of_a_function_belong_to_their_calls() -> None:
    calls = "a = local.Linear (x, v)  r = Relu (a)  b = local.Linear (r, w)"
    proto = onnx.parser.parse_model(FUNCTION.format(calls=calls))
    before = tagged(scoped(proto, {"a": "layer.0", "r": "act", "b": "layer.1", "y": "head"}))
    graph = transfer(before, onnx.inliner.inline_local_functions(proto))
    assert [(op.op_type, op.module) for op in graph.ops] == [
        ("MatMul", "layer.0"),
        ("Tanh", "layer.0"),
        ("Relu", "act"),
        ("MatMul", "layer.1"),
        ("Tanh", "layer.1"),
        ("Sigmoid", "head"),
    ]
    assert graph.ops[3].provenance.evidence == ("function:local::Linear/m",)


def test_copies_in_another_order_than_their_calls_are_left_where_these_meet() -> None:
    calls = "a = local.Linear (x, v)  c = local.Linear (x, w)  b = Add (a, c)"
    proto = onnx.parser.parse_model(FUNCTION.format(calls=calls))
    before = tagged(scoped(proto, {"a": "layer.0", "c": "layer.1", "b": "sum", "y": "head"}))
    inlined = onnx.inliner.inline_local_functions(proto)
    nodes = [inlined.graph.node[at] for at in (2, 3, 0, 1, 4, 5)]
    moved = onnx.ModelProto()
    moved.CopyFrom(inlined)
    del moved.graph.node[:]
    moved.graph.node.extend(nodes)
    graph = transfer(before, moved)
    assert {op.module for op in graph.ops} == {"layer", "sum", "head"}


def test_two_files_with_transferred_tags_can_be_merged() -> None:
    """Each names the graph its tags came from under a key of its own; then none is named."""
    merged = []
    for name in ("one.onnx", "two.onnx"):
        before = exported()
        before.name = name
        content = transfer(before, bare(NET)).to_bytes()
        merged.append(onnx.compose.add_prefix(onnx.load_from_string(content), name[:3] + "/"))
    graph = tagged(onnx.compose.merge_models(*merged, io_map=[("one/y", "two/x")]))
    assert graph.transferred_from is None
    assert graph.op("two/o").module == "two.enc.act"
    assert "of the graph it was tagged from" in explain(graph, "two/o").sentence


def test_a_part_still_says_where_its_tags_are_from() -> None:
    part = hexviz.TaggedGraph.of(fused()).extract(["enc"])
    again = tagged(part.model)
    assert again.transferred_from == fused().transferred_from
    assert "Abs “o” in exported.onnx" in explain(again, "n").sentence


def record(**fields: str) -> onnx.ModelProto:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    for key, value in {"module": "a", "tag": "/a", "confidence": "0.9", **fields}.items():
        proto.graph.node[0].metadata_props.add(key=f"hexviz.{key}", value=value)
    return proto


def test_a_record_that_names_no_op_of_the_other_graph_is_none() -> None:
    for rule in ("same", "fused", "inserted", "run"):
        graph = tagged(record(origin="transferred", rule=rule, evidence="[]"))
        assert graph.op("y").provenance.origin == "fallback"
        graph = tagged(record(origin="transferred", rule=rule, evidence='["m"]'))
        assert "Neg “m”" in explain(graph, "y").sentence
    assert tagged(record(origin="transferred", rule="value")).op("y").module == "a"


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"file": "a.onnx"}',
        '{"file": 1, "digest": "d", "ops": 3}',
        '{"file": "a.onnx", "digest": "d", "ops": true}',
        '{"file": "a.onnx", "digest": "d", "ops": -1}',
        "[" * 100_000,
        '{"file": "' + "a" * 300 + '", "digest": "d", "ops": 1}',
    ],
)
def test_what_a_stranger_wrote_of_the_other_graph_is_not_believed(text: str) -> None:
    proto = record(origin="transferred", rule="same", evidence='["m"]')
    proto.metadata_props.add(key="hexviz.transferred_from", value=text)
    graph = tagged(proto)
    assert graph.transferred_from is None
    assert "of the graph it was tagged from" in explain(graph, "y").sentence


def test_types_that_are_no_text_are_left_out() -> None:
    text = '{"file": "a.onnx", "digest": "d", "ops": 3, "types": {"m": 1, "n": "Exp"}}'
    assert SourceGraph.from_json(text) == SourceGraph("a.onnx", "d", 3, {"n": "Exp"})
