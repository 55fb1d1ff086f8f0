"""When the first nodes of a page are painted, for `make bench-view`."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.serving import Server

__all__ = ["PAINTED", "VIEWPORT", "first_paint", "started_paint", "warm_paint"]

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}

PAINTED = """() => document.querySelector('#first-picture :is(rect, path)') !== null
  || document.getElementById('graph')?._cyreg?.cy?.nodes().length > 0"""
"""Whether hexviz shows nodes, in the picture that comes with the page or on the canvas, as a
JavaScript function."""

# Told through the console: a page may forbid to be evaluated in, and a busy one cannot answer.
_TELL = """(() => {{
  const painted = {painted};
  const look = () => requestAnimationFrame(painted() ? tell : look);
  const tell = () => requestAnimationFrame(() => console.log('first paint', performance.now()));
  look();
}})();"""


def first_paint(context: BrowserContext, url: str, painted: str, *, limit: float) -> float:
    """Milliseconds from navigation to the frame after the one in which ``painted`` held.

    Raises:
        PlaywrightError: if it did not within ``limit`` seconds, or the page broke down.
    """
    page = context.new_page()
    page.add_init_script(_TELL.format(painted=painted))
    with page.expect_console_message(
        lambda message: message.text.startswith("first paint"), timeout=limit * 1000
    ) as told:
        page.goto(url, wait_until="commit", timeout=limit * 1000)
    return float(told.value.text.split()[-1])


def started_paint(browser: Browser, source: Path, cache: Path, *, limit: float) -> dict[str, float]:
    """Milliseconds from starting ``hexviz view`` until it serves, and until nodes are painted.

    With an empty ``cache`` the file was never opened before.
    """
    started = time.perf_counter()
    server = Server(source, cache)
    context = browser.new_context(viewport=VIEWPORT)
    serving = (time.perf_counter() - started) * 1000
    try:
        return {
            "serving": serving,
            "painted": serving + first_paint(context, server.printed, PAINTED, limit=limit),
        }
    finally:
        context.close()
        server.stop()


def warm_paint(browser: Browser, url: str, *, limit: float) -> dict[str, float]:
    """Milliseconds from navigation to painted, in a browser context that knows nothing."""
    context = browser.new_context(viewport=VIEWPORT)
    try:
        return {"painted": first_paint(context, url, PAINTED, limit=limit)}
    finally:
        context.close()
