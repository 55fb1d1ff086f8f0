"""Seconds from a finished write of a watched file to the new picture, and to what changed.

``python -m benchmarks.measure_watch [FILE.onnx] [--ops N]``: a real server, a real browser, the
file replaced by one with an op more, several times. What is printed is the median and the worst.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import onnx
from onnx import helper
from playwright.sync_api import sync_playwright

from hexviz.bench.synthetic import synthetic
from tests.browser.conftest import Sheet
from tests.browser.install_chromium import find
from tests.serving import Server

_RUNS = 7
_KEY = "new URLSearchParams(location.search).get('model')"
_CHANGED = (
    f"old => {{ const now = {_KEY}; return now && now !== old ? performance.timeOrigin + "
    "performance.now() : 0; }"
)
_TOLD = "() => /added|removed/.test(document.getElementById('watch').textContent) ? Date.now() : 0"


def _with_one_more(model: onnx.ModelProto, number: int) -> bytes:
    graph = model.graph
    before = graph.node[len(graph.node) // 2]
    new = helper.make_node("Identity", [before.output[0]], [f"more_{number}"])
    new.metadata_props.extend(before.metadata_props)
    graph.node.insert(len(graph.node) // 2 + 1, new)
    content: bytes = model.SerializeToString()
    return content


def main() -> None:
    """Measure one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--ops", type=int, default=20_000)
    asked = parser.parse_args()
    content = asked.file.read_bytes() if asked.file else synthetic(asked.ops, "metadata")
    model = onnx.ModelProto.FromString(content)
    pictures: list[float] = []
    told: list[float] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "m.onnx"
        path.write_bytes(content)
        server = Server(path, Path(folder) / "cache", "--watch")
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        sheet = Sheet(browser.new_page(viewport={"width": 1366, "height": 768}))
        sheet.open(server.printed)
        sheet.page.wait_for_function("() => document.getElementById('watch').textContent")
        for number in range(_RUNS):
            time.sleep(2 + number / 10)  # at another moment of the looks each time
            old = sheet.page.evaluate(_KEY)
            path.write_bytes(_with_one_more(model, number))
            began = time.time()
            seen = sheet.page.wait_for_function(_CHANGED, arg=old, timeout=60_000).json_value()
            pictures.append(seen / 1000 - began)
            seen = sheet.page.wait_for_function(_TOLD, timeout=120_000).json_value()
            told.append(seen / 1000 - began)
        browser.close()
        server.stop()
    print(f"{len(model.graph.node):,} ops")
    for what, found in (("picture", pictures), ("what changed", told)):
        print(f"{what}: {statistics.median(found):.2f} s, at worst {max(found):.2f} s")


if __name__ == "__main__":
    main()
