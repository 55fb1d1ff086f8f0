"""The picture that comes with the page, and how the canvas takes its place."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from tests.browser.conftest import READY, Server, Sheet
from tests.waiting import CEILING

pytestmark = pytest.mark.browser

TOLERANCE = 1.0
"""Percent of the pane's pixels that may differ clearly. The canvas draws boxes and labels from
textures that it has smoothed: means of five by five pixels are compared, which that leaves as they
are. Measured: up to 0.2, on a busy machine with two pixels to a point 0.8; 1.3 and more where all
stands a pixel beside, 2.9 where it is two."""
CLEARLY = 24  # of 255, in any channel

PANE = """(() => { const { x, y, width, height } = document.querySelector(%r)
  .getBoundingClientRect(); return { x, y, width, height }; })()"""
DIFFERENT = """async ([one, other, clearly]) => {
  const read = async text => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const map = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const pen = new OffscreenCanvas(map.width, map.height).getContext('2d');
    pen.drawImage(map, 0, 0);
    return pen.getImageData(0, 0, map.width, map.height);
  };
  // Means of five neighbours, across and then down: step is 4 or a whole line of bytes.
  const means = (from, step) => {
    const found = new Float32Array(from.length);
    for (let at = 2 * step; at < from.length - 2 * step; at++) {
      found[at] = (from[at - 2 * step] + from[at - step] + from[at] + from[at + step]
        + from[at + 2 * step]) / 5;
    }
    return found;
  };
  const [a, b] = [await read(one), await read(other)];
  if (a.width !== b.width || a.height !== b.height) return 100;
  const [x, y] = [a, b].map(image => means(means(image.data, 4), 4 * image.width));
  let found = 0;
  for (let at = 0; at < x.length; at += 4) {
    if (Math.abs(x[at] - y[at]) > clearly || Math.abs(x[at + 1] - y[at + 1]) > clearly
      || Math.abs(x[at + 2] - y[at + 2]) > clearly) found++;
  }
  return 400 * found / x.length;
}"""
SHIFTS = """() => {
  window.shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(one => { window.shift += one.value; }))
    .observe({ type: 'layout-shift', buffered: true });
}"""
PAN = "([x, y]) => void document.getElementById('graph')._cyreg.cy.panBy({ x, y })"
PICTURE = "svg#first-picture g[data-id]"


class Gate:
    """Requests of a page that wait until the gate is opened."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._held: list[Route] = []
        self._is_open = False
        page.route(pattern, self._came)

    def _came(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._held.append(route)

    def open(self) -> None:
        self._is_open = True
        for route in self._held:
            route.continue_()


@pytest.fixture
def page(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a new browser, by the options that the test is given; the model is open."""
    options: dict[str, Any] = getattr(request, "param", {})
    warm = browser.new_page()
    warm.set_default_timeout(CEILING * 1000)
    warm.goto(server.url)
    warm.wait_for_function(READY)
    warm.close()
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(CEILING * 1000)
    yield page
    context.close()


def arrive(page: Page, url: str) -> None:
    """Go to a page, as far as its first picture."""
    page.goto(url, wait_until="commit")
    page.wait_for_selector(PICTURE, state="attached")


def looks(page: Page) -> str:
    """The graph's pane, without the small map, which only the canvas has."""
    page.evaluate("() => document.getElementById('minimap')?.style.setProperty('opacity', '0')")
    pane = page.evaluate(PANE % (".first-pane" if page.query_selector("#first") else "#graph"))
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return base64.b64encode(page.screenshot(clip=pane)).decode()


def different(page: Page, one: str, other: str) -> float:
    """How many percent of two pictures are clearly different."""
    share: float = page.evaluate(DIFFERENT, [one, other, CLEARLY])
    return share


def event_of(request: Request) -> str:
    """The kind of the event that a request brings."""
    kind: str = json.loads(request.post_data or "")["event"]["type"]
    return kind


SIZES = [(1024, 700, 1.0), (1440, 900, 1.0), (1440, 900, 2.0)]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            {
                "viewport": {"width": width, "height": height},
                "device_scale_factor": sharp,
                "color_scheme": scheme,
            },
            id=f"{width}x{height}@{sharp:g} {scheme}",
        )
        for width, height, sharp in SIZES
        for scheme in ("light", "dark")
    ],
    indirect=True,
)
def test_the_canvas_takes_the_place_of_the_picture_without_a_jump(
    page: Page, server: Server
) -> None:
    page.add_init_script(f"({SHIFTS})()")
    gate = Gate(page, "**/event")
    arrive(page, server.url)
    page.wait_for_load_state()
    place = page.evaluate(PANE % ".first-pane")
    before = looks(page)
    gate.open()
    page.wait_for_function("() => !document.getElementById('first')")
    assert page.evaluate(PANE % "#graph") == place
    after = looks(page)
    assert different(page, before, after) < TOLERANCE
    assert page.evaluate("() => window.shift") <= 0.02
    # A picture that stands two pixels beside is told from it.
    for x, y in [(2, 0), (0, 2)]:
        page.evaluate(PAN, [x, y])
        assert different(page, before, looks(page)) > 2 * TOLERANCE
        page.evaluate(PAN, [-x, -y])


def test_the_picture_stands_without_any_script_or_style_sheet(page: Page, server: Server) -> None:
    held = Gate(page, "**/assets/**")
    arrive(page, server.url)
    drawn = page.locator("svg#first-picture g.module > rect").first.bounding_box()
    pane = page.evaluate(PANE % ".first-pane")
    assert drawn
    assert drawn["width"] > 100
    assert pane["x"] < drawn["x"] < pane["x"] + pane["width"]
    held.open()
    page.wait_for_function(READY)


def test_clicks_and_keys_are_kept_until_they_can_be_done(page: Page, server: Server) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    dash = Gate(page, "**/_dash-component-suites/**")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(event_of(one)) if one.url.endswith("/event") else 0)
    arrive(page, server.url)
    page.wait_for_function("() => 'hexviz' in window")  # the modules have run
    box = page.locator(f'{PICTURE}[data-key="encoder"]')
    place = box.locator("text").first.bounding_box()
    assert place
    page.mouse.dblclick(place["x"] + 5, place["y"] + 5)
    page.keyboard.press("]")  # folds the inspector
    # It is seen that it was noticed, and the events go out before there is a canvas.
    assert "noticed" in (box.get_attribute("class") or "")
    page.wait_for_function(
        "() => performance.getEntriesByName(location.origin + '/event').length >= 3"
    )
    assert sent == ["visit", "module", "toggle"]
    assert page.locator("#first").count() == 1
    dash.open()
    page.wait_for_function("() => !document.getElementById('first')")
    page.wait_for_function(
        "() => document.getElementById('graph')._cyreg.cy"
        ".getElementById('m:encoder').data('open') === 0"
    )
    page.wait_for_selector("html.right-folded")
    assert sent == ["visit", "module", "toggle"]
    assert errors == []


def test_a_page_comes_as_it_was_left(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url)
    sheet.page.click("#theme-toggle")
    sheet.page.click("#fold-left")
    sheet.page.wait_for_selector("html.left-folded[data-theme=dark]")
    sheet.settle()
    gate = Gate(sheet.page, "**/event")
    sheet.page.reload(wait_until="commit")
    sheet.page.wait_for_selector(f"html.left-folded[data-theme=dark] {PICTURE}", state="attached")
    gate.open()
    sheet.page.wait_for_function(READY)
    sheet.page.unroute_all()


@pytest.mark.parametrize(
    "state",
    ["&tab=ops", "&tour=0", "&open=encoder&op=val_82", "&colour=origin&open=", "&at=0.3,1,1"],
)
def test_no_picture_is_better_than_another(sheet: Sheet, server: Server, state: str) -> None:
    sheet.page.goto(server.url + state, wait_until="domcontentloaded")
    assert sheet.page.locator("#first-picture").count() == 0
    sheet.page.wait_for_function("() => !document.getElementById('first')")


def test_a_link_with_open_boxes_shows_them(sheet: Sheet, server: Server) -> None:
    gate = Gate(sheet.page, "**/event")
    arrive(sheet.page, server.url + "&open=")
    shown = sheet.page.locator(PICTURE).evaluate_all("all => all.map(one => one.dataset.id)")
    gate.open()
    sheet.page.wait_for_function(READY)
    sheet.page.unroute_all()
    assert sorted(shown) == sorted(sheet.cy("cy.nodes().map(node => node.id())"))
