"""How long the page takes: `make bench-page`. Prints medians with their spread; asserts nothing.

*Drawn* is from navigation to the first frame in which the graph's nodes are on the canvas, in a
fresh page on a warm server. *Selected* is from mouse down on a closed box to the frame after it was
marked, *opened* from the second mouse down of a double click to the frame after its children were
added and the opened box was put back under the eye.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import READY, Sheet
from tests.browser.install_chromium import find
from tests.serving import Server

RUNS = 12

WATCH = """box => {
  const cy = document.getElementById('graph')._cyreg.cy;
  const painted = done => requestAnimationFrame(() => requestAnimationFrame(done));
  let pressed = 0;
  document.addEventListener(
    'mousedown', () => { pressed = performance.now(); }, { capture: true });
  window.opened = new Promise(done => {
    cy.one('add', () => painted(() => done(performance.now() - pressed)));
  });
  window.selected = new Promise(done => {
    const look = () => cy.getElementById(box).hasClass('selected')
      ? painted(() => done(performance.now() - pressed)) : setTimeout(look, 1);
    look();
  });
}"""


def summary(name: str, times: list[float]) -> str:
    """Median, smallest and largest of some milliseconds, as a line."""
    return (
        f"{name:34} median {statistics.median(times):5.0f} ms"
        f"   {min(times):5.0f} to {max(times):5.0f}   n = {len(times)}"
    )


def measure(source: Path, boxes: list[str]) -> None:
    """Print the figures for one file; ``boxes`` are opened one inside the other."""
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        server = Server(source, Path(cache))
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            drawn = []
            for _ in range(RUNS + 1):
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                start = time.perf_counter()
                page.goto(server.url)
                page.wait_for_function(READY)
                drawn.append((time.perf_counter() - start) * 1000)
                page.close()
            print(summary(f"{source.name}: drawn", drawn[1:]))
            selected: dict[str, list[float]] = {box: [] for box in boxes}
            opened: dict[str, list[float]] = {box: [] for box in boxes}
            for _ in range(RUNS):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                sheet = Sheet(page)
                sheet.open(server.url + "&open=")
                for box in boxes:
                    page.evaluate(WATCH, f"m:{box}")
                    sheet.click(f"m:{box}")
                    selected[box].append(page.evaluate("() => window.selected"))
                    page.wait_for_timeout(600)  # another double click than this
                    sheet.enter(f"m:{box}")
                    opened[box].append(page.evaluate("() => window.opened"))
                    page.wait_for_timeout(150)
                page.close()
            for box, times in opened.items():
                print(summary(f"  {box} selected", selected[box]))
                print(summary(f"  {box} opened", times))
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    measure(Path(sys.argv[1]), sys.argv[2:])
