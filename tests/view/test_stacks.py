"""Equal siblings in one box, lone modules in their parent's, and what stands for what."""

from collections.abc import Sequence

import pytest

from hexviz.view.cache import LayoutCache
from hexviz.view.index import Index, build_index
from hexviz.view.render import render
from hexviz.view.scene import build_scene
from hexviz.view.sight import box_showing, drawn_path
from hexviz.view.state import (
    ViewState,
    count_visible,
    open_path,
    put_together,
    reveal,
    take_apart,
)
from tests.view.graphs import Node, build

CLASSES = {"enc": "Encoder", **{f"enc.{at}": "Layer" for at in range(5)}}
STACK = "enc.0~5"


def layers(kinds: Sequence[str] = ("MatMul",) * 5) -> Index:
    """x → 5 layers of an op of their own and one in a child; a mask that all of them read."""
    nodes = [Node("mask", ["m"], "Cast")]
    value = "x"
    for at, kind in enumerate(kinds):
        layer = f"enc.{at}"
        nodes.append(Node(f"a{at}", [value, "mask"], "Add", layer))
        nodes.append(Node(f"b{at}", [f"a{at}"], kind, f"{layer}.dense"))
        value = f"b{at}"
    nodes.append(Node("y", [value], "Relu", "head"))
    return build_index(build(nodes, ["y"], ["x", "m"], CLASSES))


def lines(index: Index, state: ViewState) -> set[tuple[str, str]]:
    scene = build_scene(index, state, fan=100)
    return {(scene.nodes[one.source].id, scene.nodes[one.target].id) for one in scene.edges}


def test_equal_numbered_siblings_are_a_stack_in_their_lone_parents_box() -> None:
    index = layers()
    stack = index.containers[STACK]
    assert (stack.label, len(stack.members), stack.count) == ("Encoder / Layer ×5", 5, 10)
    assert index.box_of("enc") == STACK
    assert index.box_of("enc.3") == "enc.3"
    assert index.containers[""].items[1] == STACK


def test_a_different_sibling_splits_the_stack() -> None:
    index = layers(["MatMul", "MatMul", "MatMul", "Gemm", "MatMul"])
    assert {len(box.members) for box in index.stacks.values()} == {3}
    assert "enc.3" in index.containers["enc"].items


def test_siblings_with_names_instead_of_numbers_are_no_stack() -> None:
    nodes = [Node(f"v{name}", ["x"], "MatMul", f"self.{name}") for name in ("q", "k", "v")]
    index = build_index(build([*nodes, Node("y", ["vq", "vk", "vv"])], ["y"]))
    assert not index.stacks


def test_shapes_and_attributes_tell_siblings_apart() -> None:
    # Same types in the same order, but the third reads its input twice.
    nodes = [
        Node(f"v{at}", [f"v{at - 1}" if at else "x"] * (2 if at == 2 else 1), "Add", f"l.{at}")
        for at in range(5)
    ]
    assert not build_index(build(nodes, ["v4"])).stacks


def test_an_open_stack_shows_its_first_member_for_all() -> None:
    index = layers()
    state = ViewState(frozenset({STACK}))
    assert lines(index, state) == {
        ("i:m", "o:mask"),
        ("i:x", "o:a0"),
        ("o:mask", "o:a0"),
        ("o:a0", "m:enc.0.dense"),
        ("m:enc.0.dense", "m:head"),
        ("m:head", "u:y"),
    }
    assert count_visible(index, state) == len(build_scene(index, state).nodes)


def test_apart_each_member_has_its_own_box() -> None:
    index = layers()
    state = take_apart(ViewState(frozenset({STACK})), index, STACK)
    found = lines(index, state)
    assert ("o:a0", "m:enc.0.dense") in found  # it was open in the stack, and stays so
    assert ("m:enc.1", "m:enc.2") in found
    assert put_together(state, STACK).apart == frozenset()


def test_revealing_takes_a_stack_apart_only_where_it_must() -> None:
    index = layers()
    first = reveal(ViewState(), index, "b0")
    assert (first.open, first.apart) == ({STACK, "enc.0.dense"}, frozenset())
    other = reveal(ViewState(), index, "b3")
    assert other.apart == {STACK}
    assert other.open == {STACK, "enc.3", "enc.3.dense"}


def test_what_stands_for_an_op_or_box_of_another_member() -> None:
    index = layers()
    ops = index.graph.positions
    opened = render(index, ViewState(frozenset({STACK})), "light", LayoutCache())
    assert opened.element(index, ops["a3"]) == "o:a0"
    apart = take_apart(ViewState(frozenset({STACK, "enc.3"})), index, STACK)
    assert render(index, apart, "light", LayoutCache()).element(index, ops["a3"]) == "o:a3"
    assert drawn_path(index, "enc.3.dense", frozenset()) == [STACK]
    assert box_showing(index, "enc.3", frozenset({STACK}), frozenset()) == STACK


def test_what_is_hidden_in_one_member_takes_the_stack_apart() -> None:
    index = layers()
    state = ViewState(frozenset({STACK}), hidden=frozenset({"enc.2"}))
    ids = {node.id for node in build_scene(index, state).nodes}
    assert "m:enc.1" in ids
    assert "m:enc.2" not in ids


@pytest.mark.parametrize("at", range(1, 5))
def test_opening_another_member_shows_what_is_in_it(at: int) -> None:
    index = layers()
    state = open_path(ViewState(), index, f"enc.{at}")
    assert f"m:enc.{at}.dense" in {node.id for node in build_scene(index, state).nodes}
