"""The page as a picture: the elements that Cytoscape gets, drawn as one SVG file.

The stylesheet of the canvas decides here as well, so there is one place that
says how things look. What a browser alone adds is left out: selection,
pointing, and the lines behind stubs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hexviz.view.drawing import Box
from hexviz.view.metrics import advance, text_width
from hexviz.view.palette import PAGE, Theme
from hexviz.view.problem import Point
from hexviz.view.stylesheet import FONT, stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import curve_of
from hexviz.view.svg.markup import clean, element, pairs, text_element
from hexviz.view.svg.outline import outlined

__all__ = ["Drawn", "draw", "to_svg"]

_MARGIN = 20.0
_GROUND_CORNER = 2.0
"""Radius of the corners of what lies behind a label, as Cytoscape has it."""
_DESCENT = 0.22
"""Share of the font size that letters reach below the line they stand on; browsers round it."""

Drawn = tuple[str, list[Point]]
"""Markup, and points that reach as far as it does."""


def to_svg(elements: Sequence[Mapping[str, Any]], theme: Theme, *, title: str) -> str:
    """A standalone SVG file that shows elements as the canvas does.

    ``elements`` are those of :func:`hexviz.view.render.render`, drawn for the
    same theme.
    """
    cascade = Cascade(stylesheet(theme))
    drawn = draw([(one, cascade.style(one["data"])) for one in elements])
    frame = _frame(point for _, reach in drawn for point in reach)
    return _document([markup for markup, _ in drawn], frame, PAGE[theme], title)


def draw(
    styled: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    said: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda _: {},
) -> list[Drawn]:
    """Elements with their styles as SVG, what lies behind first.

    ``said`` gives the attributes that a node has beside its class, from its data.
    """
    boxes = {one["data"]["id"]: _box(one, style) for one, style in styled if "position" in one}
    drawn: list[Drawn] = []
    for one, style in sorted(styled, key=lambda pair: int(pair[1]["z-index"])):
        data = one["data"]
        if style.get("display") == "none":
            continue
        if "position" in one:
            drawn.append(_node({"class": data["kind"], **said(data)}, style, boxes[data["id"]]))
        else:
            drawn.append(_edge(style, boxes[data["source"]], boxes[data["target"]]))
    return drawn


def _document(parts: Sequence[str], frame: Box, page: str, title: str) -> str:
    title = clean(title).replace("\n", " ")
    place: dict[str, Any] = {"width": frame.width, "height": frame.height}
    lines = [
        text_element("title", title),
        element("rect", x=frame.left, y=frame.top, **place, fill=page),
        *parts,
    ]
    attributes: dict[str, Any] = {
        "xmlns": "http://www.w3.org/2000/svg",
        **place,
        "viewBox": pairs([(frame.left, frame.top), (frame.width, frame.height)]).replace(",", " "),
        "role": "img",
        "aria_label": title,
        "font_family": FONT,
        "text_anchor": "middle",
    }
    return element("svg", "\n".join(["", *lines, ""]), **attributes) + "\n"


def _frame(reach: Iterable[Point]) -> Box:
    """What encloses all points, with a margin."""
    found = list(reach) or [(0.0, 0.0)]
    xs, ys = [x for x, _ in found], [y for _, y in found]
    width, height = max(xs) - min(xs) + 2 * _MARGIN, max(ys) - min(ys) + 2 * _MARGIN
    return Box((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, width, height)


def _box(node: Mapping[str, Any], style: Mapping[str, Any]) -> Box:
    """A node with its border, half of which lies outside of its outline."""
    place, border = node["position"], style["border-width"]
    return Box(place["x"], place["y"], style["width"] + border, style["height"] + border)


def _node(attributes: Mapping[str, str], style: Mapping[str, Any], around: Box) -> Drawn:
    border = style["border-width"]
    box = Box(around.x, around.y, around.width - border, around.height - border)
    place = (
        box.right if style["text-halign"] == "right" else box.x,
        box.top if style["text-valign"] == "top" else box.y,
    )
    text, reach = _text(style, place)
    reach += [(around.left, around.top), (around.right, around.bottom)]
    return element("g", outlined(style, box) + text, **attributes, **_faded(style)), reach


def _edge(style: Mapping[str, Any], source: Box, target: Box) -> Drawn:
    curve = curve_of(style, source, target)
    width, others = style["width"], curve.points[1:]
    line: dict[str, Any] = {
        "d": f"M{pairs(curve.points[:1])}{'L' if len(others) == 1 else 'Q'}{pairs(others)}",
        "fill": "none",
        "stroke": style["line-color"],
        "stroke_width": width,
        "stroke_linejoin": "round",
    }
    if style.get("line-style") == "dashed":
        line["stroke_dasharray"] = " ".join(map(str, style["line-dash-pattern"]))
    markup = element("path", **line)
    if curve.arrow:
        head, colour = pairs(curve.arrow), style["target-arrow-color"]
        markup += element("polygon", points=head, fill=colour)
    text, reach = _grounded(style, *_text(style, curve.middle))
    half = width / 2
    reach += [(x + side, y + side) for x, y in curve.extremes() for side in (-half, half)]
    return element("g", markup + text, **{"class": "edge", **_faded(style)}), reach


def _grounded(style: Mapping[str, Any], text: str, reach: list[Point]) -> Drawn:
    """A label with the ground behind it that keeps lines from running through it."""
    if not reach or "text-background-color" not in style:
        return text, reach
    pad = float(style["text-background-padding"].removesuffix("px"))
    xs, ys = [x for x, _ in reach], [y for _, y in reach]
    # As wide as the letters and no wider, as Cytoscape has it: lines run beside it.
    middle = (min(xs) + max(xs)) / 2
    half = math.ceil(advance(clean(style["label"]), style["font-size"])) / 2 + pad
    low, high = (middle - half, min(ys) - pad), (middle + half, max(ys) + pad)
    ground = element(
        "rect",
        x=low[0],
        y=low[1],
        width=high[0] - low[0],
        height=high[1] - low[1],
        rx=_GROUND_CORNER,
        fill=style["text-background-color"],
        fill_opacity=style["text-background-opacity"],
    )
    return ground + text, [*reach, low, high]


def _faded(style: Mapping[str, Any]) -> dict[str, Any]:
    return {"opacity": style["opacity"]} if "opacity" in style else {}


def _text(style: Mapping[str, Any], place: Point) -> Drawn:
    """The label of a node or an edge, one element per line.

    As in Cytoscape a line is as high as its font is large, and what is aligned
    to the top or the right of a node stands outside, but for its margins.
    """
    label, size = clean(style.get("label", "")), style["font-size"]
    if not label.strip():
        return "", []
    wraps = style.get("text-wrap") == "wrap"
    lines = label.split("\n") if wraps else [label.replace("\n", " ")]
    step = size * style.get("line-height", 1.0)
    x, y = place[0] + style.get("text-margin-x", 0), place[1] + style.get("text-margin-y", 0)
    if style.get("text-valign", "center") == "center":
        y += size / 2
        y -= (len(lines) - 1) * step / 2
    else:
        y -= (len(lines) - 1) * step
    font: dict[str, Any] = {"font_size": size, "fill": style["color"]}
    if "font-weight" in style:
        font["font_weight"] = str(style["font-weight"])
    if starts := style.get("text-halign") == "right":
        font["text_anchor"] = "start"
    markup, reach = "", []
    for line in lines:
        width = text_width(line, size, bold=style.get("font-weight") == "bold")
        left = x if starts else x - width / 2
        reach += [(left, y - size), (left + width, y)]
        kept = {} if line == " ".join(line.split()) else {"xml:space": "preserve"}
        markup += text_element("text", line, x=x, y=y - round(_DESCENT * size), **font, **kept)
        y += step
    return markup, reach
