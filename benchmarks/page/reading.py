"""How well a first picture reads: `make bench-reading`. Prints figures; asserts nothing.

For each file, window and theme, from what the canvas shows before anybody has touched it:

- *label*: the smallest text of a node in sight, in pixels on the screen;
- *wide*, *high*: the share of the canvas's width and height that the picture takes;
- *bends*: on the edges of the longest way that tensors take through what is drawn, how often
  they turn aside, per edge;
- *shapes*: the share of the lines drawn, but for those to constants and stubs, with words on them;
- *fill*, *ink*: the smallest contrast (WCAG 2) of a box with what it stands on, and of a text
  with its box.

And of each file, *loose*: the most boxes and ops, constants aside, that stand directly in one
opened module that has an attention's shape, which is a Softmax among its own ops.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

import hexviz
from hexviz.cli.console import console, listing
from hexviz.view.index import build_index
from hexviz.view.scene import build_scene
from hexviz.view.state import ViewState, open_path
from tests.browser.conftest import Sheet
from tests.browser.install_chromium import find
from tests.serving import Server
from tests.view.geometry import bends, drawn_lines

SIZES: tuple[tuple[int, int], ...] = ((1024, 700), (1366, 768), (1440, 900), (1920, 1080))
THEMES = ("light", "dark")

_SEEN = """() => {
  const cy = document.getElementById('graph')._cyreg.cy;
  const zoom = cy.zoom(), width = cy.width(), height = cy.height();
  const inSight = node => {
    const box = node.renderedBoundingBox({ includeLabels: false, includeOverlays: false });
    return box.x2 > 0 && box.y2 > 0 && box.x1 < width && box.y1 < height;
  };
  const named = new Set([...document.querySelectorAll('[data-names-box]')].map(
    name => name.dataset.namesBox));
  const labels = cy.nodes().filter(node => inSight(node) && node.data('label')
    && !named.has(node.id())).map(node => node.numericStyle('font-size') * zoom);
  const names = [...document.querySelectorAll('[data-names-box]')].filter(
    name => name.getClientRects().length).map(
    name => Number.parseFloat(getComputedStyle(name).fontSize));
  const whole = cy.nodes().renderedBoundingBox({ includeLabels: false, includeOverlays: false });
  let ground = cy.container();
  while (ground && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)')
    ground = ground.parentElement;
  return {
    zoom,
    labels: [...labels, ...names],
    wide: (Math.min(whole.x2, width) - Math.max(whole.x1, 0)) / width,
    high: (Math.min(whole.y2, height) - Math.max(whole.y1, 0)) / height,
    ground: ground ? getComputedStyle(ground).backgroundColor : 'rgb(255, 255, 255)',
    elements: cy.elements().jsons(),
  };
}"""


def _luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb`` or ``rgb(r, g, b)``, after WCAG 2."""
    if colour.startswith("#"):
        channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        channels = [int(float(text)) for text in re.findall(r"[\d.]+", colour)[:3]]
    shares = [channel / 255 for channel in channels]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _contrasts(elements: Iterable[Mapping[str, Any]], ground: str) -> tuple[float, float]:
    """The smallest contrast of a box with what it stands on, and of a text with its box."""
    nodes = [one["data"] for one in elements if "source" not in one["data"]]
    fills = {data["key"]: data["fill"] for data in nodes if data.get("open") and "key" in data}
    boxes = [
        _contrast(data["fill"], fills.get(data["parent_key"], ground))
        for data in nodes
        if data["kind"] in ("module", "op") and "fill" in data
    ]
    texts = [
        _contrast(data["ink"], data["fill"])
        for data in nodes
        if "ink" in data and "fill" in data and data.get("label")
    ]
    return min(boxes, default=0.0), min(texts, default=0.0)


def _longest_way(elements: Sequence[Mapping[str, Any]]) -> set[str]:
    """The edges of the longest way of tensors from node to node, boxes that are open left out."""
    edges = [
        one["data"]
        for one in elements
        if one["data"].get("live")
        and not (one["data"].get("beside") or one["data"].get("fan") or one["data"].get("upward"))
    ]
    out: dict[str, list[Mapping[str, Any]]] = {}
    for edge in edges:
        out.setdefault(edge["source"], []).append(edge)
    best: dict[str, tuple[int, tuple[str, str] | None]] = {}

    def length(start: str) -> int:
        stack = [(start, False)]
        while stack:
            node, done = stack.pop()
            if done:
                best[node] = max(
                    ((best[e["target"]][0] + 1, (e["id"], e["target"])) for e in out.get(node, ())),
                    default=(0, None),
                    key=lambda found: found[0],
                )
            elif node not in best:
                best[node] = (0, None)
                stack.append((node, True))
                stack += [
                    (e["target"], False) for e in out.get(node, ()) if e["target"] not in best
                ]
        return best[start][0]

    start = max(out, key=length, default=None)
    way: set[str] = set()
    while start is not None and (step := best[start][1]) is not None:
        way.add(step[0])
        start = step[1]
    return way


def _figures(seen: Mapping[str, Any]) -> dict[str, float]:
    elements = seen["elements"]
    lines = drawn_lines(elements)
    way = _longest_way(elements)
    turns = [bends(line) for line in lines if line.id in way]
    words = {one["data"]["id"]: one["data"].get("label") for one in elements}
    fill, ink = _contrasts(elements, seen["ground"])
    return {
        "label": min(seen["labels"], default=0.0),
        "wide": seen["wide"],
        "high": seen["high"],
        "bends": sum(turns) / len(turns) if turns else 0.0,
        "way": len(turns),
        "lines": len(lines),
        "shapes": sum(bool(words[line.id]) for line in lines) / len(lines) if lines else 1.0,
        "fill": fill,
        "ink": ink,
        "elements": len(elements),
        "zoom": seen["zoom"],
    }


def loose(source: Path) -> int:
    """The most things that stand directly in one opened module with a Softmax of its own."""
    graph = hexviz.load(source)
    index = build_index(graph)
    attentions = {op.module for op in graph.ops if op.op_type == "Softmax"}
    most = 0
    for fqn in attentions:
        key = index.box_of(fqn)
        if key is None:
            continue
        scene = build_scene(index, open_path(ViewState(), index, key))
        drawn = [node for node in scene.nodes if node.parent == key and node.kind != "constant"]
        most = max(most, len(drawn))
    return most


def _measure(
    browser: Browser, url: str, size: tuple[int, int], theme: str, picture: Path | None
) -> dict[str, float]:
    window: ViewportSize = {"width": size[0], "height": size[1]}
    scheme: Any = theme
    page = browser.new_context(viewport=window, color_scheme=scheme).new_page()
    page.add_init_script(f"localStorage.setItem('theme', {json.dumps(json.dumps(theme))})")
    sheet = Sheet(page)
    sheet.open(url)
    sheet.settle()
    seen = page.evaluate(_SEEN)
    if picture is not None:
        page.screenshot(path=picture)
    page.context.close()
    return _figures(seen)


def run(sources: Sequence[Path], pictures: Path | None) -> list[dict[str, Any]]:
    """The figures of each file in each window and theme."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        for source in sources:
            server = Server(source, Path(cache))
            most = loose(source)
            try:
                for size in SIZES:
                    for theme in THEMES:
                        name = f"{source.stem}-{size[0]}x{size[1]}-{theme}.png"
                        picture = pictures / name if pictures else None
                        figures = _measure(browser, server.url, size, theme, picture)
                        window = f"{size[0]}×{size[1]}"
                        rows.append(
                            {"file": source.stem, "window": window, "theme": theme, "loose": most}
                            | {one: round(figure, 2) for one, figure in figures.items()}
                        )
            finally:
                server.stop()
        browser.close()
    return rows


def main() -> None:
    """Read the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", nargs="+", type=Path)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    parser.add_argument("--pictures", type=Path, help="keep screenshots in this folder")
    given = parser.parse_args()
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    rows = run(given.source, given.pictures)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    columns = ("file", "window", "theme", "label", "wide", "high", "bends", "shapes", "fill", "ink")
    names = (*columns, "loose")
    lines = [tuple(str(row[name]) for name in names) for row in rows]
    console().print(listing(names, lines, title="first pictures", figures=names[3:]))


if __name__ == "__main__":
    main()
