"""A real Chromium against the real command in a subprocess."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Request, ViewportSize, expect

from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.serving import Server
from tests.waiting import CEILING

expect.set_options(timeout=CEILING * 1000)
SIZE: ViewportSize = {"width": 1280, "height": 800}
QUIET = """idle => new Promise(done => {
  let last = '', same = 0;
  const look = () => {
    const cy = document.getElementById('graph')?._cyreg?.cy;
    const moves = document.getAnimations().some(
      one => one.playState === 'running' && one.effect.getComputedTiming().activeDuration < 1e6);
    const at = [cy?.zoom(), cy?.pan().x, cy?.pan().y];
    const now = [document.body.innerHTML, location.href, ...at].join();
    same = moves || cy?.animated() || now !== last ? 0 : same + 1;
    last = now;
    same < idle ? requestAnimationFrame(look) : done(true);
  };
  look();
})"""
"""Waits until the page has been the same for some frames, which come late where all is late."""
NO_MODEL = "?model=" + "0" * 64
"""A link to a model that is gone: the page asks for another one."""
READY = (
    "() => !document.getElementById('first') && "
    "document.getElementById('graph')?._cyreg?.cy?.nodes().length > 2"
)
"""The canvas has drawn a model, and stands where the picture of it was."""


class Sheet:
    """A page with what went wrong on it, and a hand on its canvas."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(CEILING * 1000)
        self._open: set[Request] = set()
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self._heard: dict[Any, Callable[[Any], None]] = {
            "console": self._console,
            "pageerror": lambda error: self.errors.append(str(error)),
            "request": self._request,
            "requestfinished": self._answered,
            "requestfailed": self._answered,
        }
        for event, heard in self._heard.items():
            page.on(event, heard)

    def leave(self) -> None:
        """Hear no more of the page."""
        for event, heard in self._heard.items():
            self.page.remove_listener(event, heard)

    def _request(self, request: Request) -> None:
        host = urlsplit(request.url).netloc
        self.hosts.add(host)
        if host:  # of an image in a style nobody says that it is there
            self._open.add(request)

    def _answered(self, request: Request) -> None:
        self._open.discard(request)

    def settle(self) -> None:
        """Wait until the page asks for nothing, and has shown the same for ten frames."""
        while True:
            self.page.evaluate(QUIET, 10)
            if not self._open:
                return

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_function(READY)
        self.page.wait_for_function(
            "() => document.querySelectorAll('#tree [data-key]').length > 1"
        )

    def cy(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript with the Cytoscape instance as ``cy`` and the arguments as ``a``.

        Say ``void`` where the result is Cytoscape's own: it cannot be sent over.
        """
        return self.page.evaluate(
            f"a => {{ const cy = document.getElementById('graph')._cyreg.cy; return {script}; }}",
            list(arguments),
        )

    def wait(self, script: str, *arguments: Any) -> None:
        """Wait until a condition on ``cy`` holds."""
        self.page.wait_for_function(
            f"a => {{ const cy = document.getElementById('graph')._cyreg.cy; return {script}; }}",
            arg=list(arguments),
        )

    def shows(self, element: str) -> None:
        self.wait("cy.getElementById(a[0]).nonempty()", element)

    def spot(self, element: str) -> tuple[float, float]:
        """Where a node is drawn, once it is in the middle, in pixels of the page."""
        self.shows(element)
        # A line above the canvas that comes or goes resizes it, which it learns a frame later.
        self.wait("cy.height() === cy.container().clientHeight")
        self.cy("void cy.center(cy.getElementById(a[0]))", element)
        return self.place(element)

    def place(self, element: str, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
        """A point of a node, by shares of its width and height, in pixels of the page."""
        x, y = self.cy(
            """(() => { const node = cy.getElementById(a[0]), p = node.renderedPosition();
            const r = cy.container().getBoundingClientRect();
            return [p.x + r.left + (a[1] - .5) * node.renderedWidth(),
                    p.y + r.top + (a[2] - .5) * node.renderedHeight()]; })()""",
            element,
            across,
            down,
        )
        return x, y

    def click(self, element: str) -> None:
        """Click a node where it is drawn, which selects it."""
        self.page.mouse.click(*self.spot(element))

    def enter(self, element: str) -> None:
        """Click a node twice, which opens or closes a box."""
        self.page.mouse.dblclick(*self.spot(element))

    def chevron(self, element: str) -> None:
        """Click the chevron of a box."""
        self.spot(element)
        is_open = self.cy("cy.getElementById(a[0]).data('open')", element)
        x, y = self.place(element, 0, 0 if is_open else 0.5)
        down = 13 * self.cy("cy.zoom()") if is_open else 0
        self.page.mouse.click(x + 9, y + down)


@pytest.fixture(scope="session")
def bert(exported: Callable[..., Exported], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BERT-tiny, unoptimised and tagged, as a file."""
    result = exported("bert-tiny")
    path = tmp_path_factory.mktemp("models") / "bert-tiny.onnx"
    tag(from_proto(result.proto, name="bert-tiny"), modules=result.modules).save(path)
    return path


@pytest.fixture(scope="session")
def server(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(bert, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


class Tab:
    """One page for test after test, left as it was found.

    A page of its own for each test is a window of its own, which costs more than what is in it.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None

    def page(self) -> Page:
        if self._page is None or self._page.is_closed():
            self._page = self._browser.new_page(viewport=SIZE)
        return self._page

    def clean(self, page: Page, hosts: set[str]) -> None:
        """Forget everything that a test did to the page, or the page."""
        try:
            page.evaluate("() => window.sessionStorage.clear()")
            page.goto("about:blank")
            devtools = page.context.new_cdp_session(page)
            for host in hosts - {""}:
                devtools.send(
                    "Storage.clearDataForOrigin",
                    {"origin": f"http://{host}", "storageTypes": "all"},
                )
            devtools.detach()
            page.context.clear_cookies()
            page.context.clear_permissions()
            page.emulate_media(color_scheme="light")  # what a new page has
            page.set_viewport_size(SIZE)
            page.mouse.move(0, 0)
        except Error:
            page.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Tab:
    return Tab(browser)


@pytest.fixture
def sheet(tab: Tab) -> Iterator[Sheet]:
    page = tab.page()
    sheet = Sheet(page)
    yield sheet
    sheet.leave()
    tab.clean(page, sheet.hosts)
    assert sheet.errors == []
    assert all(host.startswith("127.0.0.1:") or not host for host in sheet.hosts), sheet.hosts
