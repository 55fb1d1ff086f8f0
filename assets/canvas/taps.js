// Clicks, double clicks and taps on a canvas, told apart without waiting: the first click selects at
// once, and a second one on the same thing opens it.

import { chevronAt } from "./chevrons.js";

/**
 * @import { Core, EdgeSingular, EventObject, NodeSingular } from "cytoscape"
 *
 * @typedef {object} Tap What was tapped, when, and where on the canvas.
 * @property {string} id of the element; "" for what is empty
 * @property {number} time in ms
 * @property {number} x in pixels
 * @property {number} y
 *
 * @typedef {object} Meaning What a canvas does when it is tapped.
 * @property {(element: NodeSingular | EdgeSingular | null) => void} select `null` for what is empty
 * @property {(node: NodeSingular) => void} enter
 * @property {(element: NodeSingular | EdgeSingular | null, at: {x: number, y: number}) => void}
 *   [menu] for a right click and a long press; `at` in pixels of the canvas
 */

const TOGETHER = 500; // ms between the two clicks of a double click, as systems have it
const NEAR = 16; // pixels between them: a finger is not as steady as a mouse

/**
 * Whether two taps are one double tap.
 * @param {Tap | null} first
 * @param {Tap} second
 */
export function isDouble(first, second) {
  return first !== null && first.id === second.id && second.time - first.time <= TOGETHER &&
    Math.hypot(second.x - first.x, second.y - first.y) <= NEAR;
}

/**
 * Whether a double click means something: on a box it does, and on a stub.
 * @param {NodeSingular | EdgeSingular} element
 * @returns {element is NodeSingular}
 */
function canBeEntered(element) {
  return element.isNode() && Boolean(element.data("key") || element.data("kind") === "stub");
}

/**
 * Listen to the taps of a canvas.
 * @param {Core} cy
 * @param {Meaning} meaning
 */
export function bindTaps(cy, { select, enter, menu = () => {} }) {
  /** @type {Tap | null} */
  let before = null;
  let isHeld = false; // a finger rests, and its end is no tap
  cy.on("tap", function (/** @type {EventObject} */ event) {
    if (isHeld) {
      return;
    }
    const at = pixels(event);
    const box = chevronAt(cy, at);
    const target = event.target === cy ? null : event.target;
    const tap = { id: target ? target.id() : "", time: performance.now(), ...at };
    if (box && (!target || target.isEdge() || target.same(box))) {
      before = null;
      enter(box);
    } else if (target && canBeEntered(target) && isDouble(before, tap)) {
      before = null; // a third click is a first one again
      enter(target);
    } else {
      before = tap;
      select(target);
    }
  });
  const isTouch = (/** @type {EventObject} */ { originalEvent }) =>
    originalEvent?.type.startsWith("touch") ?? false;
  const open = (/** @type {EventObject} */ event) =>
    menu(event.target === cy ? null : event.target, pixels(event));
  cy.on("tapstart", () => {
    isHeld = false;
  });
  cy.on("cxttap", function (event) {
    if (!isTouch(event)) { // two fingers are no right click, but a pinch
      open(event);
    }
  });
  cy.on("taphold", function (event) {
    if (isTouch(event)) {
      isHeld = true;
      open(event);
    }
  });
}

/**
 * Where on the canvas something happened.
 * @param {EventObject} event
 */
export function pixels({ cy, position }) {
  const { x, y } = cy.pan();
  return { x: position.x * cy.zoom() + x, y: position.y * cy.zoom() + y };
}
