import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page("");
const { panelWidths } = await import("../../assets/frame.js");
const OPEN = { left: false, right: false };

test("panels have what is wanted where there is room", () => {
  assert.deepEqual(panelWidths({ left: 300, right: 400 }, OPEN, 1920), { left: 300, right: 400 });
  assert.deepEqual(panelWidths({}, OPEN, 1920), { left: 336, right: 413 });
});

test("the graph keeps its room in every window, and a folded panel takes none", () => {
  for (const window of [683, 911, 1024, 1366, 1440, 1707, 1920, 2560]) {
    for (const folded of [OPEN, { left: true, right: false }, { left: false, right: true }]) {
      for (const wanted of [{}, { left: 900, right: 900 }, { left: 1, right: 1 }]) {
        const { left, right } = panelWidths(wanted, folded, window);
        assert.ok(window - left - right - 10 >= 300, JSON.stringify([window, folded, wanted]));
        assert.equal(left === 0, folded.left);
        assert.equal(right === 0, folded.right);
      }
    }
  }
});
