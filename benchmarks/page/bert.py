"""How long the page takes: `make bench-page`. Prints medians with their spread; asserts nothing.

*Drawn* is from navigation to the first frame in which the graph's nodes are on the canvas, in a
fresh page on a warm server. *Opened* is from mouse down on a closed box to the frame after its
children were added and the opened box was put back under the eye.
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

WATCH = """() => {
  const cy = document.getElementById('graph')._cyreg.cy;
  window.painted = new Promise(done => {
    document.addEventListener('mousedown', () => {
      const start = performance.now();
      cy.one('add', () => requestAnimationFrame(() => requestAnimationFrame(
        () => done(performance.now() - start))));
    }, { capture: true, once: true });
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
            opened: dict[str, list[float]] = {box: [] for box in boxes}
            for _ in range(RUNS):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                sheet = Sheet(page)
                sheet.open(server.url + "&open=")
                for box in boxes:
                    page.evaluate(WATCH)
                    sheet.click(f"m:{box}")
                    opened[box].append(page.evaluate("() => window.painted"))
                    page.wait_for_timeout(150)
                page.close()
            for box, times in opened.items():
                print(summary(f"  {box} opened", times))
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    measure(Path(sys.argv[1]), sys.argv[2:])
