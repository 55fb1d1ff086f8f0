"""Lines keep off what they do not lead to: other boxes, and the titles of open ones."""

from collections.abc import Callable
from typing import Any

from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.drawing import Box
from hexviz.view.first_view import first_view
from hexviz.view.index import Index, build_index
from hexviz.view.metrics import text_width
from hexviz.view.problem import Point
from hexviz.view.render import Layouts, render
from hexviz.view.state import ViewState, toggle
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of

_STEPS = 12


def along(curve: Curve) -> list[Point]:
    """Points on a drawn line, close to each other."""
    points = curve.points
    if len(points) == 2:
        (x, y), (to_x, to_y) = points
        shares = [at / 40 for at in range(41)]
        return [(x + (to_x - x) * share, y + (to_y - y) * share) for share in shares]
    found: list[Point] = []
    for at in range(0, len(points) - 2, 2):
        start, control, end = points[at : at + 3]
        for step in range(_STEPS + 1):
            share = step / _STEPS
            rest = 1 - share
            weights = (rest**2, 2 * share * rest, share**2)
            x, y = (
                sum(w * one[axis] for w, one in zip(weights, (start, control, end), strict=True))
                for axis in (0, 1)
            )
            found.append((x, y))
    return found


def within(point: Point, box: Box, margin: float = 2) -> bool:
    """Whether a point lies in a box, so many pixels from its sides; negative: around it."""
    x, y = point
    return box.left + margin < x < box.right - margin and box.top + margin < y < box.bottom - margin


def crossed(elements: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """How many lines there are, and what they cross: ``line through box`` or ``… title``."""
    cascade = Cascade(stylesheet("light"))
    boxes: dict[str, Box] = {}
    titles: dict[str, Box] = {}
    for one in elements:
        data = one["data"]
        if "position" not in one:
            continue
        x, y = one["position"]["x"], one["position"]["y"]
        box = Box(x, y, data["width"], data["height"])
        boxes[data["id"]] = box
        if data["open"]:
            width = text_width(data["label"], bold=True)
            titles[data["id"]] = Box(box.left + 12 + width / 2, box.top + 15, width, 14)
    lines = 0
    found: list[str] = []
    for one in elements:
        data = one["data"]
        style = cascade.style(data)
        if "source" not in data or style.get("display") == "none" or data.get("beside"):
            continue
        lines += 1
        points = along(curve_of(style, boxes[data["source"]], boxes[data["target"]]))
        ends = (data["source"], data["target"])
        for name, box in boxes.items():
            closed = name not in titles and name not in ends
            if closed and any(within(point, box) for point in points):
                found.append(f"{data['id']} through {name}")
        for name, box in titles.items():
            if any(within(point, box) for point in points):
                found.append(f"{data['id']} through the title of {name}")
    return lines, found


def opened(index: Index, cache: Layouts) -> list[ViewState]:
    """The first view, and what opening all it shows leads to, level by level."""
    states = [first_view(index, cache)]
    for _ in range(4):
        state = states[-1]
        for one in render(index, state, "light", cache).elements:
            data = one["data"]
            if data.get("kind") == "module" and not data["open"] and data["key"] not in state.open:
                state = toggle(state, index, data["key"])
        states.append(state)
    return states


def test_lines_run_through_no_other_box_and_no_title(exported: Callable[..., Exported]) -> None:
    result = exported("bert-tiny")
    index = build_index(tag(from_proto(result.proto, name="bert"), modules=result.modules))
    cache: Layouts = LayoutCache(4096)
    count = 0
    found: list[str] = []
    for state in opened(index, cache):
        lines, through = crossed(render(index, state, "light", cache).elements)
        count += lines
        found += through
    assert count > 200
    assert len(found) <= 0.005 * count, found


def test_a_line_through_a_box_or_a_title_is_seen() -> None:
    node = {"kind": "module", "key": "", "z": 1, "open": 0, "label": "x", "width": 60, "height": 40}
    plain = {"via": 0, "live": 1, "fan": 0, "beside": 0, "upward": 0, "bends": 0, "width": 1}
    elements: list[dict[str, Any]] = [
        {"data": {**node, "id": name}, "position": {"x": x, "y": y}}
        for name, x, y in (("a", 0, 0), ("between", 0, 100), ("b", 0, 200))
    ]
    elements.append({"data": {**plain, "id": "line", "source": "a", "target": "b"}})
    assert crossed(elements) == (1, ["line through between"])
    elements[1]["data"] |= {"open": 1, "label": "a title in the way", "width": 80, "title_x": 0}
    assert crossed(elements) == (1, ["line through the title of between"])
