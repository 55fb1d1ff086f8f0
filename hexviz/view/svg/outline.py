"""The shapes of nodes as SVG elements, in Cytoscape's proportions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hexviz.view.drawing import Box
from hexviz.view.problem import Point
from hexviz.view.svg.markup import element, pairs

__all__ = ["outlined"]

_CUT = 8.0
"""Length of the corner that a cut rectangle lacks."""

_DASHES = {"dashed": "4 2", "dotted": "1 1"}


def outlined(style: Mapping[str, Any], box: Box) -> str:
    """A node's shape, filled and with its border in the middle of its outline."""
    paint: dict[str, Any] = {"fill": style["background-color"]}
    if style.get("background-fill") == "linear-gradient":
        name = f"share-{box.x:g}-{box.y:g}"
        return _share(style, name) + outlined(
            {**style, "background-fill": "solid", "background-color": f"url(#{name})"}, box
        )
    if style.get("background-opacity", 1) != 1:
        paint["fill_opacity"] = style["background-opacity"]
    shape, width, kind = style["shape"], style["border-width"], style["border-style"]
    if not width:
        return _shape(shape, box, 0.0, paint)
    stroke = {"stroke": style["border-color"], "stroke_width": width}
    if kind == "double":
        # Two lines, so that what lies behind the node is seen between them.
        stroke["stroke_width"] = third = width / 3
        return _shape(shape, box, third, {"fill": "none"} | stroke) + _shape(
            shape, box, -third, paint | stroke
        )
    if kind in _DASHES:
        stroke["stroke_dasharray"] = _DASHES[kind]
    return _shape(shape, box, 0.0, paint | stroke)


def _share(style: Mapping[str, Any], name: str) -> str:
    """A filling that changes its colour on the way from left to right, for others to refer to."""
    colours = style["background-gradient-stop-colors"].split()
    offsets = style["background-gradient-stop-positions"].split()
    stops = [
        element("stop", offset=offset, stop_color=colour)
        for offset, colour in zip(offsets, colours, strict=True)
    ]
    return element("linearGradient", "".join(stops), id=name)


def _shape(shape: str, box: Box, wider: float, paint: Mapping[str, Any]) -> str:
    """One shape; ``wider`` moves its outline outwards."""
    width, height = box.width + 2 * wider, box.height + 2 * wider
    if shape == "ellipse":
        return element("ellipse", cx=box.x, cy=box.y, rx=width / 2, ry=height / 2, **paint)
    if shape in ("rectangle", "round-rectangle"):
        corner: dict[str, Any] = {}
        if shape == "round-rectangle":
            corner["rx"] = max(0.0, min(box.width / 4, box.height / 4, 8.0) + wider)
        return element(
            "rect",
            x=box.left - wider,
            y=box.top - wider,
            width=width,
            height=height,
            **corner,
            **paint,
        )
    if shape == "cut-rectangle":
        corners = _cut(width / 2, height / 2)
    elif shape == "round-octagon":
        # Cytoscape rounds its corners by less than a pixel.
        corners = [(width / 2 * x, height / 2 * y) for x, y in _octagon()]
        paint = {**paint, "stroke_linejoin": "round"}
    else:
        raise ValueError(f"Unknown shape {shape!r}: teach svg/outline.py to draw it.")
    return element("polygon", points=pairs([(box.x + x, box.y + y) for x, y in corners]), **paint)


def _cut(x: float, y: float) -> list[Point]:
    """A rectangle from ``-x, -y`` to ``x, y`` without corners, clockwise from the top left."""
    a, b = x - _CUT, y - _CUT
    return [(-a, -y), (a, -y), (x, -b), (x, b), (a, y), (-a, y), (-x, b), (-x, -b)]


def _octagon() -> list[Point]:
    """A regular octagon that fills a square from -1 to 1."""
    angles = [math.pi / 8 + at * math.pi / 4 for at in range(8)]
    reach = math.cos(math.pi / 8)
    return [(math.cos(angle) / reach, math.sin(angle) / reach) for angle in angles]
