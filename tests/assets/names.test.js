// Names of boxes over the canvas: which are shown, where, and what of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fitted } from "../../assets/canvas/cut.js";
import { placed } from "../../assets/canvas/spots.js";

const VIEW = { zoom: 0.4, x: 0, y: 0, width: 800, height: 600 };
const measure = (text) => 0.6 * text.length;

function box(name, left, top, right, bottom, isOpen = true, siblings = []) {
  const at = { left, top, right, bottom };
  return { id: name, name, isOpen, siblings, titled: 150, fill: "#fff", ink: "#000", at };
}

function place(boxes, view = VIEW, labels = []) {
  return placed(boxes, view, { isSmall: view.zoom < 0.75, labels: () => labels, measure });
}

const texts = (...given) => place(...given).map((one) => one.text);
const cut = (name, room, siblings = []) =>
  fitted(name, siblings, room, 13, measure)?.text ?? null;

test("zoomed out, boxes have names as large as before; at full size they have their own", () => {
  const boxes = [box("encoder", 0, 0, 2000, 1400), box("layer", 100, 300, 1900, 1300)];
  assert.deepEqual(texts(boxes), ["encoder", "layer"]);
  assert.deepEqual(texts(boxes, { ...VIEW, zoom: 1 }), []);
});

test("no name stands on another: the outer box's goes first", () => {
  const boxes = [
    box("encoder", 0, 0, 2000, 1800), box("layer", 10, 10, 1990, 1790),
    box("inner", 900, 20, 1900, 1700),
  ];
  assert.deepEqual(texts(boxes), ["encoder", "inner"]);
});

test("boxes in each other's titles all have names, in smaller type", () => {
  const boxes = ["encoder", "layer", "attention", "self"].map(
    (name, at) => box(name, 20 * at, 40 * at, 1900 - 20 * at, 1400 - 20 * at),
  );
  assert.deepEqual(texts(boxes), ["encoder", "layer", "attention", "self"]);
  assert.ok(place(boxes).every((one) => one.size >= 9 && one.size <= 13));
});

test("a closed box has its name in its middle, and within it", () => {
  const [shown] = place([box("closed", 1000, 500, 1400, 540, false)]);
  assert.ok(shown.x >= 400 && shown.x + shown.width <= 560);
  assert.equal(shown.y + shown.height / 2, 208);
  assert.deepEqual(texts([box("flat", 0, 0, 1000, 15, false)]), []);
  assert.deepEqual(texts([box("narrow", 0, 0, 20, 1000, false)]), []);
});

test("a name gets smaller before it is cut, and no smaller than can be read", () => {
  const whole = fitted("SamVisionLayer.0", [], 16 * 0.6 * 10, 13, measure);
  assert.deepEqual([whole.text, whole.size], ["SamVisionLayer.0", 10]);
  const less = fitted("SamVisionLayer.0", [], 16 * 0.6 * 9 - 1, 13, measure);
  assert.equal(less.text, "…VisionLayer.0");
  assert.ok(less.size >= 9);
});

test("what is left of a cut name tells it from its siblings", () => {
  const layers = ["SamVisionLayer.0", "SamVisionLayer.1"];
  assert.equal(cut("SamVisionLayer.0", 50, layers), "…Layer.0");
  assert.equal(cut("SamVisionLayer.1", 42, layers), "SamV….1");
  assert.equal(cut("SamVisionLayer.1", 11, layers), ".1");
  assert.equal(cut("GPT2Block ×11", 48, ["GPT2Block.0"]), "GPT… ×11");
  assert.equal(cut("GPT2Block ×11", 17), "×11");
  assert.equal(cut("Linear.query", 40, ["Linear.key", "Linear.value"]), ".query");
  const embeddings = ["SamPositionalEmbedding", "SamPatchEmbedding"];
  assert.equal(cut("SamPatchEmbedding", 55, embeddings), "SamPatchE…");
  assert.equal(cut("SamPatchEmbedding", 60), "…Embedding");
  assert.equal(cut("view", 22), "view");
  assert.equal(cut("view", 9), null);
});

test("the innermost box at the top of the view says its path, the end of it at least", () => {
  const view = { zoom: 1, x: -500, y: -900, width: 800, height: 600 };
  const boxes = [box("encoder", 0, 0, 2000, 1800), box("layer.0", 100, 100, 1900, 1700)];
  const [shown, ...others] = place(boxes, view);
  assert.equal(shown.text, "encoder › layer.0");
  assert.deepEqual(others, []);
  assert.ok(shown.x >= 0 && shown.y >= 0 && shown.y < 30);
  const narrow = { ...view, x: -1800, width: 200 };
  assert.deepEqual(texts(boxes, narrow), ["… › layer.0"]);
});

test("a title that is partly in sight needs no name over it", () => {
  const boxes = [box("encoder", 0, 0, 2000, 1800)];
  const at = (x, y) => texts(boxes, { zoom: 1, x, y, width: 800, height: 600 });
  assert.deepEqual(at(0, -10), []);
  assert.deepEqual(at(-100, 100), []);
  assert.deepEqual(at(-151, 100), ["encoder"]);
  assert.deepEqual(at(0, -30), ["encoder"]);
});

test("no name stands on a label that can be read: it goes beside it, or away", () => {
  const view = { zoom: 1, x: 0, y: -900, width: 800, height: 600 };
  const boxes = [box("encoder", 0, 0, 700, 1800)];
  const left = { left: 0, top: 902, right: 100, bottom: 930 };
  const [shown] = place(boxes, view, [left]);
  assert.ok(shown.x > 500);
  assert.deepEqual(texts(boxes, view, [{ ...left, right: 800 }]), []);
  const [between] = place(boxes, view, [left, { ...left, left: 300, right: 700 }]);
  assert.ok(between.x > 100 && between.x + between.width < 300);
  assert.equal(place(boxes, view, [{ ...left, top: 890 }])[0].x, 5);
});

test("what is out of sight has no name", () => {
  assert.deepEqual(texts([box("far", 9000, 0, 12000, 3000)]), []);
});
