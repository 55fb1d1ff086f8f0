import re
from collections import Counter
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hexviz.view.cache import LayoutCache
from hexviz.view.index import Index, build_index
from hexviz.view.metrics import text_width
from hexviz.view.palette import PAGE, Theme
from hexviz.view.problem import Point
from hexviz.view.render import render
from hexviz.view.state import ViewState
from hexviz.view.svg import to_svg
from hexviz.view.svg.markup import clean
from tests.view.graphs import Node, build, chain, two_layers
from tests.view.test_scene import views

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {f"{SVG}{name}" for name in ("rect", "ellipse", "polygon", "path")}


def drawn(index: Index, state: ViewState, theme: Theme = "light") -> list[dict[str, Any]]:
    return render(index, state, theme, LayoutCache()).elements


def picture(elements: list[dict[str, Any]], theme: Theme = "light") -> ElementTree.Element:
    text = to_svg(elements, theme, title="a model")
    return ElementTree.fromstring(text)  # noqa: S314 - written a line above


def groups(root: ElementTree.Element) -> list[ElementTree.Element]:
    return root.findall(f"{SVG}g")


def lines(root: ElementTree.Element) -> list[str]:
    return [found.text or "" for found in root.iter(f"{SVG}text")]


def numbers(text: str) -> list[Point]:
    found = [float(number) for number in re.findall(r"-?[\d.]+", text)]
    return list(zip(found[::2], found[1::2], strict=True))


def reach(shape: ElementTree.Element) -> list[Point]:
    """Points on the outline of a shape, or around a text."""
    at = {key: float(shape.get(key, "0")) for key in ("x", "y", "width", "height", "cx", "cy")}
    if shape.tag == f"{SVG}text":
        width = text_width(shape.text or "", float(shape.get("font-size", "12")))
        left = at["x"] - (0 if shape.get("text-anchor") == "start" else width / 2)
        return [(left, at["y"] - 9), (left + width, at["y"])]
    if shape.tag == f"{SVG}rect":
        return [(at["x"], at["y"]), (at["x"] + at["width"], at["y"] + at["height"])]
    if shape.tag == f"{SVG}ellipse":
        x, y = float(shape.get("rx", "0")), float(shape.get("ry", "0"))
        return [(at["cx"] - x, at["cy"] - y), (at["cx"] + x, at["cy"] + y)]
    if shape.tag == f"{SVG}polygon":
        return numbers(shape.get("points", ""))
    points = numbers(shape.get("d", ""))
    if "L" in shape.get("d", ""):
        return points
    return [
        tuple(
            (1 - t) ** 2 * points[at][axis]
            + 2 * t * (1 - t) * points[at + 1][axis]
            + t * t * points[at + 2][axis]
            for axis in (0, 1)
        )  # type: ignore[misc]
        for at in range(0, len(points) - 2, 2)
        for t in (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)
    ]


@settings(max_examples=40, deadline=None)
@given(views(), st.sampled_from(["light", "dark"]))
def test_all_is_drawn_and_lies_inside(view: tuple[Index, ViewState], theme: Theme) -> None:
    elements = drawn(*view, theme)
    root = picture(elements, theme)
    found = Counter(group.get("class") for group in groups(root))
    visible = [element["data"] for element in elements if not element["data"].get("fan")]
    assert found == Counter("edge" if "source" in data else data["kind"] for data in visible)
    left, top, width, height = map(float, root.get("viewBox", "").split())
    for group in groups(root):
        shapes = [shape for shape in group if shape.tag in SHAPES]
        assert shapes
        for shape in group:
            for x, y in reach(shape):
                assert left + 18 <= x <= left + width - 18
                assert top + 18 <= y <= top + height - 18
    page = root.find(f"{SVG}rect")
    assert page is not None
    assert page.get("fill") == PAGE[theme]


@settings(max_examples=20, deadline=None)
@given(views())
def test_boxes_lie_behind_lines_and_lines_behind_ops(view: tuple[Index, ViewState]) -> None:
    elements = drawn(*view)
    depth = {
        element["data"]["label"]: element["data"]["z"]
        for element in elements
        if element["data"].get("open")
    }
    ranks = []
    for group in groups(picture(elements)):
        if group.get("class") == "edge":
            ranks.append(500)
            continue
        texts = group.findall(f"{SVG}text")
        is_open = len(texts) == 1 and texts[0].get("text-anchor") == "start"
        ranks.append(depth[texts[0].text or ""] if is_open else 1000)
    if len(depth) == sum(bool(element["data"].get("open")) for element in elements):
        assert all(one <= other for one, other in pairwise(ranks))
    assert [rank >= 500 for rank in ranks] == sorted(rank >= 500 for rank in ranks)


def test_the_file_stands_alone_and_says_what_it_is() -> None:
    text = to_svg(drawn(build_index(two_layers()), ViewState()), "light", title='bert "tiny"')
    root = ElementTree.fromstring(text)  # noqa: S314 - written a line above
    assert (root.get("role"), root.get("aria-label")) == ("img", 'bert "tiny"')
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == 'bert "tiny"'
    without_namespace = text.replace("http://www.w3.org/2000/svg", "")
    for outside in ("http", "href", "url(", "@import", "<script", "<style", "<image", "<foreign"):
        assert outside not in without_namespace


def test_titles_and_details_are_written_as_on_the_page() -> None:
    opened = picture(drawn(build_index(two_layers()), ViewState(frozenset({"encoder"}))))
    assert {"Encoder", "Layer.0", "3 ops", "Cast", "x", "m", "y"} <= set(lines(opened))
    nested = Node("a", ["x"], "Add", "deep.inside")
    index = build_index(build([nested, Node("b", ["a"], module="deep")], ["b"]))
    for text in picture(drawn(index, ViewState(frozenset({"deep"})))).iter(f"{SVG}text"):
        if "  " in (text.text or ""):
            assert text.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"


def test_borders_tell_origins_apart() -> None:
    origins = ["declared", "inherited", "fallback", "manual"]
    nodes = [Node(f"v{at}", ["x"], f"T{at}", origin=origin) for at, origin in enumerate(origins)]
    root = picture(drawn(build_index(build(nodes, [f"v{at}" for at in range(4)])), ViewState()))
    found: dict[str, list[ElementTree.Element]] = {}
    for group in groups(root):
        if group.get("class") == "op":
            found["".join(group.itertext())] = [shape for shape in group if shape.tag in SHAPES]
    assert [len(found[f"T{at}"]) for at in range(4)] == [1, 1, 1, 2]
    assert [found[f"T{at}"][0].get("stroke-dasharray") for at in range(3)] == [None, "4 2", "1 1"]
    outer, inner = found["T3"]
    assert outer.get("fill") == "none"
    assert float(outer.get("width", "0")) > float(inner.get("width", "0"))


def test_a_bypass_is_dashed_and_has_its_caption() -> None:
    state = ViewState(hidden=frozenset({"encoder"}))
    root = picture(drawn(build_index(two_layers()), state))
    dashed = [path for path in root.iter(f"{SVG}path") if path.get("stroke-dasharray") == "6 4"]
    assert dashed
    assert "via 4 hidden ops" in lines(root)


def test_lines_behind_stubs_are_left_out() -> None:
    nodes = [Node("mask", ["x"], "Add")]
    nodes += [Node(f"l{at}", ["mask"], "Add", f"layer{at}") for at in range(8)]
    elements = drawn(build_index(build(nodes, ["l7"])), ViewState())
    fans = sum(element["data"].get("fan", 0) for element in elements)
    assert fans
    assert len(groups(picture(elements))) == len(elements) - fans


def test_nothing_to_draw_is_an_empty_page() -> None:
    assert picture([]).get("viewBox") == "-20 -20 40 40"


HOSTILE = '</text><script>alert("1")</script>\x00\x1b\ud800\ufffe&amp;\t\'"'


@given(st.text(max_size=40))
@example(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_names_from_strangers_are_only_text(name: str) -> None:
    data: dict[str, Any] = {
        "id": name,
        "kind": "module",
        "label": name,
        "open": 0,
        "width": 99,
        "height": 44,
        "z": 1000,
        "fill": name,
        "border": name,
        "ink": name,
    }
    text = to_svg([{"data": data, "position": {"x": 0, "y": 0}}], "light", title=name)
    text.encode()
    root = ElementTree.fromstring(text)  # noqa: S314 - written a line above
    tags = Counter(found.tag.removeprefix(SVG) for found in root.iter())
    assert tags["script"] == 0
    assert tags["rect"] == 2
    assert tags["g"] == 1
    if clean(name).strip():
        assert lines(root) == clean(name).split("\n")


def test_hostile_names_in_a_graph() -> None:
    fair = HOSTILE.replace("\ud800", "")  # protobuf itself refuses half a character
    nodes = [Node(f"{fair}a", ["x"], fair), Node("b", [f"{fair}a"], "Add", "m")]
    index = build_index(build(nodes, ["b"], classes={"m": fair}))
    for state in (ViewState(), ViewState(frozenset({"m"}))):
        for theme in ("light", "dark"):
            text = to_svg(drawn(index, state, theme), theme, title=fair)
            ElementTree.fromstring(text)  # noqa: S314 - written a line above
            assert "<script" not in text


def test_long_names_and_many_elements_stay_small() -> None:
    assert len(clean("x" * 10**6)) <= 100
    elements = drawn(build_index(chain(500), section=5000), ViewState())
    assert len(elements) > 1000
    size = len(to_svg(elements, "light", title="x" * 10**6).encode())
    assert size < 500_000
