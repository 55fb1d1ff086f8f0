"""What a call of a PyTorch function made stands in a box; auxiliary ops go with what they serve."""

from collections.abc import Iterable

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.model.graph import TaggedGraph
from hexviz.view.cache import LayoutCache
from hexviz.view.calls import LOOSE, CallGroup, group_calls
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, Placement, build_index
from hexviz.view.module_numbers import Modules
from hexviz.view.render import render
from hexviz.view.scene import build_scene
from hexviz.view.state import ViewState, open_path, reveal, toggle
from tests.view.graphs import Node, build, random_graph, seeds

ATTENTION = "self"
SDPA = "self!scaled_dot_product_attention"


def attention() -> list[Node]:
    """A query that is viewed and turned, and the attention on it."""
    view = [
        Node("s0", [], "Constant", ATTENTION, call="view"),
        Node("s1", [], "Constant", ATTENTION, call="view"),
        Node("s", ["s0", "s1"], "Concat", ATTENTION, call="view"),
        Node("v", ["q", "s"], "Reshape", ATTENTION, call="view"),
    ]
    call = "scaled_dot_product_attention"
    return [
        Node("q", ["x"], "MatMul", "self.query"),
        *view,
        Node("t", ["v"], "Transpose", ATTENTION, call="transpose"),
        Node("m", ["t", "t"], "MatMul", ATTENTION, call=call),
        Node("p", ["m"], "Softmax", ATTENTION, call=call),
        Node("o", ["p", "t"], "MatMul", ATTENTION, call=call),
        Node("y", ["o"], "Relu", "head"),
    ]


def labels(index: Index, key: str) -> list[str]:
    """What lies directly in a box, by name."""
    return [
        index.containers[item].label if isinstance(item, str) else index.graph.ops[item].id
        for item in index.containers[key].items
    ]


def test_a_module_shows_its_calls_and_a_call_of_one_op_is_the_op() -> None:
    index = build_index(build(attention(), ["y"]))
    assert labels(index, ATTENTION) == ["query", "view", "t", "scaled_dot_product_attention"]
    box = index.containers[SDPA]
    assert (box.is_call, box.is_module, box.count, box.parent) == (True, False, 3, ATTENTION)
    assert (box.face, box.label) == (ATTENTION, "scaled_dot_product_attention")
    assert [index.graph.ops[at].id for at in box.items] == ["m", "p", "o"]
    call = index.calls[SDPA].call
    assert call is not None
    assert call.target == "aten.scaled_dot_product_attention.default"
    assert index.around(index.graph.positions["p"])[-1].key == SDPA


def test_constants_drawn_as_dots_make_no_call_of_an_op_and_go_with_their_reader() -> None:
    nodes = [
        Node("a", ["x"], "Relu", "m", call="relu"),
        Node("k", [], "Constant", "m", call="add"),
        Node("b", ["a", "k"], "Add", "m", call="add"),
        Node("lost", [], "Constant", "m"),
        Node("c", ["b", "lost"], "Mul", "m", call="gelu"),
        Node("d", ["c"], "Tanh", "m", call="gelu"),
    ]
    index = build_index(build(nodes, ["d"]))
    assert labels(index, "m") == ["a", "k", "b", "gelu"]
    assert labels(index, "m!gelu") == ["lost", "c", "d"]


def test_a_call_that_is_all_of_a_module_has_no_box() -> None:
    nodes = [
        Node("w", ["x"], "Transpose", "dense", call="linear"),
        Node("y", ["x", "w"], "MatMul", "dense", call="linear"),
    ]
    index = build_index(build(nodes, ["y"]))
    assert not index.calls
    assert labels(index, "dense") == ["w", "y"]


def test_the_same_call_in_two_modules_is_two_boxes() -> None:
    nodes = [
        Node("a", ["x"], "Relu", "m.a", call="run"),
        Node("b", ["a"], "Relu", "m.a", call="run"),
        Node("c", ["b"], "Relu", "m", call="run"),
        Node("d", ["c"], "Relu", "m", call="run"),
        Node("e", ["d"], "Relu", "m", call="other"),
    ]
    index = build_index(build(nodes, ["e"]))
    assert set(index.calls) == {"m!run"}
    assert index.containers["m.a"].count == 2


def test_the_key_of_a_call_is_no_modules_path() -> None:
    nodes = [
        Node("a", ["x"], "Relu", "m", call="run"),
        Node("b", ["a"], "Relu", "m", call="run"),
        Node("c", ["b"], "Relu", "m"),
        Node("d", ["c"], "Relu", "m!run"),
    ]
    index = build_index(build(nodes, ["d"]))
    assert set(index.calls) == {"m!run!"}
    assert index.containers["m!run"].is_module


def test_a_call_opens_and_closes_like_any_box() -> None:
    index = build_index(build(attention(), ["y"]))
    state = reveal(ViewState(), index, "p")
    assert state.open == {ATTENTION, SDPA}
    assert {node.id: node.kind for node in build_scene(index, state).nodes}[f"m:{SDPA}"] == "call"
    closed = toggle(state, index, SDPA)
    shown = {node.id for node in build_scene(index, closed).nodes}
    assert f"m:{SDPA}" in shown
    assert "o:p" not in shown
    drawn = render(index, closed, "light", LayoutCache())
    assert drawn.element(index, index.graph.positions["p"]) == f"m:{SDPA}"
    data = {one["data"]["id"]: one["data"] for one in drawn.elements}[f"m:{SDPA}"]
    assert data["label"] == "scaled_dot_product_attention · 3 ops"
    assert (data["kind"], data["key"], data["ops"]) == ("call", SDPA, 3)


def test_calls_are_closed_at_first() -> None:
    index = build_index(build(attention(), ["y"]))
    assert ATTENTION in first_view(index, LayoutCache()).open
    assert not first_view(index, LayoutCache()).open & index.calls.keys()


def test_a_hidden_module_hides_its_calls() -> None:
    index = build_index(build(attention(), ["y"]))
    state = ViewState(frozenset({ATTENTION, SDPA}), hidden=frozenset({ATTENTION}))
    ids = {node.id for node in build_scene(index, state).nodes}
    assert not any(name.startswith(f"m:{ATTENTION}") for name in ids)


def layers(ends: list[int]) -> Index:
    """Layers of four ops; the first call of each ends where ``ends`` says."""
    nodes: list[Node] = []
    value = "x"
    for layer, end in enumerate(ends):
        for at in range(4):
            call = f"first_{layer}" if at < end else f"second_{layer}"
            nodes.append(Node(f"v{layer}_{at}", [value], "Relu", f"enc.{layer}", call=call))
            value = nodes[-1].output
    nodes.append(Node("y", [value], "Relu", "head"))
    return build_index(build(nodes, ["y"], classes={"enc": "Encoder"}))


def test_equal_layers_with_equal_calls_are_a_stack_that_shows_one_for_all() -> None:
    index = layers([2, 2, 2])
    (stack,) = index.stacks
    state = open_path(ViewState(), index, stack)
    ids = [node.id for node in build_scene(index, state).nodes]
    assert ids[3:5] == ["m:enc.0!first_0", "m:enc.0!second_0"]
    drawn = render(index, state, "light", LayoutCache())
    assert drawn.element(index, index.graph.positions["v2_3"]) == "m:enc.0!second_0"
    other = reveal(ViewState(), index, "v2_3")
    assert {"enc.2", "enc.2!second_2"} <= other.open


def test_layers_with_other_calls_are_no_stack() -> None:
    assert not layers([2, 2, 3]).stacks


# --- Auxiliary ops and what they serve ------------------------------------------------------


def unrecorded() -> list[Node]:
    """An attention without records: shape arithmetic and layout around its own arithmetic."""
    shape = [
        Node("s", ["x"], "Shape", ATTENTION),
        Node("k", [], "Constant", ATTENTION),
        Node("n", ["s", "k"], "Gather", ATTENTION),
        Node("qs", ["n", "n"], "Concat", ATTENTION),
        Node("ks", ["n", "n"], "Concat", ATTENTION),
    ]
    return [
        *shape,
        *(Node(f"e{at}", ["x"], "Relu", ATTENTION) for at in range(3)),
        Node("q", ["x"], "MatMul", "self.query"),
        Node("qr", ["q", "qs"], "Reshape", ATTENTION),
        Node("qt", ["qr"], "Transpose", ATTENTION),
        Node("scaled", ["qt", "qt"], "Mul", ATTENTION),
        Node("v", ["x"], "MatMul", "self.value"),
        Node("vr", ["v", "ks"], "Reshape", ATTENTION),
        Node("vt", ["vr"], "Transpose", ATTENTION),
        Node("w", ["scaled", "scaled"], "MatMul", ATTENTION),
        Node("p", ["w"], "Softmax", ATTENTION),
        Node("d0", ["p"], "Dropout", ATTENTION),
        Node("o", ["d0", "vt"], "MatMul", ATTENTION),
        Node("ot", ["o"], "Transpose", ATTENTION),
        Node("or", ["ot", "ks"], "Reshape", ATTENTION),
        Node("d", ["or"], "MatMul", "self.dense"),
        Node("y", ["d"], "Relu", "head"),
    ]


def test_auxiliary_ops_go_with_what_they_serve_or_come_from() -> None:
    index = build_index(build(unrecorded(), ["y"]))
    shown = ["Mul", "MatMul", "e0", "e1", "e2", "query", "value", "w", "p", "d0", "dense"]
    assert labels(index, ATTENTION) == shown
    groups = {index.calls[key].label: labels(index, key) for key in index.calls}
    assert groups == {
        "Mul": ["s", "k", "n", "qs", "qr", "qt", "scaled"],
        "MatMul": ["ks", "vr", "vt", "o", "ot", "or"],
    }
    assert all(group.call is None for group in index.calls.values())


def test_few_ops_stay_as_they_are() -> None:
    nodes = [
        Node("q", ["x"], "MatMul", "m.query"),
        Node("r", ["q"], "Reshape", "m"),
        Node("t", ["r"], "Transpose", "m"),
        Node("o", ["t"], "MatMul", "m"),
    ]
    assert not build_index(build(nodes, ["o"])).calls


def test_what_serves_nothing_in_its_module_stands_together() -> None:
    shapes = [Node(f"s{at}", ["x"], "Shape") for at in range(LOOSE + 1)]
    users = [Node(f"u{at}", [f"s{at}"], "Cast", f"user.{at}a") for at in range(LOOSE + 1)]
    nodes = [*shapes, *users, Node("y", [one.output for one in users], "Max", "head")]
    index = build_index(build(nodes, ["y"]))
    (group,) = index.calls.values()
    assert (group.label, len(group.members)) == ("shapes", LOOSE + 1)


def test_a_recorded_call_is_never_taken_apart() -> None:
    nodes = [
        Node(one.output, one.inputs, one.op_type, one.module, call="view" * (one.output[0] == "q"))
        for one in unrecorded()
    ]
    index = build_index(build(nodes, ["y"]))
    view = index.containers[f"{ATTENTION}!view"]
    assert labels(index, view.key) == ["qs", "qr", "qt"]
    assert index.containers[view.parent or ""].label == "Mul"
    assert {f"{ATTENTION}!scaled", f"{ATTENTION}!view"} <= reveal(ViewState(), index, "qr").open


@settings(max_examples=150, deadline=None)
@given(seeds, st.booleans(), st.sampled_from(["module", "context"]))
def test_every_op_is_in_one_container_and_slots_are_runs(
    seed: int, recorded: bool, placement: Placement
) -> None:
    index = build_index(random_graph(seed, 80, 3, calls=recorded), placement, section=6)
    held = [item for box in index.containers.values() for item in box.items]
    assert sorted(one for one in held if isinstance(one, int)) == list(range(index.n_ops))
    assert sorted(one for one in held if isinstance(one, str)) == sorted(index.containers)[1:]
    for key, group in index.calls.items():
        box = index.containers[key]
        assert sorted(index.op_at[box.low : box.high].tolist()) == sorted(group.positions())
        assert {index.containers[index.home[at]].face for at in group.positions()} == {box.face}


def returns(graph: TaggedGraph, groups: Iterable[CallGroup]) -> bool:
    """Whether a way out of a group leads back into it: a cycle once each is one node."""
    of = {at: group.key for group in groups for at in group.positions()}
    ends = ((of.get(one.source, one.source), of.get(one.target, one.target)) for one in graph.edges)
    drawn = nx.DiGraph((one, other) for one, other in ends if one != other)
    return not nx.is_directed_acyclic_graph(drawn)


def grouped(graph: TaggedGraph) -> list[CallGroup]:
    index, modules = build_index(graph), Modules(graph.modules)
    placed = modules.of(graph.columns, graph.columns.modules)
    dots = np.zeros(len(graph.ops), np.bool_)
    dots[list(index.folded)] = True
    groups = group_calls(graph, index.facts.flow, placed, modules.paths, dots, loose=0)
    return [groups[at] for at in range(len(groups))]


@settings(max_examples=300, deadline=None)
@given(seeds)
def test_a_group_without_records_is_never_entered_again(seed: int) -> None:
    graph = random_graph(seed, 60, 3, calls=False)
    assert not returns(graph, grouped(graph))


def test_a_way_back_into_a_group_would_be_seen() -> None:
    nodes = [
        Node("r", ["x"], "Reshape"),
        Node("d", ["r"], "MatMul", "child"),
        Node("y", ["d", "r"], "Add"),
    ]
    graph = build(nodes, ["y"])
    assert grouped(graph) == []
    assert returns(graph, [CallGroup("!y", "", "Add", None, 2, (0, 2))])
