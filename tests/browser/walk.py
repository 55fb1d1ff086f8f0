"""A walk through the page as an animated picture, with a pointer; part of `make pictures`.

A person's half minute, from the first view of BERT-tiny to a part that is proved. Every frame is a
screenshot of the real page; what moves is moved a little between two of them, so the walk is as
smooth and as long on a slow machine as on a fast one.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from tests.browser.conftest import Server, Sheet
from tests.browser.install_chromium import find

__all__ = ["take_walk"]

SIZE = {"width": 1280, "height": 800}
WIDTH = 1280
"""Pixels of the picture: as wide as the page, so that its letters are as sharp."""

ATTENTION = "encoder.layer.0.attention"
SELF = f"{ATTENTION}.self"
CALL = f"{SELF}!scaled_dot_product_attention"
ASKED, SERVED = "val_82", "val_93"
"""The op that the walk asks about, and one of the chain that it is in."""
KEPT = "encoder.layer.0"

OVERLAY = """() => {
  const box = document.createElement('div');
  box.id = 'walk-caption';
  Object.assign(box.style, {position: 'fixed', left: '50%', bottom: '64px', zIndex: 9999,
    transform: 'translateX(-50%)', background: '#1d2129f2', color: '#fff', padding: '11px 20px',
    borderRadius: '9px', font: '600 19px system-ui, "DejaVu Sans", sans-serif',
    pointerEvents: 'none', boxShadow: '0 3px 14px #0006', whiteSpace: 'nowrap'});
  document.body.append(box);
  const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg');
  svg.id = 'walk-pointer';
  svg.setAttribute('viewBox', '-30 -30 60 60');
  Object.assign(svg.style, {position: 'fixed', width: '60px', height: '60px', zIndex: 10000,
    pointerEvents: 'none', overflow: 'visible'});
  const ring = document.createElementNS(ns, 'circle');
  for (const [name, value] of Object.entries({r: 17, fill: '#4051b555', stroke: '#4051b5',
    'stroke-width': 2.5})) ring.setAttribute(name, value);
  const arrow = document.createElementNS(ns, 'path');
  const d = 'M0 0 0 21 5 16.6 8.4 24 12 22.4 8.7 15.2 15.2 15z';
  for (const [name, value] of Object.entries({d,
    fill: '#111', stroke: '#fff', 'stroke-width': 1.8, 'stroke-linejoin': 'round'}))
    arrow.setAttribute(name, value);
  svg.append(ring, arrow);
  document.body.append(svg);
}"""
PLACE = """([x, y, pressed]) => {
  const svg = document.getElementById('walk-pointer');
  svg.style.left = `${x - 30}px`; svg.style.top = `${y - 30}px`;
  svg.firstChild.style.display = pressed ? '' : 'none';
}"""
SAY = """text => {
  const box = document.getElementById('walk-caption');
  box.textContent = text; box.style.display = text ? '' : 'none';
}"""


class Walk:
    """Frames of a page, each with how many milliseconds it is shown."""

    def __init__(self, page: Page, sheet: Sheet) -> None:
        self.page, self.sheet = page, sheet
        self.frames: list[tuple[Image.Image, int]] = []
        self._at = (640.0, 520.0)
        page.evaluate(OVERLAY)
        self._point(*self._at)

    def show(self, milliseconds: int) -> None:
        """The page as it is, for some time."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        height = round(WIDTH * SIZE["height"] / SIZE["width"])
        self.frames.append(
            (picture.resize((WIDTH, height), Image.Resampling.LANCZOS), milliseconds)
        )

    def say(self, text: str) -> None:
        """What is going on, below the graph."""
        self.page.evaluate(SAY, text)

    def _point(self, x: float, y: float, pressed: bool = False) -> None:
        self._at = (x, y)
        self.page.evaluate(PLACE, [x, y, pressed])

    def go(self, x: float, y: float) -> None:
        """Move the pointer, slower at both ends."""
        x0, y0 = self._at
        steps = 4 + int(abs(x - x0) + abs(y - y0)) // 160
        for step in range(1, steps + 1):
            share = step / steps
            share = share * share * (3 - 2 * share)
            self._point(x0 + (x - x0) * share, y0 + (y - y0) * share)
            self.page.mouse.move(*self._at)
            self.show(55)

    def click(self, x: float, y: float, *, twice: bool = False, then: int = 700) -> None:
        """Go there, press, and look at what happened."""
        self.go(x, y)
        self.show(250)
        self._point(x, y, pressed=True)
        self.show(130)
        (self.page.mouse.dblclick if twice else self.page.mouse.click)(x, y)
        self.sheet.settle()
        self._point(x, y)
        self.show(then)

    def press(self, target: Locator, then: int = 700) -> None:
        """Click something beside the graph."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None
        self.click(box["x"] + min(box["width"] / 2, 60), box["y"] + box["height"] / 2, then=then)

    def look_at(self, element: str, zoom: float) -> None:
        """Move the graph until an element is in the middle, at a zoom."""
        self.sheet.shows(element)
        zoom0, x0, y0, x1, y1 = self.sheet.cy(
            """(() => { const p = cy.getElementById(a[0]).position();
            return [cy.zoom(), cy.pan().x, cy.pan().y,
                cy.width() / 2 - a[1] * p.x, cy.height() / 2 - a[1] * p.y]; })()""",
            element,
            zoom,
        )
        for step in range(1, 9):
            share = step / 8
            share = share * share * (3 - 2 * share)
            at = [
                start + (end - start) * share for start, end in ((zoom0, zoom), (x0, x1), (y0, y1))
            ]
            self.sheet.cy("void cy.viewport({zoom: a[0], pan: {x: a[1], y: a[2]}})", *at)
            self.page.wait_for_timeout(60)
            self.show(55)
        self.sheet.settle()

    def save(self, path: Path) -> None:
        """Write the animation."""
        first, *rest = [picture for picture, _ in self.frames]
        first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=[milliseconds for _, milliseconds in self.frames],
            loop=0,
            quality=80,
            method=4,
            kmax=40,  # a whole picture now and then: what is left of earlier ones goes
            minimize_size=False,
        )


def play(walk: Walk) -> None:
    """The walk itself."""
    page, sheet = walk.page, walk.sheet
    tabs, inspector = page.locator("#tab"), page.locator("#inspector")

    walk.say("BERT-tiny as an ONNX graph: every box is a PyTorch module")
    walk.show(1800)
    walk.say("A double click opens a module in place")
    for key in ("encoder.layer.0", ATTENTION, SELF, CALL):
        walk.look_at(f"m:{key}", 0.9)
        walk.click(*sheet.place(f"m:{key}"), twice=True, then=450)

    walk.look_at(f"o:{SERVED}", 0.85)
    walk.say("A Shape op that nobody wrote. Why is it here?")
    walk.click(*sheet.place(f"o:{ASKED}"), then=2600)
    walk.say("Where it ran, and how that is known. What it is for, and the chain to that")
    walk.press(inspector.get_by_role("button", name="Show the chain in the graph"), then=2200)
    walk.say("Step by step, with the keys , and .")
    for _ in range(3):
        page.keyboard.press(".")
        sheet.settle()
        walk.show(650)

    walk.say("The audit: tags that are wrong or doubtful, each with a suggestion")
    walk.press(tabs.get_by_text("Audit"), then=2200)

    walk.press(tabs.get_by_text("Graph"), then=300)
    walk.say("Esc closes one box after the other")
    for _ in range(5):
        page.keyboard.press("Escape")
        sheet.settle()
        walk.show(280)
    walk.say("Cut the layer out: what stays, what comes along, where it is cut")
    walk.press(tabs.get_by_text("Extract"), then=900)
    panel = page.locator("#extract-panel")
    walk.press(panel.locator("#keep-field"), then=200)
    for end in range(4, len(KEPT) + 4, 4):
        page.keyboard.insert_text(KEPT[end - 4 : end])
        walk.show(90)
    page.keyboard.press("Enter")
    sheet.settle()
    walk.look_at("m:encoder.layer.0", 0.8)
    walk.show(1700)
    walk.say("Verified: the whole and the part are run, and compared")
    walk.press(panel.get_by_role("button", name="Verify"), then=200)
    panel.locator(".verdict").wait_for()
    sheet.settle()
    panel.locator(".verdict").scroll_into_view_if_needed()
    walk.show(2600)

    walk.say("Figures by module: parameters, MACs, time, errors")
    walk.press(tabs.get_by_text("Measure"), then=2800)


def take_walk(source: Path, target: Path) -> None:
    """Walk through a model's page, and write the animation."""
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        server = Server(source, Path(cache))
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        sheet = Sheet(page)
        sheet.open(server.url)
        page.wait_for_timeout(1200)
        sheet.settle()
        walk = Walk(page, sheet)
        play(walk)
        assert sheet.errors == []
        walk.save(target)
        browser.close()
        server.stop()
