"""The file says what the canvas shows: the same styles, and lines in the same places."""

import pytest

from hexviz.view.drawing import Box
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import curve_of
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

ATTENTION = "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention"
SELF = f"{ATTENTION}&open=encoder.layer.0.attention.self"
CALL = f"{SELF}&open=encoder.layer.0.attention.self!scaled_dot_product_attention"
FILTERED = "&open=encoder&hide=encoder.layer.0&hide=pooler"
LOOKS = {
    "node": ["shape", "border-style", "border-width", "border-color", "background-color"],
    "edge": ["curve-style", "line-style", "width", "line-color", "target-arrow-shape"],
}
NODES = f"""cy.nodes().map(n => ({{
    data: n.data(), x: n.position('x'), y: n.position('y'),
    width: n.outerWidth(), height: n.outerHeight(),
    style: {LOOKS["node"]}.map(name => n.style(name)),
}}))"""
EDGES = f"""cy.edges().filter(e => e.visible()).map(e => ({{
    data: e.data(),
    style: {LOOKS["edge"]}.map(name => e.style(name)),
    source: e.sourceEndpoint(), target: e.targetEndpoint(), middle: e.midpoint(),
    bends: e.controlPoints() || [],
}}))"""


def plain(value: object) -> object:
    """A value as it stands in the stylesheet: colours in hex, lengths without their unit."""
    text = str(value)
    if text.startswith("rgb("):
        return "#" + "".join(f"{int(part):02x}" for part in text[4:-1].split(","))
    try:
        return float(text.removesuffix("px"))
    except ValueError:
        return text


@pytest.mark.parametrize("query", ["&open=", SELF, CALL, FILTERED])
def test_styles_and_lines_are_those_of_the_canvas(sheet: Sheet, server: Server, query: str) -> None:
    sheet.open(server.url + query)
    sheet.wait("cy.edges().filter(e => e.visible()).length > 4")
    cascade = Cascade(stylesheet("light"))
    boxes = {}
    for node in sheet.cy(NODES):
        style = cascade.style(node["data"])
        for name, value in zip(LOOKS["node"], node["style"], strict=True):
            assert plain(value) == plain(style.get(name, value))
        width, height = (style[side] + style["border-width"] for side in ("width", "height"))
        assert (width, height) == pytest.approx((node["width"], node["height"]))
        boxes[node["data"]["id"]] = Box(node["x"], node["y"], width, height)
    for edge in sheet.cy(EDGES):
        data, style = edge["data"], cascade.style(edge["data"])
        assert style.get("display") != "none"
        found = dict(zip(LOOKS["edge"], map(plain, edge["style"]), strict=True))
        wanted = {"line-style": "solid"} | style
        assert found == {name: plain(wanted[name]) for name in LOOKS["edge"]}
        curve = curve_of(style, boxes[data["source"]], boxes[data["target"]])
        tip = curve.arrow[1] if curve.arrow else curve.points[-1]
        for mine, theirs in [
            (curve.points[0], edge["source"]),
            (tip, edge["target"]),
            (curve.middle, edge["middle"]),
            *zip(curve.points[1:-1:2], edge["bends"], strict=True),
        ]:
            assert mine == pytest.approx((theirs["x"], theirs["y"]), abs=0.3)
