"""The picture in the page's HTML: the same as the file, in two themes, and placed by CSS."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from hexviz.view.cache import LayoutCache
from hexviz.view.index import Index, build_index
from hexviz.view.render import render
from hexviz.view.state import ViewState
from hexviz.view.svg import to_svg
from hexviz.view.svg.first import Sight, first_svg
from tests.view.graphs import two_layers
from tests.view.test_scene import views

SVG = "{http://www.w3.org/2000/svg}"
OPEN = ViewState(open=frozenset({"encoder"}))


def drawn(index: Index, state: ViewState) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    cache: Any = LayoutCache()
    light, dark = (render(index, state, theme, cache).elements for theme in ("light", "dark"))
    return light, dark


def shapes(markup: str, theme: str = "") -> list[str]:
    """The groups of a picture, with the colours that its variables have in a theme."""
    if theme:
        rule = {"light": "#first-picture{", "dark": '[data-theme="dark"] #first-picture{'}[theme]
        block = markup.split(rule, 1)[1].split("}", 1)[0]
        for name, colour in re.findall(r"(--c\d+):(#\w+)", block):
            markup = markup.replace(f"var({name})", colour)
    return re.findall(r"<g .*?</g>(?=<g|<polyline|</svg>|\n)", markup, re.DOTALL)


def undressed(group: str) -> str:
    return re.sub(r' data-[a-z]+="[^"]*"', "", group)


@settings(max_examples=25, deadline=None)
@given(views())
def test_it_shows_what_the_file_shows_in_both_themes(view: tuple[Index, ViewState]) -> None:
    light, dark = drawn(*view)
    first = first_svg(light, dark, title="a model")
    assert [undressed(group) for group in shapes(first, "light")] == shapes(
        to_svg(light, "light", title="a model")
    )
    assert [undressed(group) for group in shapes(first, "dark")] == shapes(
        to_svg(dark, "dark", title="a model")
    )


def test_what_can_be_clicked_says_what_it_is() -> None:
    light, dark = drawn(build_index(two_layers()), OPEN)
    root = ElementTree.fromstring(  # noqa: S314 - written by the package
        first_svg(light, dark, title='"><script>').replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1)
    )
    nodes = {one["data"]["id"]: one["data"] for one in light if "position" in one}
    said = {group.get("data-id"): group for group in root.iter(f"{SVG}g") if group.get("data-id")}
    assert set(said) == set(nodes)
    for name, group in said.items():
        data = nodes[name or ""]
        assert group.get("data-key") == (data.get("key") or None)
        assert (group.get("data-open") is not None) == bool(data["open"])
    assert (root.get("role"), root.get("aria-label")) == ("img", '"><script>')
    assert not list(root.iter(f"{SVG}script"))


def test_every_box_that_opens_has_its_chevron() -> None:
    light, dark = drawn(build_index(two_layers()), OPEN)
    large = [one for one in light if one["data"].get("key") and one["data"]["width"] > 70]
    assert len(large) > 1
    assert first_svg(light, dark, title="").count("<polyline") == len(large)


def test_a_link_says_where_it_looks() -> None:
    light, dark = drawn(build_index(two_layers()), OPEN)
    style = first_svg(light, dark, title="", sight=Sight(1.0, 100.0, 50.0))
    width, height = map(
        float,
        re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', style).groups(),  # type: ignore[union-attr]
    )
    found = re.search(r"width:(\d+)px;height:round\(up,\d+px\*([\d.]+),1px\)", style)
    assert found
    assert float(found[1]) == pytest.approx(width, abs=0.6)
    assert float(found[2]) == pytest.approx(height / width, abs=1e-3)
    left, top = map(float, re.search(r'viewBox="(\S+) (\S+) ', style).groups())  # type: ignore[union-attr]
    across, down = re.findall(r"calc\(50cq[wh] \+ (-?[\d.]+)px\)", style)
    assert (float(across), float(down)) == pytest.approx((left - 100, top - 50), abs=0.02)
