"""The first view as SVG in the page's HTML: what the canvas will show, before any script has run.

::

    bounds of the elements ─┐
    where the spine runs ───┴─▶ CSS: the transform of firstSight in assets/canvas/camera.js,
                                worked out by the browser for whatever size its canvas has
    colours, light and dark ──▶ CSS variables: one picture for both themes

Nothing has to be known of the window, and nothing has to run in it. The canvas takes
its transform from the picture, and its place: see ``assets/first.js``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high
from typing import Any, NamedTuple

from hexviz.view.drawing import Box
from hexviz.view.palette import PAGE
from hexviz.view.stylesheet import FONT, stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.markup import clean, element, pairs, text_element
from hexviz.view.svg.picture import draw

__all__ = ["Sight", "first_svg"]

# The same figures as in assets/canvas/camera.js; tests/browser/test_first.py holds them together.
_READABLE = 9 / 11  # zoom from which a picture is shown as a whole
_LARGEST = 1.4
_MARGIN = 28  # pixels
_EDGE = 20

_INSET, _FIRST_LINE, _CHEVRON, _THICK, _TITLE = 10, 7.5, 4.2, 1.7, 26
"""As in assets/canvas/chevrons.js, in units of the model."""

_NARROWEST, _LOWEST = 56 / _READABLE, 20 / _READABLE
"""Boxes that are smaller have no chevron at the zoom from which a picture is shown."""

_HERE = "#first-picture"

Element = Mapping[str, Any]


class Sight(NamedTuple):
    """Where a link looks: zoom, and the point of the model in the middle of the canvas."""

    zoom: float
    x: float
    y: float


def first_svg(
    light: Sequence[Element],
    dark: Sequence[Element],
    *,
    title: str,
    sight: Sight | None = None,
) -> str:
    """An ``<svg>`` that fills what is around it, and shows elements as the canvas will.

    ``light`` and ``dark`` are the elements of one state, drawn for the two themes. Without a
    ``sight``, it is where the canvas looks first.
    """
    colours = _Colours()
    cascades = Cascade(stylesheet("light")), Cascade(stylesheet("dark"))
    styled = [
        (one, colours.joined(cascades[0].style(one["data"]), cascades[1].style(other["data"])))
        for one, other in zip(light, dark, strict=True)
    ]
    drawn = draw(styled, _said)
    frame = _frame(point for _, reach in drawn for point in reach)
    chevrons = "".join(
        _chevron(one, style) for one, style in styled if one["data"].get("key") is not None
    )
    place = _sized(frame, _spine(light, frame)) if sight is None else _placed(frame, sight)
    parts = [
        element("style", f"{colours.rules()}{place}"),
        text_element("title", clean(title).replace("\n", " ")),
        *(markup for markup, _ in drawn),
        chevrons,
    ]
    return element(
        "svg",
        "".join(parts),
        id="first-picture",
        role="img",
        aria_label=clean(title).replace("\n", " "),
        viewBox=pairs([(frame.left, frame.top), (frame.width, frame.height)]).replace(",", " "),
        preserveAspectRatio="xMinYMin",
        font_family=FONT,
        text_anchor="middle",
    )


@dataclass
class _Colours:
    """The pairs of a light and a dark colour that a picture needs, each with a variable."""

    names: dict[tuple[str, str], str]

    def __init__(self) -> None:
        self.names = {(PAGE["light"], PAGE["dark"]): "--c0"}

    def joined(self, light: Mapping[str, Any], dark: Mapping[str, Any]) -> dict[str, Any]:
        """The style of an element in both themes: where they differ, a variable."""
        return {
            name: value if value == dark[name] else f"var({self._name(value, dark[name])})"
            for name, value in light.items()
        }

    def _name(self, light: str, dark: str) -> str:
        return self.names.setdefault((light, dark), f"--c{len(self.names)}")

    def rules(self) -> str:
        """CSS that gives the variables their values, in the theme that was chosen or is usual."""
        light, dark = (
            ";".join(f"{name}:{both[at]}" for both, name in self.names.items()) for at in (0, 1)
        )
        return (
            f"{_HERE}{{{light}}}"
            f'[data-theme="dark"] {_HERE}{{{dark}}}'
            f"@media (prefers-color-scheme:dark){{:root:not([data-theme]) {_HERE}{{{dark}}}}}"
        )


def _said(data: Element) -> dict[str, str]:
    """What a click on a node has to know of it: see ``assets/first.js``."""
    box = {"data-key": data["key"]} if data.get("key") else {}
    return {"data-id": data["id"], **box, **({"data-open": ""} if data.get("open") else {})}


def _frame(reach: Iterable[tuple[float, float]]) -> Box:
    """What encloses all points, as Cytoscape has it: larger by one to each side."""
    found = list(reach) or [(0.0, 0.0)]
    xs, ys = [x for x, _ in found], [y for _, y in found]
    left, right, top, bottom = min(xs) - 1, max(xs) + 1, min(ys) - 1, max(ys) + 1
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _spine(elements: Sequence[Element], frame: Box) -> float:
    """Where the way that tensors take runs, as a share of the width: see ``acrossAt``."""
    xs = {one["data"]["id"]: one["position"]["x"] for one in elements if "position" in one}
    targets = [one["data"]["target"] for one in elements if one["data"].get("spine")]
    at = median_high([xs[target] for target in targets]) if targets else frame.x
    return (at - frame.left) / frame.width


def _sized(frame: Box, spine: float) -> str:
    """CSS for where the picture stands in what is around it: see ``firstSight``."""
    wide, high = frame.width, frame.height
    ratio = f"{high / wide:.6f}"
    least = _READABLE * wide
    whole = (
        f"round(min(100cqw - {2 * _MARGIN}px,(100cqh - {2 * _MARGIN}px)/{ratio},"
        f"{_LARGEST * wide:.3f}px),1px)"
    )
    top = f"round(clamp({least:.3f}px,100cqw - {2 * _MARGIN}px,{wide:.3f}px),1px)"
    middle = "calc((100cqw - var(--w))/2)"
    across = f"min({_EDGE}px,max(100cqw - {_EDGE}px - var(--w),50cqw - var(--w)*{spine:.6f}))"
    is_narrow, is_low = (
        f"(max-{side}:{_READABLE * length + 2 * _MARGIN:.3f}px)"
        for side, length in (("width", wide), ("height", high))
    )
    return (
        f"{_HERE}{{--w:{whole};{_box('var(--w)', ratio)}"
        f"--x:{middle};--y:calc((100cqh - var(--w)*{ratio})/2)}}"
        f"@container first {is_narrow} or {is_low}{{{_HERE}{{--w:{top};--y:{_EDGE}px}}}}"
        f"@container first (max-width:{least:.3f}px){{{_HERE}{{--x:{across}}}}}"
    )


def _placed(frame: Box, sight: Sight) -> str:
    """CSS for a picture of which a link says where it looks."""
    zoom, x, y = sight
    left, top = zoom * (frame.left - x), zoom * (frame.top - y)
    return (
        f"{_HERE}{{{_box(f'{round(zoom * frame.width)}px', f'{frame.height / frame.width:.6f}')}"
        f"--x:calc(50cqw + {left:.3f}px);--y:calc(50cqh + {top:.3f}px)}}"
    )


def _box(width: str, ratio: str) -> str:
    """CSS for a box in whole pixels: a browser would move it there, and the picture with it."""
    return (
        f"width:{width};height:round(up,{width}*{ratio},1px);"
        "left:round(var(--x),1px);top:round(var(--y),1px);"
    )


def _chevron(node: Element, style: Mapping[str, Any]) -> str:
    """The mark of a box that opens and closes it; none on one that is too small for it."""
    data, place = node["data"], node["position"]
    wide, high = data["width"], data["height"]
    if not data["key"] or wide < _NARROWEST or high < _LOWEST:
        return ""
    x, half = place["x"] - wide / 2 + _INSET, _CHEVRON / 2
    if data["open"]:
        y = place["y"] - high / 2 + _TITLE / 2
        points = [(x - _CHEVRON, y - half), (x, y + half), (x + _CHEVRON, y - half)]
    else:
        y = place["y"] - (0 if data["kind"] == "call" else _FIRST_LINE)
        points = [(x - half, y - _CHEVRON), (x + half, y), (x - half, y + _CHEVRON)]
    return element(
        "polyline",
        points=pairs(points),
        fill="none",
        stroke=style["color"],
        stroke_width=_THICK,
        stroke_linecap="round",
        stroke_linejoin="round",
        pointer_events="none",
    )
