"""What would move if ops were placed by another policy, with answers worked out by hand."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.override import override
from hexviz.tagging.policies import POLICIES, changes, from_consumers, from_producers, what_if
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models

NET = """g (float[2] x) => (float[2] y, float[2] z) {
    e = Neg (x)
    c = Constant <value_ints = [2]> ()
    t = Reshape (e, c)
    q = Relu (t)
    k = Exp (t)
    m = Add (q, k)
    y = Identity (m)
    p = Sqrt (q)
    z = Abs (p)
}"""
SCOPES = {
    "e": "enc.emb",
    "c": "enc.emb",
    "q": "enc.att.q",
    "k": "enc.att.k",
    "m": "enc.att",
    "y": "head",
    "z": "enc.out",
}
PRIMARY = {key: fqn for key, fqn in SCOPES.items() if key not in ("c", "y")}


def net() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def by_id(graph: TaggedGraph, answers: dict[int, str]) -> dict[str, str]:
    return {graph.ops[at].id: module for at, module in answers.items()}


@pytest.mark.parametrize(
    ("policy", "answers"),
    [
        # c follows t to where q and k meet; none uses y, whatever was recorded for it.
        ("consumers", {"c": "enc.att", "t": "enc.att", "y": "", "p": "enc.out"}),
        # Nothing feeds c, which does not pull t to the root with it.
        ("producers", {"c": "", "t": "enc.emb", "y": "enc.att", "p": "enc.att.q"}),
        # enc.att and enc.emb; enc.out and enc.att.q.
        ("ancestor", {"c": "enc.att", "t": "enc", "y": "", "p": "enc"}),
    ],
)
def test_answers_by_hand(policy: str, answers: dict[str, str]) -> None:
    graph = net()
    assert by_id(graph, what_if(graph, policy)) == PRIMARY | answers


def test_inference_answers_as_for_a_file_without_those_records() -> None:
    graph, blanked = net(), tagged(scoped(parse(NET), PRIMARY))
    assert by_id(graph, what_if(graph, "inference")) == {op.id: op.module for op in blanked.ops}
    assert graph.op("y").module == "head"
    assert blanked.op("y").module == "enc.att"


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_person_placed_stays_and_counts(policy: str) -> None:
    graph = override(net(), {"t": "head"})
    answers = by_id(graph, what_if(graph, policy))
    assert answers["t"] == "head"
    if policy == "consumers":
        assert answers["c"] == "head"


def test_modules_that_meet_in_a_list_are_held_by_what_encloses_it() -> None:
    proto = parse("""g (float[2] x) => (float[2] y) {
    s = Identity (x)
    a = Neg (s)
    b = Exp (s)
    y = Add (a, b)
}""")
    for node, scope in zip(
        proto.graph.node, ("", "enc/layer.0/", "enc/layer.1/", "enc/"), strict=True
    ):
        node.name = f"/{scope}{node.op_type}"
    graph = tagged(proto)
    assert [op.module for op in graph.ops[1:]] == ["enc.layer.0", "enc.layer.1", "enc"]
    assert from_consumers(graph.flat, {1: "enc.layer.0", 2: "enc.layer.1"})[0] == "enc.layer"
    assert what_if(graph, "consumers")[0] == "enc"


def test_what_only_constants_feed_says_nothing_either() -> None:
    graph = net()
    known = {graph.positions["e"]: "enc.emb"}
    answers = by_id(graph, from_producers(graph.flat, known))
    assert answers["c"] == ""
    assert set(answers.values()) == {"", "enc.emb"}
    lone = {graph.positions["m"]: "enc.att"}
    assert by_id(graph, from_producers(graph.flat, lone))["y"] == "enc.att"


def test_moves_are_told_apart_by_where_to() -> None:
    graph = net()
    at = graph.positions
    answers = {
        at["z"]: "enc",
        at["e"]: "enc.emb",
        at["m"]: "enc.att.q",
        at["k"]: "",
        at["q"]: "enc.att.k",
        at["y"]: "enc",
    }
    assert changes(graph, answers) == {
        "deeper": [at["m"]],
        "higher": [at["k"], at["z"]],
        "elsewhere": [at["q"], at["y"]],
    }
    assert changes(graph, {}) == {"deeper": [], "higher": [], "elsewhere": []}


def test_a_module_of_a_like_name_is_elsewhere() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { a = Neg (x) y = Abs (a) }")
    graph = tagged(scoped(proto, {"a": "layer1", "y": "layer10"}))
    assert changes(graph, {0: "layer10", 1: "layer1"})["elsewhere"] == [0, 1]


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'nearest': take one of consumers, producers, ancestor"):
        what_if(net(), "nearest")


@given(models(), st.sampled_from(POLICIES), st.data())
def test_manual_and_primary_declared_ops_never_move(
    proto: onnx.ModelProto, policy: str, data: st.DataObject
) -> None:
    graph = tagged(proto)
    chosen = data.draw(st.sampled_from([op.id for op in graph.ops]))
    module = data.draw(st.sampled_from([module.fqn for module in graph.modules]))
    graph = override(graph, {chosen: module})
    answers = what_if(graph, policy)
    assert set(answers) == set(range(len(graph.ops)))
    assert all(answer in graph.modules for answer in answers.values())
    moved = [at for group in changes(graph, answers).values() for at in group]
    assert sorted(moved) == [at for at, op in enumerate(graph.ops) if answers[at] != op.module]
    for at in moved:
        op = graph.ops[at]
        assert op.provenance.origin != "manual"
        assert op.auxiliary or op.provenance.origin != "declared"
