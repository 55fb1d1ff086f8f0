// Names of boxes over the canvas: which are shown, and where.

import assert from "node:assert/strict";
import { test } from "node:test";

import { placed } from "../../assets/canvas/names.js";

const VIEW = { zoom: 0.3, x: 0, y: 0, width: 800, height: 600 };

function box(id, left, top, right, bottom, isOpen = true) {
  return { id, name: id, isOpen, fill: "#fff", ink: "#000", at: { left, top, right, bottom } };
}

const names = (boxes, view = VIEW) => placed(boxes, view).map((one) => one.box.id);

test("zoomed out, boxes have names as large as before; at full size they have their own", () => {
  const boxes = [box("encoder", 0, 0, 2000, 1800), box("layer", 100, 300, 1900, 1700)];
  assert.deepEqual(names(boxes), ["encoder", "layer"]);
  assert.deepEqual(names(boxes, { ...VIEW, zoom: 1 }), []);
});

test("no name stands on another: the outer box's goes first", () => {
  const boxes = [
    box("encoder", 0, 0, 2000, 1800), box("layer", 10, 10, 1990, 1790),
    box("inner", 900, 20, 1900, 1700),
  ];
  const shown = placed(boxes, VIEW);
  assert.deepEqual(shown.map((one) => one.box.id), ["encoder", "inner"]);
  for (const one of shown) {
    for (const other of shown) {
      const apart = one === other || Math.abs(one.x - other.x) > 60 ||
        Math.abs(one.y - other.y) >= 19;
      assert.ok(apart, `${one.box.id} on ${other.box.id}`);
    }
  }
});

test("a box that is too small on the screen has no name, a closed one has it in its middle", () => {
  assert.deepEqual(names([box("tiny", 0, 0, 100, 1000)]), []);
  assert.deepEqual(names([box("flat", 0, 0, 1000, 100)]), []);
  const [shown] = placed([box("closed", 1000, 500, 1400, 600, false)], VIEW);
  assert.ok(shown.x >= 300 && shown.x + shown.room <= 420);
  assert.equal(shown.y, 165 - 9.5);
});

test("a box whose title is out of sight above or to the left says what it is at the top", () => {
  const view = { zoom: 1, x: -500, y: -900, width: 800, height: 600 };
  const [shown] = placed([box("encoder", 0, 0, 2000, 1800)], view);
  assert.equal(shown.box.id, "encoder");
  assert.ok(shown.x >= 0 && shown.y >= 0 && shown.y < 30);
});

test("what is out of sight has no name", () => {
  assert.deepEqual(names([box("far", 9000, 0, 12000, 3000)]), []);
});
