"""Drawings of real and of random graphs are sound, and the measures see one that is not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.override import override
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.elements import to_elements
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, build_index
from hexviz.view.labels import label_of
from hexviz.view.layout import lay_out
from hexviz.view.render import Layouts, render
from hexviz.view.scene import build_scene
from hexviz.view.state import ViewState, open_path, toggle
from tests.view.geometry import (
    bends,
    crossings,
    drawn_lines,
    hidden_nodes,
    loose_ends,
    overlapping,
    spine_bends,
    through_nodes,
)
from tests.view.graphs import Node, build, chain
from tests.view.test_scene import views

Element = dict[str, Any]


def node(name: str, x: float, y: float, **data: object) -> Element:
    plain = {"kind": "module", "key": name, "parent_key": "", "z": 1, "open": 0, "label": name}
    size = {"width": 60, "height": 40, "title_x": 0}
    return {"data": plain | size | {"id": name} | data, "position": {"x": x, "y": y}}


def line(source: str, target: str, **data: object) -> Element:
    plain = {"via": 0, "live": 1, "fan": 0, "beside": 0, "upward": 0, "bends": 0, "width": 1}
    return {
        "data": {**plain, "id": f"{source}-{target}", "source": source, "target": target} | data
    }


def test_a_straight_line_has_no_bends_and_a_jog_has_two() -> None:
    down = [node("a", 0, 0), node("b", 0, 100), line("a", "b", spine=1)]
    jog = [node("a", 0, 0), node("b", 5, 100), line("a", "b", spine=1)]
    jog[2]["data"] |= {"bends": 2, "distances": [0, 0], "weights": [0.3, 0.7]}
    assert spine_bends(down) == {"a-b": 0}
    assert bends(drawn_lines(jog)[0]) > 0


def test_lines_that_cross_are_counted_and_those_with_a_common_end_are_not() -> None:
    nodes = [node(name, x, y) for name, x, y in (("a", 0, 0), ("b", 200, 0))]
    nodes += [node(name, x, y) for name, x, y in (("c", 0, 200), ("d", 200, 200))]
    assert crossings([*nodes, line("a", "d"), line("b", "c")]) == 1
    assert crossings([*nodes, line("a", "c"), line("b", "d")]) == 0
    assert crossings([*nodes, line("a", "d"), line("a", "c")]) == 0


def test_a_line_through_a_node_or_a_title_is_seen() -> None:
    nodes = [node("a", 0, 0), node("between", 0, 100), node("b", 0, 200)]
    assert through_nodes([*nodes, line("a", "b")]) == [("a-b", "between")]
    nodes[1]["data"] |= {"open": 1, "label": "a title in the way", "width": 80}
    assert through_nodes([*nodes, line("a", "b")]) == [("a-b", "between (title)")]


def test_nodes_that_share_room_are_seen() -> None:
    around = node("box", 0, 0, open=1, width=300, height=300)
    inside = [node("a", 0, 0, parent_key="box"), node("b", 10, 10, parent_key="box")]
    assert overlapping([around, *inside]) == [("a", "b")]
    assert hidden_nodes([around, *inside]) == [("a", "b")]
    assert hidden_nodes([around, inside[0], node("c", 20, 0)]) == [("box", "c"), ("a", "c")]
    assert hidden_nodes([around, inside[0]]) == []


def test_a_line_that_stops_in_mid_air_is_seen() -> None:
    nodes = [node("a", 0, 0), node("b", 0, 100)]
    assert loose_ends([*nodes, line("a", "b", enter="25% -50%")]) == []
    assert loose_ends([*nodes, line("a", "b", enter="80% -50%")]) == ["a-b"]
    assert loose_ends([*nodes, line("a", "b", enter="0% -70%")]) == ["a-b"]


def faults(elements: list[Element]) -> list[Any]:
    """What is wrong with a drawing, of whatever kind."""
    return [
        *overlapping(elements),
        *hidden_nodes(elements),
        *loose_ends(elements),
        *through_nodes(elements),
    ]


def levels(index: Index, cache: Layouts, depth: int = 3) -> list[list[Element]]:
    """The first view, and what opening all it shows leads to, level by level."""
    state = first_view(index, cache)
    drawings = [render(index, state, "light", cache).elements]
    for _ in range(depth):
        for element in drawings[-1]:
            data = element["data"]
            if data.get("key") and not data["open"] and index.containers[data["key"]].count < 100:
                state = toggle(state, index, data["key"])
        drawings.append(render(index, state, "light", cache).elements)
    return drawings


@settings(max_examples=60, deadline=None)
@given(views())
def test_drawings_of_random_graphs_are_sound(view: tuple[Index, ViewState]) -> None:
    assert faults(render(*view, "light", LayoutCache()).elements) == []


def graph_of(result: Exported) -> TaggedGraph:
    return tag(from_proto(result.proto, name="model"), modules=result.modules)


@pytest.mark.parametrize("name", ["bert-tiny", "custom-auxiliary", "small-transformer"])
def test_drawings_of_exports_are_sound(name: str, exported: Callable[..., Exported]) -> None:
    index = build_index(graph_of(exported(name)))
    for elements in levels(index, LayoutCache(4096)):
        assert faults(elements) == []
        assert set(spine_bends(elements).values()) == {0}


def test_the_main_path_is_the_way_of_the_tensors(exported: Callable[..., Exported]) -> None:
    index = build_index(graph_of(exported("bert-tiny")))
    elements = render(index, first_view(index, LayoutCache()), "light", LayoutCache()).elements
    path = {ends[0]: ends[1] for ends in map(ends_of, elements) if ends}
    start = (set(path) - set(path.values())).pop()
    assert start == "i:input_ids"
    steps = [start]
    while steps[-1] in path:
        steps.append(path[steps[-1]])
    assert len(steps) == len(path) + 1
    assert steps[-1] == "u:tanh"


def ends_of(element: Element) -> tuple[str, str] | None:
    """The ends of a line of the main path."""
    data = element["data"]
    return (data["source"], data["target"]) if data.get("spine") else None


def test_a_cycle_runs_around_what_lies_between(exported: Callable[..., Exported]) -> None:
    graph = graph_of(exported("bert-tiny"))
    ops = [op for op in graph.ops if op.module == "encoder.layer.1.attention.output"]
    inner = next(op for op in ops if op.op_type == "Add")
    wrong = override(graph, {inner.id: "embeddings"})
    index = build_index(wrong)
    cache: Layouts = LayoutCache(4096)
    upward = 0
    for elements in levels(index, cache):
        assert faults(elements) == []
        for drawn in drawn_lines(elements):
            data = next(one["data"] for one in elements if one["data"]["id"] == drawn.id)
            if not data["upward"]:
                continue
            upward += 1
            ys = [y for _, y in drawn.points]
            # Out below its source, up to above its target, and in from there.
            assert ys[0] < max(ys)
            assert min(ys) < ys[-1]
            assert max(ys) - min(ys) > abs(ys[0] - ys[-1])
    assert upward > 2


def test_query_key_and_value_stand_from_left_to_right(exported: Callable[..., Exported]) -> None:
    index = build_index(graph_of(exported("bert-tiny")))
    state = open_path(ViewState(), index, "encoder.layer.0.attention.self")
    elements = render(index, state, "light", LayoutCache()).elements
    x = {one["data"].get("key"): one["position"]["x"] for one in elements if "position" in one}
    query, key, value = (
        x[f"encoder.layer.0.attention.self.{name}"] for name in ("query", "key", "value")
    )
    assert query < key < value


def test_two_values_cross_a_border_as_two_lines() -> None:
    graph = build(
        [
            Node("a", ["x"], "Relu", "first"),
            Node("b", ["a"], "Relu", "first"),
            Node("c", ["b"], "Relu", "second"),
            Node("d", ["c", "a"], "Add", "second"),
        ],
        ["d"],
    )
    for opened in ({"second"}, {"first", "second"}, {"first"}):
        state = ViewState(frozenset(opened))
        elements = render(build_index(graph), state, "light", LayoutCache()).elements
        box = next(one for one in elements if one["data"].get("key") == "second")
        top = box["position"]["y"] - box["data"]["height"] / 2
        assert faults(elements) == []
        lines = [line for line in drawn_lines(elements) if line.target != "u:d"]
        crossed = {
            round(x)
            for line in lines
            for x, y in line.points
            if abs(y - top) < 3 and line.points[0][1] < top < line.points[-1][1] + 1
        }
        assert len(crossed) == (2 if "second" in opened else 1) or opened == {"first"}


def folded(index: Index, state: ViewState, columns: int) -> list[Element]:
    """The elements of a state whose drawing folds into columns."""
    scene = build_scene(index, state)
    labels = [label_of(index, node) for node in scene.nodes]
    layout = lay_out(scene, labels, LayoutCache(), columns)
    return to_elements(index, scene, layout, labels, index.palettes["light"])


@settings(max_examples=40, deadline=None)
@given(views(), st.integers(2, 4))
def test_folded_drawings_of_random_graphs_are_sound(
    view: tuple[Index, ViewState], columns: int
) -> None:
    assert faults(folded(*view, columns)) == []


@pytest.mark.parametrize("columns", [2, 3])
def test_a_folded_chain_goes_on_at_the_connector_of_the_same_number(columns: int) -> None:
    elements = folded(build_index(chain(60)), ViewState(), columns)
    assert faults(elements) == []
    whole = render(build_index(chain(60)), ViewState(), "light", LayoutCache()).bounds
    connectors = [one for one in elements if one["data"]["id"].startswith("c:")]
    assert sorted(one["data"]["label"] for one in connectors) == sorted(
        2 * [str(at + 1) for at in range(columns - 1)]
    )
    ys = [one["position"]["y"] for one in elements if "position" in one]
    assert max(ys) - min(ys) < whole.height / columns + 150
    # From the first op to the last by lines and by connectors of one number.
    following = {line.source: line.target for line in drawn_lines(elements)}
    label = {one["data"]["id"]: one["data"]["label"] for one in connectors}
    at, steps = "i:x", 0
    while at != "u:v59":
        at = following[at]
        if at in label:
            at = next(name for name in label if label[name] == label[at] and name != at)
        steps += 1
    assert steps == 61 + columns - 1
    assert set(spine_bends(elements).values()) == {0}


def test_what_fits_stays_whole() -> None:
    elements = folded(build_index(chain(3)), ViewState(), 3)
    assert not [one for one in elements if one["data"]["id"].startswith("c:")]


def test_lines_into_an_open_box_stand_in_the_order_of_where_they_enter() -> None:
    """Of two inputs whose readers stand in an open box, neither crosses the other's line."""
    graph = build(
        [
            Node("a", ["m"], "Relu", "box"),
            Node("b", ["x"], "Relu", "box"),
            Node("c", ["a", "b"], "Sub", "box"),
        ],
        ["c"],
        ["x", "m"],
    )
    elements = render(
        build_index(graph), ViewState(frozenset({"box"})), "light", LayoutCache()
    ).elements
    assert faults(elements) == []
    assert crossings(elements) == 0
