// The picture that came with the page, until the canvas has drawn the same: clicks on it and keys are
// kept and done as soon as they can be, and it goes in the frame in which the canvas is there.

import { chevronOf } from "./canvas/chevrons.js";
import { touched } from "./canvas/camera.js";
import { entering, selecting } from "./canvas/walk.js";
import { isDouble } from "./canvas/taps.js";
import { send } from "./events.js";

/**
 * @import { Core, ElementDefinition } from "cytoscape"
 * @import { Anchor } from "./canvas/camera.js"
 * @import { Tap } from "./canvas/taps.js"
 * @import { Event as PageEvent } from "./events.js"
 *
 * @typedef {object} Click What was clicked on the picture.
 * @property {string} id of the element
 * @property {boolean} enters whether it is to be opened, or closed
 * @property {Anchor} anchor where it was on the screen
 */

const MOST_KEYS = 50;
const PATIENCE = 3000; // ms after which the frame goes even though the canvas has drawn nothing

/** @type {Click[]} */
const clicks = [];
/** @type {KeyboardEvent[]} */
const keys = [];
/** @type {Map<string, ElementDefinition>} The elements of the picture, once the server has said. */
const elements = new Map();
/** @type {WeakMap<PageEvent, Anchor>} Where a box was that an event opens. */
const anchors = new WeakMap();
/** @type {Tap | null} */
let before = null;

/** The frame that came with the page, while it is in sight. */
function frame() {
  return document.getElementById("first");
}

/** @returns {SVGSVGElement | null} */
function picture() {
  return /** @type {SVGSVGElement | null} */ (document.querySelector("svg#first-picture"));
}

/**
 * The size of the canvas that the picture was made for: nothing if that is the usual one,
 * `undefined` where no picture came with the page.
 * @returns {[width: number, height: number] | null | undefined}
 */
export function pictureCanvas() {
  const size = frame()?.dataset.canvas;
  if (size === undefined) {
    return undefined;
  }
  const [width, height] = size.split("x").map(Number);
  return width && height ? [width, height] : null;
}

/**
 * The elements that the picture shows are known: do what was clicked on it.
 * @param {ElementDefinition[] | undefined} graph
 */
export function pictureKnown(graph) {
  if (graph && frame() && !elements.size) {
    for (const one of graph) {
      elements.set(String(one.data.id), one);
    }
    clicks.splice(0).forEach(answer);
  }
}

/** @param {Click} click */
function answer({ id, enters, anchor }) {
  const data = elements.get(id)?.data;
  const line = () => [...elements.values()].find(
    ({ data: { source, target } }) => source === id || target === id,
  )?.data.id ?? "";
  const event = data && (enters ? entering(data) : selecting(data, line));
  if (event) {
    if (event.type === "toggle") {
      anchors.set(event, anchor);
    }
    touched();
    send(event);
  }
}

/**
 * Where the box stood that an event opens, if it was clicked on the picture.
 * @param {PageEvent} event
 */
export function anchorOf(event) {
  return anchors.get(event);
}

/**
 * Zoom and pan with which a canvas shows its elements where the picture shows them; nothing where
 * the picture is of something else.
 * @param {Core} cy
 */
export function pictureView(cy) {
  const shown = picture();
  const place = shown?.parentElement?.getBoundingClientRect();
  const matrix = shown?.querySelector("g")?.getScreenCTM();
  const nodes = Array.from(shown?.querySelectorAll("[data-id]") ?? []);
  const isSame = nodes.length === cy.nodes().length &&
    nodes.every((node) => cy.getElementById(node.getAttribute("data-id") ?? "").nonempty());
  if (!place || !matrix || !isSame) {
    return null;
  }
  return { zoom: matrix.a, pan: { x: matrix.e - place.left, y: matrix.f - place.top } };
}

/** Let the page be seen that Dash has made, with a canvas that shows what the picture showed. */
export function leavePicture() {
  if (!frame()) {
    return;
  }
  frame()?.remove();
  for (const { key, code, shiftKey } of keys.splice(0)) {
    const again = { key, code, shiftKey, bubbles: true, cancelable: true };
    (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", again));
  }
}

/**
 * The same in the frame in which a canvas draws what it has been given.
 * @param {Core} cy
 */
export function leavePictureWith(cy) {
  if (frame()) {
    cy.one("render", leavePicture);
    setTimeout(leavePicture, PATIENCE);
  }
}

/** @param {MouseEvent} event */
function onClick(event) {
  const node = event.target instanceof Element ? event.target.closest("[data-id]") : null;
  const shape = node?.firstElementChild;
  const zoom = picture()?.querySelector("g")?.getScreenCTM()?.a ?? 1;
  if (!node || !shape) {
    before = null;
    return;
  }
  const id = node.getAttribute("data-id") ?? "";
  const { left, top, width, height } = shape.getBoundingClientRect();
  const pane = /** @type {Element} */ (node.closest(".first-pane")).getBoundingClientRect();
  const isOpen = node.hasAttribute("data-open");
  const area = node.hasAttribute("data-key")
    ? chevronOf({ x: left + width / 2, y: top + height / 2, width, height, zoom, isOpen })
    : null;
  const { clientX: x, clientY: y } = event;
  const isOnChevron = area !== null && x <= area.right && y <= area.bottom;
  const tap = { id, time: performance.now(), x, y };
  const enters = isOnChevron || isDouble(before, tap);
  before = enters ? null : tap;
  node.classList.add("noticed");
  const click = { id, enters, anchor: { id, x: left + width / 2 - pane.left, y: top - pane.top } };
  if (elements.size) {
    answer(click);
  } else {
    clicks.push(click);
  }
}

document.addEventListener("click", (event) => frame() && onClick(event));
document.addEventListener("wheel", function (event) {
  if (frame()) {
    event.preventDefault(); // it would zoom or scroll the page
  }
}, { passive: false });
window.addEventListener("keydown", function (event) {
  if (frame() && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Tab" &&
    keys.length < MOST_KEYS) {
    keys.push(event);
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);
