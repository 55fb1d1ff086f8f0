// Moving about on a canvas as on a map: drags, wheels and pinches.

import { deviceOf, moveOf } from "./wheel.js";

/**
 * @import { Core, EventObject } from "cytoscape"
 * @typedef {{x: number, y: number}} Point
 */

const LEFT = 0;
const MIDDLE = 1;

let isSpaceHeld = false;

/**
 * Whether Space is held, which makes every drag one of the view.
 * @param {boolean} isHeld
 */
export function holdSpace(isHeld) {
  isSpaceHeld = isHeld;
  document.body.classList.toggle("space-held", isHeld);
}

/**
 * Let a canvas be moved about. A drag from anywhere moves it, from a node as well, as nodes cannot
 * be dragged; with the middle button or Space it is nothing else, and a click is none. A mouse's
 * wheel zooms where it points, two fingers on a touchpad scroll, a pinch zooms. What moves it emits
 * the events of Cytoscape's own gestures: `dragpan`, `scrollzoom`, `pinchzoom`.
 * @param {Core} cy
 */
export function bindNavigation(cy) {
  /** @type {any} */ (cy.nodes()).panify(); // which the types do not know
  cy.on("add", "node", (/** @type {EventObject} */ event) => event.target.panify());
  const container = cy.container();
  const around = container?.parentElement;
  if (!container || !around) {
    return;
  }
  // Before Cytoscape, which listens in the container and takes every wheel for a mouse's.
  const isInside = (/** @type {Event} */ event) =>
    event.target instanceof Element && container.contains(event.target);
  bindWheel(cy, around, isInside);
  bindDrag(cy, around, isInside);
  bindPinch(cy, isInside);
  cy.on("tapdrag", function (/** @type {EventObject} */ { originalEvent }) {
    const isPressed = originalEvent instanceof MouseEvent && originalEvent.buttons === 1;
    container.classList.toggle("panning", isPressed && !originalEvent.shiftKey);
  });
  window.addEventListener("mouseup", () => container.classList.remove("panning"));
}

/**
 * Where on a canvas a pointer is.
 * @param {Core} cy
 * @param {{clientX: number, clientY: number}} pointer
 * @returns {Point}
 */
function within(cy, { clientX, clientY }) {
  const box = cy.container()?.getBoundingClientRect();
  return { x: clientX - (box?.left ?? 0), y: clientY - (box?.top ?? 0) };
}

/**
 * @param {Core} cy
 * @param {HTMLElement} around
 * @param {(event: Event) => boolean} isInside
 */
function bindWheel(cy, around, isInside) {
  let device = { isTouchpad: false, time: -Infinity };
  around.addEventListener("wheel", function (event) {
    if (!isInside(event)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    device = deviceOf(event, device, event.timeStamp);
    const move = moveOf(event, device.isTouchpad);
    if ("zoom" in move) {
      cy.zoom({ level: cy.zoom() * move.zoom, renderedPosition: within(cy, event) });
      cy.emit("scrollzoom");
    } else {
      cy.panBy({ x: -move.dx, y: -move.dy });
      cy.emit("dragpan");
    }
  }, { capture: true, passive: false });
}

/**
 * @param {Core} cy
 * @param {HTMLElement} around
 * @param {(event: Event) => boolean} isInside
 */
function bindDrag(cy, around, isInside) {
  /** @type {Point | null} Where the pointer was, while the view is dragged. */
  let last = null;
  around.addEventListener("mousedown", function (event) {
    const isMeant = event.button === MIDDLE || (event.button === LEFT && isSpaceHeld);
    if (isMeant && isInside(event)) {
      event.preventDefault(); // the middle button would begin to scroll by itself
      event.stopPropagation();
      last = { x: event.clientX, y: event.clientY };
      cy.container()?.classList.add("panning");
    }
  }, { capture: true });
  window.addEventListener("mousemove", function (event) {
    if (last) {
      cy.panBy({ x: event.clientX - last.x, y: event.clientY - last.y });
      cy.emit("dragpan");
      last = { x: event.clientX, y: event.clientY };
    }
  });
  window.addEventListener("mouseup", function () {
    last = null;
  });
}

/**
 * Two fingers zoom from the first pixel on, and move what is between them; the one that is left
 * goes on moving it. Cytoscape would wait until they are half as far apart again, as it takes two
 * near fingers for a right click.
 * @param {Core} cy
 * @param {(event: Event) => boolean} isInside
 */
function bindPinch(cy, isInside) {
  /** @type {{middle: Point, distance: number} | null} */
  let last = null;
  const fingers = (/** @type {TouchEvent} */ { touches: [one, other] }) => {
    const [a, b] = [within(cy, one), within(cy, other ?? one)];
    return {
      middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
      distance: Math.hypot(a.x - b.x, a.y - b.y) || 1,
    };
  };
  window.addEventListener("touchstart", function (event) {
    if (isInside(event) && (last || event.touches.length > 1)) {
      last = fingers(event);
    }
  }, { capture: true, passive: true });
  window.addEventListener("touchmove", function (event) {
    if (last) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const next = fingers(event);
      cy.panBy({ x: next.middle.x - last.middle.x, y: next.middle.y - last.middle.y });
      cy.zoom({
        level: (cy.zoom() * next.distance) / last.distance, renderedPosition: next.middle,
      });
      cy.emit("pinchzoom");
      last = next;
    }
  }, { capture: true, passive: false });
  const lifted = function (/** @type {TouchEvent} */ event) {
    last = last && event.touches.length ? fingers(event) : null;
  };
  window.addEventListener("touchend", lifted, { capture: true });
  window.addEventListener("touchcancel", lifted, { capture: true });
}
