"""Boxes are made when somebody asks for them, and are the same whoever asks first, for which."""

import random
from collections.abc import Iterable

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.model.fqn import is_within
from hexviz.model.op_sequence import OpSequence
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, Placement, build_index
from hexviz.view.render import render
from hexviz.view.scene import build_scene
from hexviz.view.sight import apart_stacks
from hexviz.view.state import ViewState, is_hidden
from tests.view.graphs import Node, build, random_graph, seeds

placements = st.sampled_from(("module", "context"))


def numbered_layers(count: int) -> list[Node]:
    """Equal layers of a list, each with a module that is alone in it, and an op at the end."""
    nodes = []
    before = "x"
    for at in range(count):
        inner = f"enc.layer.{at}.block"
        nodes += [
            Node(f"a{at}", [before], "MatMul", f"{inner}.dense"),
            Node(f"b{at}", [f"a{at}"], "Relu", inner),
        ]
        before = f"b{at}"
    return [*nodes, Node("y", [before], "Tanh")]


@settings(max_examples=100, deadline=None)
@given(seeds, placements)
def test_a_box_is_the_same_alone_and_among_all(seed: int, placement: Placement) -> None:
    graph = random_graph(seed, 80, 3)
    whole = build_index(graph, placement, section=6)
    keys = list(whole.containers)
    random.Random(seed).shuffle(keys)  # noqa: S311 - an order, nothing to guess
    fresh = build_index(graph, placement, section=6)
    for key in keys:
        assert fresh.containers[key] == whole.containers[key]
        assert (key in fresh.calls) == whole.containers[key].is_call
        assert (key in fresh.stacks) == bool(whole.containers[key].members)
    fresh = build_index(graph, placement, section=6)
    for at in range(len(graph.ops)):
        assert fresh.home[at] == list(whole.home)[at]
        assert [box.key for box in fresh.around(at)] == whole.path(whole.home[at])
    fresh = build_index(graph, placement, section=6)
    for module in graph.modules:
        key = whole.hosts.get(module.fqn, module.fqn)
        assert fresh.box_of(module.fqn) == (key if key in whole.containers else None)


def test_the_boxes_of_a_stack_are_found_by_their_keys() -> None:
    graph = build(numbered_layers(9), ["y"])
    whole = build_index(graph, section=4)
    assert "enc.layer.0~9" in whole.stacks
    assert set(whole.stacks["enc.layer.0~9"].members) == {
        f"enc.layer.{at}.block" for at in range(9)
    }
    for key in whole.containers:
        assert build_index(graph, section=4).containers[key].key == key
    assert build_index(graph).box_of("enc.layer.3") == "enc.layer.3.block"
    assert build_index(graph).containers.outermost("enc.layer.3.block") == "enc.layer.3"


NO_KEYS = (
    *("nothing", "nothing@1-2", "~", "@", "@1-3", "~9", "a@b@c@1-2", "@" * 50_000),
    *("enc.layer", "enc.layer.0", "enc.layer.0~8", "enc@1-2"),
    *("enc.layer.0~9@99-100", f"enc.layer.0~9@{'9' * 6000}-1", "enc.layer.0~9@1-x"),
)


@pytest.mark.parametrize("key", NO_KEYS, ids=range(len(NO_KEYS)))
def test_what_is_no_key_is_told_so(key: str) -> None:
    containers = build_index(build(numbered_layers(9), ["y"])).containers
    assert key not in containers
    with pytest.raises(KeyError):
        _ = containers[key]


def test_a_first_picture_makes_the_boxes_that_are_seen() -> None:
    index = build_index(build(numbered_layers(400), ["y"]))
    layouts = LayoutCache()
    render(index, first_view(index, layouts), "light", layouts)
    assert len(index.containers._made) < 30
    assert len(index.containers) > 400


def uneven(index: Index, hidden: Iterable[str]) -> set[str]:
    """The stacks that a filter makes uneven, by asking each of them."""
    found = set()
    for key, stack in index.stacks.items():
        faces = [index.containers[one].face for one in stack.members]
        for fqn in hidden:
            above = fqn != stack.module and is_within(fqn, stack.module)
            if any(is_within(fqn, one) or (above and is_within(one, fqn)) for one in faces):
                found.add(key)
    return found


@settings(max_examples=60, deadline=None)
@given(seeds, st.data())
def test_a_filter_looks_at_no_more_boxes_than_it_must(seed: int, data: st.DataObject) -> None:
    graph = random_graph(seed, 60, 3)
    names = sorted({module.fqn for module in graph.modules} | {"h", "enc.layer"})
    hidden = frozenset(data.draw(st.lists(st.sampled_from(names), max_size=3)))
    index = build_index(graph, section=6)
    state = ViewState(frozenset(index.containers), hidden=hidden)
    scene = build_scene(build_index(graph, section=6), state)
    shown = {node.position for node in scene.nodes if node.kind in ("op", "constant")}
    homes = {at: index.containers[home].module for at, home in enumerate(index.home)}
    assert shown == {at for at, module in homes.items() if not is_hidden(module, hidden)}
    closed = build_scene(build_index(graph, section=6), ViewState(hidden=hidden))
    owned = {int(at) for at in closed.owner[index.slot_of[list(shown)]]}
    assert -1 not in owned


@pytest.mark.parametrize("fqn", ["enc", "enc.layer", "enc.layer.2", "enc.layer.2.block.dense", "z"])
def test_a_filter_takes_the_same_stacks_apart(fqn: str) -> None:
    graph = build(numbered_layers(5), ["y"])
    found = apart_stacks(build_index(graph), frozenset(), frozenset({fqn}))
    assert found == uneven(build_index(graph), {fqn})


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("placement", ["module", "context"])
def test_a_first_picture_makes_the_ops_and_modules_that_are_seen(
    flavour: str, placement: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[object] = []
    look = OpSequence.__getitem__
    monkeypatch.setattr(
        OpSequence, "__getitem__", lambda ops, at: looked_at.append(at) or look(ops, at)
    )
    graph = tag(from_proto(onnx.load_model_from_string(synthetic(1000, flavour)), name="graph"))
    index, layouts = build_index(graph, placement), LayoutCache()
    assert not graph.modules._made
    drawn = render(index, first_view(index, layouts), "light", layouts)
    assert isinstance(graph.ops, OpSequence)
    assert graph.ops._made is None  # not one for each op: only the ones on the page, one by one
    assert len(looked_at) <= 4 * drawn.n_ops
    assert len(graph.modules._made) <= 1 + len(graph.modules) / 4


def test_a_look_at_all_ops_would_be_seen() -> None:
    graph = tag(from_proto(onnx.load_model_from_string(synthetic(100, "names")), name="graph"))
    assert any(op.auxiliary for op in graph.ops)
    assert isinstance(graph.ops, OpSequence)
    assert graph.ops._made is not None
