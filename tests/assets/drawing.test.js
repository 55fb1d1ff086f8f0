import assert from "node:assert/strict";
import { test } from "node:test";

import { bindDrawing, noteChange } from "../../assets/canvas/drawing.js";

const EXTENT = { x1: 0, y1: 0, x2: 100, y2: 100 };

/** An element whose box begins at a point. */
const element = (name, x, isVisible = true) => ({
  name, visible: () => isVisible, boundingBox: () => ({ x1: x, y1: 0, x2: x + 10, y2: 10 }),
});

function canvas() {
  const log = [];
  const renderer = {
    drawLayeredElements: () => log.push("textures"),
    drawElement: (_context, { name }) => log.push(name),
  };
  const cy = { renderer: () => renderer };
  bindDrawing(cy);
  const draw = (...elements) => {
    renderer.drawLayeredElements(null, elements, 1, EXTENT);
    return log.splice(0);
  };
  return { cy, draw };
}

test("what has changed is drawn element by element, as far as it is in sight", () => {
  const { cy, draw } = canvas();
  const elements = [element("a", 0), element("b", 95), element("c", 101), element("d", 0, false)];
  assert.deepEqual(draw(...elements), ["textures"]);
  noteChange(cy);
  assert.deepEqual(draw(...elements), ["a", "b"]);
});

test("a canvas that has come to rest is drawn from textures", async () => {
  const { cy, draw } = canvas();
  noteChange(cy);
  await new Promise((done) => setTimeout(done, 200));
  assert.deepEqual(draw(element("a", 0)), ["textures"]);
  const other = canvas();
  noteChange(cy);
  assert.deepEqual(other.draw(element("a", 0)), ["textures"]);
});
