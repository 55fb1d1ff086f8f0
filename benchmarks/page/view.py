"""How fast graphs of all sizes are on the page, beside two other viewers: `make bench-view`.

Prints Markdown and writes ``build/bench-view.json``; asserts nothing about time. One headless
Chromium draws everything. What is measured:

*File to first paint*: from starting the command to the second frame after nodes were shown, in the
picture that comes with the page or on the canvas, with the browser running already and taken to the
page as soon as the command prints its address. *Cold*: hexviz's cache is empty, each time anew.
*Again*: the same file was opened before, by a server that was stopped since.
*Navigation to first paint*: the same from the navigation on, in a fresh browser context, with a
server that has drawn the model before.
*Opening*: from the second mouse down of a double click on a closed box to the second frame after
its children were added. *Moving*: from the order to move an op to another module to the frame after
the page shows it.
*Frames*: with the whole view on the canvas, moved by a script at each frame for two seconds.
*Bytes*: over the wire, until five seconds after the page fell silent, without any input; and bodies
of responses, as the page gets them. *Memory*: the page's heap after a collection, and what its
process and the server hold in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

import hexviz
from benchmarks.page import report as bench_report
from benchmarks.page.cost import Traffic, memory
from benchmarks.page.openings import Openings, frames, moves
from benchmarks.page.paint import VIEWPORT, first_paint, started_paint, warm_paint
from benchmarks.page.rivals import RIVALS, Rival, RivalServer, as_graph_json
from benchmarks.page.subjects import SIZES, subject
from tests.browser.conftest import Sheet
from tests.browser.install_chromium import find
from tests.serving import Server

RESULT = Path("build/bench-view.json")
LIMIT = 120  # seconds in which a viewer has to paint after it serves
SLOW = 15_000  # ms after which a first paint is not repeated
OPENINGS = 30
MOVES = 20
SILENCE = 5_000  # ms that a first visit is left alone


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the tests; whatever is not on this machine does not exist for it."""
    nothing_else = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu", nothing_else]
        )
        yield browser
        browser.close()


def visit(browser: Browser, server: Server, source: Path) -> dict[str, Any]:
    """One long visit to a page: bytes, openings, frames, memory and what went wrong."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.set_default_timeout(60_000)
    sheet = Sheet(page)
    session = context.new_cdp_session(page)
    traffic = Traffic()
    traffic.watch(session)
    result: dict[str, Any] = {}
    try:
        sheet.open(server.url)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SILENCE)
        result["first_load"] = traffic.taken()
        result["first_elements"] = sheet.cy("cy.elements().length")
        result["memory_first"] = memory(browser, session, server)
        opened = Openings(sheet, traffic)
        opened.run(OPENINGS)
        result["openings"] = {
            "ms": opened.times,
            "added": opened.added,
            "bytes": opened.bytes,
            "failed": opened.failed,
        }
        result["moves"] = moves(sheet, movable(source, MOVES))
        result["frames"] = frames(sheet)
        result["memory_last"] = memory(browser, session, server)
    except PlaywrightError as error:
        result["broke"] = str(error).splitlines()[0]
    result["console_errors"] = sheet.errors
    context.close()
    return result


def movable(source: Path, wanted: int) -> list[tuple[str, str]]:
    """Ops from all over a file, each with the module around its own, to which it is moved."""
    graph = hexviz.load(source)
    ops = [op for op in graph.ops if op.module]
    step = max(1, len(ops) // wanted)
    return [(op.id, graph.modules[op.module].parent or "/") for op in ops[::step][:wanted]]


def ours(browser: Browser, source: Path, runs: int) -> dict[str, Any]:
    """All figures of hexviz for one file; ``why`` where nothing was painted."""
    with tempfile.TemporaryDirectory() as cache:

        def again() -> dict[str, float]:
            return started_paint(browser, source, Path(cache), limit=LIMIT)

        def cold() -> dict[str, float]:
            shutil.rmtree(cache)
            return again()

        result = repeated(cold, runs)
        if "why" in result:
            return result
        result["again"] = repeated(again, runs)
        server = Server(source, Path(cache))
        try:
            # One more than wanted: the first is not on a warm server.
            warm = repeated(lambda: warm_paint(browser, server.url, limit=LIMIT), runs + 1)
            return result | {"warm": warm} | visit(browser, server, source)
        finally:
            server.stop()


def theirs(browser: Browser, rival: Rival, source: Path, runs: int) -> dict[str, Any]:
    """First paints of a file in another viewer, or why there are none."""
    if not rival.installed:
        return {"why": "not installed"}
    shown = source if rival.reads_onnx else as_graph_json(source)
    return repeated(lambda: _their_paint(browser, rival, shown), runs)


def repeated(paint: Callable[[], dict[str, float]], runs: int) -> dict[str, Any]:
    """What ``paint`` returns, some times over: once if it is slow, and ``why`` if it fails."""
    paints: list[dict[str, float]] = []
    while len(paints) < runs and not (paints and paints[-1]["painted"] > SLOW):
        try:
            paints.append(paint())
        except PlaywrightTimeout:
            return {"why": f"not within {LIMIT} s"}
        except (PlaywrightError, OSError) as error:
            return {"why": f"broke down: {str(error).splitlines()[0]}"}
    return {"paints": paints}


def _their_paint(browser: Browser, rival: Rival, shown: Path) -> dict[str, float]:
    started = time.perf_counter()
    server = RivalServer(rival, shown)
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(rival.prepare)
    serving = (time.perf_counter() - started) * 1000
    try:
        painted = first_paint(context, server.url, rival.painted, limit=LIMIT)
        return {"serving": serving, "painted": serving + painted}
    finally:
        context.close()
        server.stop()


def run(sizes: Sequence[str], runs: int, *, rivals: bool) -> dict[str, Any]:
    """Measure; what is done is told on the way, and kept if a later part fails."""
    document: dict[str, Any] = {"runs": runs, "sizes": {}}
    gave_up: set[str] = set()
    for size in sizes:
        source = subject(size)
        # A browser in which a viewer ran out of time may not be the same afterwards.
        with chromium() as browser:
            document["chromium"] = browser.version
            print(f"{size}: hexviz", file=sys.stderr, flush=True)
            row: dict[str, Any] = {"load": os.getloadavg()[0]}
            document["sizes"][size] = row
            row["hexviz"] = ours(browser, source, runs)
            for rival in RIVALS if rivals else ():
                print(f"{size}: {rival.name}", file=sys.stderr, flush=True)
                if size.isdigit() and rival.name in gave_up:
                    row[rival.name] = {"why": "not tried: a smaller one was not painted"}
                    continue
                row[rival.name] = theirs(browser, rival, source, runs)
                if size.isdigit() and "why" in row[rival.name]:
                    gave_up.add(rival.name)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(document, indent=1))
    return document


def main() -> None:
    """Read the options, measure, print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("sizes", nargs="*", default=SIZES, help=f"of {', '.join(SIZES)}")
    options.add_argument("--runs", type=int, default=5, help="first paints of each kind")
    options.add_argument("--no-rivals", action="store_true", help="only hexviz")
    given = options.parse_args()
    # Compiled modules are kept, as they are for whoever has installed hexviz.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    document = run(given.sizes, given.runs, rivals=not given.no_rivals)
    print(bench_report.markdown(document))


if __name__ == "__main__":
    main()
