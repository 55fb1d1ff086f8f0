"""Opening many boxes of a model, and moving around in it, for `make bench-view`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.page.bert import WATCH
from benchmarks.page.cost import Traffic
from tests.browser.conftest import Sheet

__all__ = ["ENOUGH", "Openings", "frames", "moves"]

# Turns the view by a little each frame for as long as asked; a frame is counted when it is due.
_DRIVE = """([move, milliseconds]) => new Promise(done => {
  const cy = document.getElementById('graph')._cyreg.cy;
  const middle = { x: cy.width() / 2, y: cy.height() / 2 };
  const zoom = cy.zoom();
  const start = performance.now();
  let last = start, frames = 0, longest = 0;
  const frame = now => {
    if (frames) longest = Math.max(longest, now - last);
    last = now;
    if (now - start >= milliseconds) {
      done({ frames, seconds: (now - start) / 1000, longest_ms: longest });
      return;
    }
    frames += 1;
    if (move === 'pan') {
      cy.panBy({ x: Math.floor(frames / 30) % 2 ? -4 : 4, y: 0 });
    } else {
      const level = zoom * (1 + 0.3 * Math.sin(frames / 15));
      cy.zoom({ level, renderedPosition: middle });
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""

# A promise cannot be waited for with a limit; one of an opening that was lost may come true late.
_NOTE = """() => {
  const mine = window.opened;
  window.took = 0;
  mine.then(milliseconds => { if (window.opened === mine) window.took = milliseconds; });
}"""

_MOVE = """([type, value]) => new Promise((done, fail) => {
  const key = () => new URLSearchParams(location.search).get('model');
  const before = key(), start = performance.now();
  const look = now => {
    if (key() !== before) done(performance.now() - start);
    else if (now - start > 15000) fail(new Error(`nothing came of ${type}`));
    else requestAnimationFrame(look);
  };
  window.hexviz.send(type, value ?? undefined);
  requestAnimationFrame(look);
})"""

# Closed ones only.
_BOXES = """cy.nodes('[kind = "module"], [kind = "section"]')
  .filter(node => !node.data('open')).map(node => node.id())"""

_PATIENCE = 15_000  # ms after which an opening counts as lost
_QUIET = 150  # ms between two openings, in which late answers arrive
_LONGEST = 240  # s after which no further box is opened
_AT_ONCE = 10  # boxes opened on one level before the next
_DRIVEN = 2_000  # ms of panning, and of zooming
ENOUGH = 200
"""Elements that panning and zooming want on the canvas, where the model has as many."""


@dataclass
class Openings:
    """Boxes opened and closed again, one at a time, on all levels of a model."""

    sheet: Sheet
    traffic: Traffic
    times: list[float] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def run(self, wanted: int) -> None:
        """Open ``wanted`` different boxes; fewer if the model has no more, or time runs out.

        Some on each level: then one box stays open, and those in it are next.

        Raises:
            PlaywrightError: if the page does not answer any more.
        """
        started = time.monotonic()
        waiting = self.sheet.cy(_BOXES)
        parents: list[str] = []
        while (left := wanted - self._tried) > 0:
            batch, waiting = waiting[: min(left, _AT_ONCE)], waiting[_AT_ONCE:]
            for box in batch:
                if time.monotonic() - started > _LONGEST:
                    self.failed.append(f"no more openings after {_LONGEST} s")
                    return
                if self._measure(box):
                    parents.append(box)
            if not parents and not waiting:
                return
            if parents:
                waiting = self._enter(parents.pop()) + waiting

    @property
    def _tried(self) -> int:
        return len(self.times) + len(self.failed)

    def _measure(self, box: str) -> bool:
        """Open and close one box; whether there are boxes in it."""
        self._seen.add(box)
        before = set(self.sheet.cy(_BOXES))
        count = self.sheet.cy("cy.elements().length")
        self.traffic.taken()
        took = self._open(box)
        if took is None:
            return False
        self._settle()
        self.times.append(took)
        self.added.append(self.sheet.cy("cy.elements().length") - count)
        self.bytes.append(self.traffic.taken()["bodies"])
        inside = set(self.sheet.cy(_BOXES)) - before
        self._toggle(box, opened=0)
        return bool(inside - self._seen)

    def _open(self, box: str) -> float | None:
        """Milliseconds from the second mouse down to painted; ``None`` if nothing came of it."""
        page = self.sheet.page
        page.evaluate(WATCH, box)
        page.evaluate(_NOTE)
        self.sheet.enter(box)
        try:
            took = page.wait_for_function("() => window.took", timeout=_PATIENCE)
        except PlaywrightTimeout:
            self._settle()
            notice = page.locator(".mantine-Notification-description")
            said = notice.first.inner_text() if notice.count() else "nothing was added"
            self.failed.append(f"{box}, after {_PATIENCE / 1000:.0f} s: {said}")
            return None
        return float(took.json_value())

    def _settle(self) -> None:
        """Let late answers arrive, and the page be free again: to be evaluated in has no limit."""
        self.sheet.page.wait_for_timeout(_QUIET)
        self.sheet.page.wait_for_function("() => true")

    def _toggle(self, box: str, *, opened: int) -> None:
        key = box.removeprefix("m:")
        self.sheet.page.evaluate("key => window.hexviz.send('toggle', key)", key)
        self.sheet.wait("cy.getElementById(a[0]).data('open') === a[1]", box, opened)
        self._settle()

    def _enter(self, box: str) -> list[str]:
        """Leave a box open; the boxes in it that were not opened yet."""
        before = set(self.sheet.cy(_BOXES))
        try:
            self._toggle(box, opened=1)
        except PlaywrightError:
            self.failed.append(f"{box}: did not open again")
            return []
        boxes: list[str] = self.sheet.cy(_BOXES)
        return [one for one in boxes if one not in before and one not in self._seen]


def moves(sheet: Sheet, ops: Sequence[tuple[str, str]]) -> list[float]:
    """Milliseconds from the order to move an op to another module until the page shows it.

    Each of ``ops`` (id, FQN) is moved and the move undone, which is not counted. The model's key is
    in the address once what changed has been painted.
    """
    found = []
    for op, to in ops:
        found.append(float(sheet.page.evaluate(_MOVE, ["move-ops", _move(op, to)])))
        sheet.page.evaluate(_MOVE, ["undo", None])
        sheet.page.wait_for_timeout(_QUIET)
    return found


def _move(op: str, to: str) -> dict[str, str]:
    return {"kind": "op", "what": op, "to": to}


def frames(sheet: Sheet) -> dict[str, Any]:
    """Frames per second while panning and zooming, with the whole view on the canvas."""
    _fill(sheet)
    sheet.page.evaluate("() => document.getElementById('fit').click()")
    sheet.page.wait_for_timeout(500)
    result: dict[str, Any] = {"elements": sheet.cy("cy.elements().length")}
    for move in ("pan", "zoom"):
        driven = sheet.page.evaluate(_DRIVE, [move, _DRIVEN])
        result[move] = driven["frames"] / driven["seconds"]
        result[f"{move}_longest_ms"] = driven["longest_ms"]
    return result


def _fill(sheet: Sheet) -> None:
    """Open boxes until there are enough elements on the canvas, or no more boxes that fit."""
    tried: set[str] = set()
    while sheet.cy("cy.elements().length") < ENOUGH:
        left = [box for box in sheet.cy(_BOXES) if box not in tried]
        if not left:
            return
        tried.add(left[0])
        sheet.page.evaluate("key => window.hexviz.send('toggle', key)", left[0][2:])
        sheet.page.wait_for_timeout(2 * _QUIET)
