// What sent a wheel event, and what it does to the view.

import assert from "node:assert/strict";
import { test } from "node:test";

import { deviceOf, moveOf } from "../../assets/canvas/wheel.js";

const EVENT = { deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, metaKey: false, shiftKey: false };
const RESTED = { isTouchpad: false, time: -Infinity };
const isTouchpad = (event, before = RESTED, time = 0) =>
  deviceOf({ ...EVENT, ...event }, before, time).isTouchpad;

test("small and sideways steps are a touchpad's, notches and lines a mouse's", () => {
  for (const deltaY of [1, -2.5, 13.3333, 33]) {
    assert.ok(isTouchpad({ deltaY }), String(deltaY));
  }
  assert.ok(isTouchpad({ deltaX: -80, deltaY: 0 }));
  for (const deltaY of [100, -120, 53, 66.6666, 4.000244140625, -8.00048828125]) {
    assert.ok(!isTouchpad({ deltaY }), String(deltaY));
  }
  assert.ok(!isTouchpad({ deltaY: 3, deltaMode: 1 }));
  assert.ok(!isTouchpad({ deltaX: 100, shiftKey: true })); // a wheel that Shift turns aside
});

test("a gesture stays what it began as; after a rest it may be another's", () => {
  const touchpad = deviceOf({ ...EVENT, deltaY: 2 }, RESTED, 1000);
  assert.ok(isTouchpad({ deltaY: 180 }, touchpad, 1016)); // a fast swipe
  assert.ok(!isTouchpad({ deltaY: 180 }, touchpad, 1500));
  const mouse = deviceOf({ ...EVENT, deltaY: 100 }, RESTED, 1000);
  assert.ok(!isTouchpad({ deltaY: 30 }, mouse, 1016)); // a smooth wheel runs out
  assert.ok(isTouchpad({ deltaX: 5 }, mouse, 1016));
});

const move = (event, isPad) => moveOf({ ...EVENT, ...event }, isPad);

test("a touchpad scrolls both ways, a wheel zooms, Ctrl and a pinch zoom with both", () => {
  assert.deepEqual(move({ deltaX: 7, deltaY: -3 }, true), { dx: 7, dy: -3 });
  assert.ok(Math.abs(move({ deltaY: -100 }, false).zoom - 1.2) < 0.01);
  assert.ok(Math.abs(move({ deltaY: 3, deltaMode: 1 }, false).zoom - 1 / 1.2) < 0.01);
  assert.deepEqual(move({ deltaY: 100, shiftKey: true }, false), { dx: 100, dy: 0 });
  for (const isPad of [true, false]) {
    assert.ok(move({ deltaY: -10, ctrlKey: true }, isPad).zoom > 1.09);
    assert.ok(move({ deltaY: 100, ctrlKey: true }, isPad).zoom < 1);
    assert.equal(move({ deltaY: -5000, ctrlKey: true }, isPad).zoom, 1.5);
  }
});
