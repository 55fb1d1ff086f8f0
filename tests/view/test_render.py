import json
import math
from typing import Any

import pytest
from hypothesis import given, settings

from hexviz.model.op import ORIGINS
from hexviz.view.cache import LayoutCache
from hexviz.view.drawing import Box
from hexviz.view.elements import _relative
from hexviz.view.index import Index, build_index
from hexviz.view.legend import BORDERS
from hexviz.view.metrics import text_width
from hexviz.view.palette import Theme
from hexviz.view.render import Layouts, render
from hexviz.view.state import ViewState
from hexviz.view.stylesheet import stylesheet
from tests.view.graphs import Node, build, two_layers
from tests.view.test_scene import views


def by_id(index: Index, state: ViewState, theme: Theme = "light") -> dict[str, dict[str, Any]]:
    cache: Layouts = LayoutCache()
    return {item["data"]["id"]: item for item in render(index, state, theme, cache).elements}


@settings(max_examples=30, deadline=None)
@given(views())
def test_ids_are_unique_and_edges_have_their_ends(view: tuple[Index, ViewState]) -> None:
    index, state = view
    elements = render(index, state, "light", LayoutCache()).elements
    ids = [item["data"]["id"] for item in elements]
    assert len(set(ids)) == len(ids)
    for item in elements:
        if "source" in item["data"]:
            assert {item["data"]["source"], item["data"]["target"]} <= set(ids)
        else:
            assert math.isfinite(item["position"]["x"])
        assert "classes" not in item
        assert "parent" not in item["data"]
    json.dumps(elements, allow_nan=False)


def test_what_styles_a_node_is_in_its_data() -> None:
    found = by_id(build_index(two_layers()), ViewState(frozenset({"encoder"})))
    box = found["m:encoder"]["data"]
    assert (box["open"], box["kind"], box["fqn"], box["label"]) == (
        1,
        "module",
        "encoder",
        "Encoder",
    )
    mask = found["o:mask"]["data"]
    assert (mask["op"], mask["origin"], mask["category"], mask["context"]) == (
        "mask",
        "inherited",
        "type conversion",
        "encoder",
    )
    assert box["z"] < mask["z"]
    assert found["m:encoder.0"]["data"]["label"] == "Layer.0\n3 ops"
    assert found["i:x"]["data"]["type"] == "float[2, 3]"


def test_deeper_boxes_lie_above_those_around_them() -> None:
    found = by_id(build_index(two_layers()), ViewState(frozenset({"encoder", "encoder.0"})))
    assert found["m:encoder"]["data"]["z"] < found["m:encoder.0"]["data"]["z"]


def test_a_bypass_edge_says_how_many_ops_it_bridges() -> None:
    found = by_id(build_index(two_layers()), ViewState(hidden=frozenset({"encoder"})))
    assert found["b:m:embed->m:head"]["data"]["label"] == "via 4 hidden ops"


def test_stubs_name_the_value_and_keep_the_line_for_later() -> None:
    nodes = [Node("mask", ["x"], "Add")]
    nodes += [Node(f"l{at}", ["mask"], f"Kind{at}", f"layer{at}") for at in range(8)]
    found = by_id(build_index(build(nodes, ["l7"])), ViewState())
    stub = found["s:m:layer5"]["data"]
    assert (stub["label"], stub["from"], stub["to"]) == ("mask", ["o:mask"], "m:layer5")
    assert found["e:o:mask->m:layer5"]["data"]["fan"] == 1
    assert found["e:o:mask->m:layer0"]["data"]["fan"] == 0


def test_the_legend_names_modules_and_borders_on_the_page() -> None:
    index = build_index(two_layers())
    legend = render(index, ViewState(), "light", LayoutCache()).legend
    assert [entry.bucket for entry in legend.entries] == ["Embed", "Encoder", "Head"]
    assert legend.origins == (("inherited", "dashed"),)
    assert legend.more == 0
    assert set(BORDERS) == set(ORIGINS)


def test_the_wrong_placement_is_refused() -> None:
    with pytest.raises(ValueError, match="places ops by module"):
        render(build_index(two_layers()), ViewState(placement="context"), "light", LayoutCache())


def test_control_points_come_back_from_their_weights_and_distances() -> None:
    start, end = Box(10, 20, 4, 4), Box(110, 220, 4, 4)
    bends = [(30.0, 50.0), (120.0, 90.0)]
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy)
    for (x, y), distance, weight in zip(bends, *_relative(bends, start, end), strict=True):
        assert start.x + weight * dx - distance * dy / length == pytest.approx(x, abs=0.05)
        assert start.y + weight * dy + distance * dx / length == pytest.approx(y, abs=0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_stylesheet_is_plain_and_spares_the_browser(theme: Theme) -> None:
    rules = stylesheet(theme)
    json.dumps(rules)
    styles = {rule["selector"]: rule["style"] for rule in rules}
    assert styles["node"]["background-image"] == []
    for origin, border in list(BORDERS.items())[1:]:
        assert styles[f'node[origin = "{origin}"]']["border-style"] == border
    assert styles["node"]["border-style"] == BORDERS["declared"]


def test_text_is_measured_by_its_longest_line() -> None:
    assert text_width("ab\nabcd") == text_width("abcd")
    assert text_width("") == 0
    assert text_width("WWW") > text_width("iii") * 3


def test_an_edge_takes_back_what_it_no_longer_is() -> None:
    """A browser merges data into the element it has, so every edge names every trait."""
    index = build_index(two_layers())
    for opened in (frozenset(), frozenset({"layer0"}), frozenset({"layer0", "layer1"})):
        state = ViewState(open=frozenset(key for key in opened if key in index.containers))
        for element in render(index, state, "light", LayoutCache()).elements:
            if "source" in element["data"] and not element["data"]["id"].startswith("e:s:"):
                assert {"label", "bends", "upward", "beside", "fan"} <= set(element["data"])
