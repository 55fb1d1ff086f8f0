// The context menu: what it offers, where it goes, and its keys; and where a card goes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const { KeyboardEvent } = page('<button id="before"></button><div id="graph"></div>');
globalThis.AbortController = window.AbortController;
const { entriesFor } = await import("../../assets/canvas/entries.js");
const { cardLines } = await import("../../assets/canvas/hover.js");
const { openMenu } = await import("../../assets/canvas/menu.js");
const { placeCard, placeMenu } = await import("../../assets/canvas/placement.js");

const LIVE = { isLive: true, hides: false };
const REPORT = { isLive: false, hides: false };
const BOX = { kind: "module", key: "a", fqn: "a", tag: "/M/A", name: "A", open: 0 };
const OP = { kind: "op", op: "val_1", fqn: "a", name: "Add", parent_key: "a" };
const names = (data, abilities) => entriesFor(data, abilities).flat().map(({ name }) => name);
const labels = (data, abilities) => entriesFor(data, abilities).flat().map(({ label }) => label);

test("a box can be opened, shown alone, hidden, moved, cut out, found, and its names copied", () => {
  assert.deepEqual(names(BOX, LIVE), [
    "enter", "only", "check", "move-module", "extract-module", "reveal-row", "copy", "copy", "copy",
  ]);
  assert.equal(labels({ ...BOX, open: 1 }, LIVE)[0], "Close");
});

test("what makes no sense is not offered", () => {
  assert.ok(!names({ ...BOX, kind: "section" }, LIVE).includes("check"));
  assert.ok(!names({ ...BOX, kind: "call" }, LIVE).includes("extract-module"));
  assert.ok(!names(OP, LIVE).includes("enter"));
  for (const data of [BOX, OP, null]) {
    for (const name of ["check", "only", "move-op", "move-module", "extract-module", "show-all"]) {
      assert.ok(!names(data, { ...REPORT, hides: true }).includes(name), name);
    }
  }
  assert.ok(!names(null, LIVE).includes("show-all"));
  assert.ok(names(null, { ...LIVE, hides: true }).includes("show-all"));
  assert.deepEqual(entriesFor({ kind: "hidden", name: "3 hidden ops" }, LIVE), []);
});

test("an op is traced and copied, a line leads to its ends, a stub to where it comes from", () => {
  assert.deepEqual(names(OP, REPORT), [
    "trace-up", "trace-down", "trace-between", "reveal-row", "copy", "copy", "copy",
  ]);
  const line = { source: "s:o:b", target: "o:b", values: ["v"] };
  assert.deepEqual(names(line, LIVE), ["element", "copy"]); // a stub is no place to go to
  assert.deepEqual(names({ ...line, source: "o:a", values: ["v", "w"] }, LIVE), ["element", "element"]);
  assert.deepEqual(names({ kind: "stub", from: ["o:a"], name: "v" }, LIVE), ["enter", "copy"]);
});

test("the arrows go round, Escape closes, and what had the keyboard has it again", () => {
  const before = document.getElementById("before");
  before.focus();
  const chosen = [];
  const press = (key) =>
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const reached = [];
  document.addEventListener("keydown", ({ key }) => reached.push(key));
  const open = () => openMenu("A <b>", entriesFor(BOX, REPORT), { x: 5, y: 5 }, (one) => chosen.push(one.name));
  open();
  const menu = document.querySelector("[role=menu]");
  assert.equal(menu.querySelector("b"), null); // a name is text
  assert.equal(menu.getAttribute("aria-label"), "A <b>");
  const here = () => document.activeElement.firstChild.textContent;
  assert.equal(here(), "Open");
  press("ArrowUp");
  assert.equal(here(), "Copy tag");
  press("ArrowDown");
  press("ArrowDown");
  assert.equal(here(), "Reveal in the tree");
  press("Escape");
  assert.equal(document.querySelector("[role=menu]"), null);
  assert.equal(document.activeElement, before);
  assert.deepEqual(reached, []); // no key was the page's
  open();
  document.activeElement.click();
  assert.deepEqual(chosen, ["enter"]);
  assert.equal(document.querySelector("[role=menu]"), null);
  open();
  open();
  assert.equal(document.querySelectorAll("[role=menu]").length, 1);
  before.dispatchEvent(new window.Event("pointerdown", { bubbles: true }));
  assert.equal(document.querySelectorAll("[role=menu]").length, 0);
});

test("a menu stays in the window", () => {
  const window = { width: 800, height: 600 };
  assert.deepEqual(placeMenu({ x: 10, y: 20 }, { width: 200, height: 100 }, window), { x: 10, y: 20 });
  assert.deepEqual(placeMenu({ x: 790, y: 590 }, { width: 200, height: 100 }, window), { x: 600, y: 500 });
});

test("a card is never under the pointer and never out of the canvas", () => {
  const area = { left: 100, top: 50, right: 700, bottom: 450 };
  for (const card of [{ width: 200, height: 90 }, { width: 270, height: 260 }]) {
    for (let x = 100; x <= 700; x += 25) {
      for (let y = 50; y <= 450; y += 25) {
        const at = placeCard({ x, y }, card, area);
        assert.ok(at, `${x} ${y}`);
        const [right, bottom] = [at.x + card.width, at.y + card.height];
        assert.ok(at.x >= 100 && at.y >= 50 && right <= 700 && bottom <= 450, `${x} ${y}`);
        assert.ok(x < at.x || x > right || y < at.y || y > bottom, `${x} ${y}`);
      }
    }
  }
  assert.equal(placeCard({ x: 200, y: 200 }, { width: 700, height: 50 }, area), null);
});

test("a card says what it is, where it is and what was found", () => {
  assert.deepEqual(
    cardLines({ ...OP, card: ["out float[2]"], finding_text: "It ran elsewhere." }, "/M/A"),
    ["Add", "val_1", "/M/A", "out float[2]", "It ran elsewhere."],
  );
  assert.deepEqual(cardLines({ ...BOX, ops: 1 }, ""), ["A", "/M/A", "1 op"]);
  const line = { source: "a", values: ["x", "y", "z"], count: 5, label: "", shape: "", name: "5 values" };
  assert.deepEqual(cardLines(line, ""), ["5 values", "x", "y", "z", "and 2 more"]);
  assert.equal(cardLines({ ...line, shape: "2×4" }, "")[0], "2×4");
  assert.deepEqual(cardLines({ kind: "input", name: "ids", type: "int64[2]" }, ""), ["ids", "int64[2]"]);
});
