"""Words on edges: what they say, and that they cover nothing."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.captions import edge_text
from hexviz.view.drawing import Box
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, build_index
from hexviz.view.metrics import CAPTION_SIZE, text_width
from hexviz.view.parts import SceneEdge
from hexviz.view.problem import Point
from hexviz.view.render import render
from hexviz.view.state import ViewState
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of
from tests.view.graphs import Node, build, two_layers
from tests.view.test_lines import along, within
from tests.view.test_scene import views

Element = dict[str, Any]


def drawn(index: Index, state: ViewState) -> list[Element]:
    return render(index, state, "light", LayoutCache()).elements


def lines(elements: list[Element]) -> list[Element]:
    """The data of all edges that are on the page, but for those beside a node."""
    found = [one["data"] for one in elements if "source" in one["data"]]
    return [data for data in found if not data.get("fan") and not data.get("beside")]


def curves(elements: list[Element]) -> dict[str, Curve]:
    """The line of each edge, by its id."""
    cascade = Cascade(stylesheet("light"))
    boxes = {
        one["data"]["id"]: Box(
            one["position"]["x"],
            one["position"]["y"],
            one["data"]["width"] + 1.2,
            one["data"]["height"] + 1.2,
        )
        for one in elements
        if "position" in one
    }
    return {
        data["id"]: curve_of(cascade.style(data), boxes[data["source"]], boxes[data["target"]])
        for data in lines(elements)
    }


def words(elements: list[Element]) -> dict[str, Box]:
    """Where the words of each edge stand, by its id."""
    found = {}
    tracks = curves(elements)
    for data in lines(elements):
        if data["label"]:
            x, y = tracks[data["id"]].middle
            width = text_width(data["label"], CAPTION_SIZE)
            place = (x + data["label_x"], y + data["label_y"])
            found[data["id"]] = Box(*place, width, CAPTION_SIZE)
    return found


def covered(elements: list[Element]) -> set[str]:
    """Edges whose words lie on a box, a title, or the words of another one."""
    placed = words(elements)
    solid: list[tuple[str, Box]] = []
    for one in elements:
        data = one["data"]
        if "position" not in one:
            continue
        box = Box(one["position"]["x"], one["position"]["y"], data["width"], data["height"])
        if data.get("open"):
            width = text_width(data["label"], bold=True)
            box = Box(box.left + 12 + width / 2, box.top + 15, width, 14)
        solid.append((data["id"], box))
    solid += placed.items()
    return {
        name
        for name, box in placed.items()
        for other, thing in solid
        if other != name
        and abs(box.x - thing.x) < (box.width + thing.width) / 2
        and abs(box.y - thing.y) < (box.height + thing.height) / 2
    }


def closely(curve: Curve) -> list[Point]:
    """Points on a line, at most 6 pixels from one to the next."""
    found: list[Point] = []
    for (x, y), (to_x, to_y) in pairwise(along(curve)):
        steps = max(1, math.ceil(math.hypot(to_x - x, to_y - y) / 6))
        shares = [at / steps for at in range(steps + 1)]
        found += [(x + (to_x - x) * share, y + (to_y - y) * share) for share in shares]
    return found


def on_other_lines(elements: list[Element]) -> set[str]:
    """Edges whose words lie on a line that is not theirs."""
    tracks = {name: closely(curve) for name, curve in curves(elements).items()}
    return {
        name
        for name, box in words(elements).items()
        for other, points in tracks.items()
        if other != name and any(within(point, box, 0) for point in points)
    }


def away(elements: list[Element]) -> set[str]:
    """Edges whose words do not touch their own line, or as good as."""
    tracks = curves(elements)
    return {
        name
        for name, box in words(elements).items()
        if not any(within(point, box, -10) for point in closely(tracks[name]))
    }


def on_borders(elements: list[Element]) -> set[str]:
    """Edges whose words a border of an open box runs through."""
    frames = [
        Box(one["position"]["x"], one["position"]["y"], one["data"]["width"], one["data"]["height"])
        for one in elements
        if one["data"].get("open")
    ]
    return {
        name
        for name, box in words(elements).items()
        for frame in frames
        if box.left < frame.right
        and frame.left < box.right
        and box.top < frame.bottom
        and frame.top < box.bottom
        and not (
            frame.left <= box.left
            and box.right <= frame.right
            and frame.top <= box.top
            and box.bottom <= frame.bottom
        )
    }


@settings(max_examples=20, deadline=None)
@given(views(), st.integers(1, 2))
def test_words_lie_on_no_other_line_and_across_no_border(
    view: tuple[Index, ViewState], columns: int
) -> None:
    elements = drawn(view[0], replace(view[1], columns=columns))
    bypasses = {data["id"] for data in lines(elements) if data["via"]}
    assert not on_other_lines(elements) - bypasses
    assert not on_borders(elements) - bypasses
    assert not away(elements)


def test_words_on_another_line_or_across_a_border_are_seen() -> None:
    elements = drawn(build_index(two_layers()), ViewState(frozenset({"encoder"})))
    assert not on_other_lines(elements) | on_borders(elements) | away(elements)
    tracks = curves(elements)
    placed = [data for data in lines(elements) if data["label"]]
    edge, other = placed[0], placed[-1]
    x, y = tracks[edge["id"]].middle
    to_x, to_y = tracks[other["id"]].middle
    edge["label_x"], edge["label_y"] = to_x - x, to_y - y
    assert on_other_lines(elements) >= {edge["id"]}
    assert away(elements) == {edge["id"]}
    frame = next(one for one in elements if one["data"].get("open"))
    edge["label_x"] = frame["position"]["x"] + frame["data"]["width"] / 2 - x
    edge["label_y"] = frame["position"]["y"] - y
    assert on_borders(elements) == {edge["id"]}


def test_the_lines_of_connectors_say_what_they_carry(exported: Callable[..., Exported]) -> None:
    result = exported("bert-tiny")
    index = build_index(tag(from_proto(result.proto, name="bert"), modules=result.modules))
    layers = ("encoder.layer.0", "encoder.layer.1")
    inside = {f"{layer}.{part}" for layer in layers for part in ("attention", "output")}
    opened = frozenset({"encoder", *layers, *inside})
    elements = drawn(index, ViewState(opened, columns=2))
    pieces = [data for data in lines(elements) if data["id"].startswith("j:")]
    said = [data["label"] for data in pieces if data["label"]]
    assert len(said) >= 0.75 * len(pieces) > 2
    assert not covered(elements) | on_other_lines(elements) | on_borders(elements)


@settings(max_examples=30, deadline=None)
@given(views())
def test_words_cover_no_box_no_title_and_no_other_words(view: tuple[Index, ViewState]) -> None:
    elements = drawn(*view)
    bypasses = {data["id"] for data in lines(elements) if data["via"]}  # these are always said
    assert not covered(elements) - bypasses


def test_words_that_cover_something_are_seen() -> None:
    elements = drawn(build_index(two_layers()), ViewState())
    assert not covered(elements)
    edge = next(data for data in lines(elements) if data["label"])
    edge["label_x"], edge["label_y"] = 0, -40  # on the box that the line starts at
    assert covered(elements) == {edge["id"]}


def test_nearly_every_edge_says_its_shape(exported: Callable[..., Exported]) -> None:
    """Of BERT's first view and of its attention opened, also on curves and over borders."""
    result = exported("bert-tiny")
    graph = tag(from_proto(result.proto, name="bert"), modules=result.modules)
    index = build_index(graph)
    inside = "encoder.layer.0.attention"
    opened = ViewState(frozenset({"encoder", "encoder.layer.0", inside, f"{inside}.self"}))
    for state in (first_view(index, LayoutCache()), opened):
        elements = drawn(index, state)
        found = lines(elements)
        assert sum(bool(data["label"]) for data in found) >= 0.85 * len(found)
        assert not covered(elements) | on_other_lines(elements) | on_borders(elements)


def test_words_of_an_edge() -> None:
    one = SceneEdge(0, 1, 1, ("a",), shape="2×16×128")
    assert edge_text(one) == "2×16×128"
    assert edge_text(SceneEdge(0, 1, 2, ("a", "b"), shape="2×16")) == "2×16 +1"
    assert edge_text(SceneEdge(0, 1, 2, ("a", "b"))) == "2 values"
    assert edge_text(SceneEdge(0, 1, 1, ("a",))) == ""
    assert edge_text(SceneEdge(0, 1, 0, (), via=4)) == "via 4 hidden ops"


def test_a_stub_says_its_name_and_shape() -> None:
    nodes = [Node(f"l{at}", ["x"], f"Kind{at}", f"layer{at}") for at in range(8)]
    elements = drawn(build_index(build(nodes, ["l7"])), ViewState())
    stubs = [one["data"]["label"] for one in elements if one["data"].get("kind") == "stub"]
    assert "x 2×3" in stubs
