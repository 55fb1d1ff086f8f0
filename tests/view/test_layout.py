from collections.abc import Callable, Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings

from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.cycles import backward
from hexviz.view.drawing import Box, Layout
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, build_index
from hexviz.view.interior import arrange
from hexviz.view.labels import label_of
from hexviz.view.layout import lay_out
from hexviz.view.problem import Edge, Problem
from hexviz.view.render import Layouts
from hexviz.view.scene import Scene, build_scene
from hexviz.view.state import ViewState, toggle
from tests.view.graphs import Node, build, random_graph, seeds, two_layers
from tests.view.test_scene import views


def drawn(index: Index, state: ViewState, cache: Layouts | None = None) -> tuple[Scene, Layout]:
    scene = build_scene(index, state)
    labels = [label_of(index, node) for node in scene.nodes]
    return scene, lay_out(scene, labels, LayoutCache() if cache is None else cache)


def overlap(one: Box, other: Box) -> bool:
    slack = 0.5
    return (
        one.left < other.right - slack
        and other.left < one.right - slack
        and one.top < other.bottom - slack
        and other.top < one.bottom - slack
    )


def siblings(scene: Scene, layout: Layout) -> Iterator[tuple[str, Box]]:
    for node, box in zip(scene.nodes, layout.boxes, strict=True):
        yield node.parent, box
    for stub in layout.stubs:
        yield scene.nodes[scene.edges[stub.edges[0]].target].parent, stub.box


def check(scene: Scene, layout: Layout) -> None:
    """No two siblings overlap, no child lies outside its parent."""
    groups: dict[str, list[Box]] = {}
    for parent, box in siblings(scene, layout):
        groups.setdefault(parent, []).append(box)
    for boxes in groups.values():
        for one, other in combinations(boxes, 2):
            assert not overlap(one, other)
    around = {
        node.key: box for node, box in zip(scene.nodes, layout.boxes, strict=True) if node.is_open
    }
    around[""] = layout.bounds
    for parent, box in siblings(scene, layout):
        outer = around[parent]
        assert box.left >= outer.left - 0.5
        assert box.right <= outer.right + 0.5
        assert box.top >= outer.top - 0.5
        assert box.bottom <= outer.bottom + 0.5


@settings(max_examples=40, deadline=None)
@given(views())
def test_boxes_neither_overlap_nor_leave_their_parents(view: tuple[Index, ViewState]) -> None:
    check(*drawn(*view))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_edges_between_siblings_point_down(seed: int) -> None:
    # All ops in one module: no closed boxes, hence no cycles.
    graph = random_graph(seed, n_ops=35, n_modules=0)
    scene, layout = drawn(build_index(graph), ViewState())
    assert not layout.upward
    for at, edge in enumerate(scene.edges):
        if not edge.stub and at not in layout.beside:
            assert layout.boxes[edge.source].bottom < layout.boxes[edge.target].top


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_large_interiors_hold_the_same(seed: int) -> None:
    graph = random_graph(seed, n_ops=260, n_modules=0)
    index = build_index(graph, section=1000)
    scene, layout = drawn(index, ViewState())
    check(scene, layout)


def side(one: Box, other: Box) -> str:
    """Where one box stands, seen from another."""
    if one.bottom <= other.top:
        return "above"
    if other.bottom <= one.top:
        return "below"
    return "left" if one.x < other.x else "right"


def _one_step_on(index: Index, state: ViewState) -> list[ViewState]:
    """The states that opening one closed box leads to."""
    scene = build_scene(index, state)
    closed = [node.key for node in scene.nodes if node.key and not node.is_open]
    return [toggle(state, index, key) for key in closed]


def test_siblings_keep_their_places_when_one_opens(exported: Callable[..., Exported]) -> None:
    """On random graphs, 7 % of pairs change sides; on real ones next to none may."""
    result = exported("bert-tiny")
    index = build_index(tag(from_proto(result.proto, name="bert"), modules=result.modules))
    cache: Layouts = LayoutCache(4096)
    turned = pairs = 0
    first = first_view(index, cache)
    for state in [first, *_one_step_on(index, first)]:
        before, places = drawn(index, state, cache)
        boxes = dict(zip((node.id for node in before.nodes), places.boxes, strict=True))
        for node in before.nodes:
            if node.kind not in ("module", "section") or node.is_open:
                continue
            after, new = drawn(index, toggle(state, index, node.key), cache)
            now = dict(zip((one.id for one in after.nodes), new.boxes, strict=True))
            around = [one.id for one in before.nodes if one.parent == node.parent and one.id in now]
            for one, other in combinations(around, 2):
                was, became = side(boxes[one], boxes[other]), side(now[one], now[other])
                turned += {was, became} in ({"above", "below"}, {"left", "right"})
                pairs += 1
    assert pairs > 50
    assert turned <= 0.02 * pairs  # the model's inputs, once the embeddings are open


def test_only_edges_that_close_a_cycle_point_up() -> None:
    graph = build(
        [
            Node("a", ["x"], module="p"),
            Node("b", ["a"], module="q"),
            Node("c", ["b"], module="p"),
        ],
        ["c"],
    )
    scene, layout = drawn(build_index(graph), ViewState())
    up = [
        (scene.nodes[scene.edges[at].source].id, scene.nodes[scene.edges[at].target].id)
        for at in layout.upward
    ]
    assert up == [("m:q", "m:p")]


def test_backward_turns_edges_of_knots_only() -> None:
    edges = [Edge(2, 1), Edge(0, 2), Edge(3, 4), Edge(4, 3)]
    assert backward(5, edges) == [False, False, False, True]


def test_constants_stand_beside_their_reader() -> None:
    index = build_index(two_layers())
    scene, layout = drawn(index, ViewState(frozenset({"encoder", "encoder.0"})))
    box = {node.id: box for node, box in zip(scene.nodes, layout.boxes, strict=True)}
    assert box["o:k"].right < box["o:b"].left
    assert box["o:k"].y == pytest.approx(box["o:b"].y)


def test_a_route_enters_an_open_box_through_its_top_border() -> None:
    index = build_index(two_layers())
    scene, layout = drawn(index, ViewState(frozenset({"encoder", "encoder.0"})))
    at = {node.id: place for place, node in enumerate(scene.nodes)}
    edge = next(
        place
        for place, edge in enumerate(scene.edges)
        if (edge.source, edge.target) == (at["m:embed"], at["o:a"])
    )
    tops = {round(layout.boxes[at[key]].top, 1) for key in ("m:encoder", "m:encoder.0")}
    assert tops <= {round(y, 1) for _, y in layout.routes[edge]}


def test_equal_layers_are_laid_out_once() -> None:
    def layer(at: int) -> list[Node]:
        before = f"b{at - 1}" if at else "x"
        return [
            Node(f"a{at}", [before], "Add", f"layer.{at}"),
            Node(f"b{at}", [f"a{at}"], "MatMul", f"layer.{at}"),
        ]

    index = build_index(build([node for at in range(6) for node in layer(at)], ["b5"]))
    cache: Layouts = LayoutCache()
    state = ViewState(frozenset({"layer", *(f"layer.{at}" for at in range(6))}))
    drawn(index, state, cache)
    assert len(cache) == 3
    drawn(index, state, cache)
    assert len(cache) == 3


def test_the_cache_is_bounded_and_keeps_what_is_used() -> None:
    cache: LayoutCache[int, str] = LayoutCache(2)
    cache.put(1, "a")
    cache.put(2, "b")
    assert cache.get(1) == "a"
    cache.put(3, "c")
    assert (cache.get(2), cache.get(1), len(cache)) == (None, "a", 2)


def test_an_empty_interior_has_no_size() -> None:
    assert arrange(Problem((), ()), LayoutCache()).size == (0.0, 0.0)
