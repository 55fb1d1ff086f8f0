// The whole graph in a corner, with a frame around what is in the window.

import { centreOn, movedByHand } from "./camera.js";

/**
 * @import { Core } from "cytoscape"
 * @typedef {{x1: number, y1: number, x2: number, y2: number}} Rectangle
 * @typedef {{x: number, y: number, w: number, h: number, z: number, open: number, fill: string,
 *   border: string}} Box
 */

const WIDE = 168; // pixels at most
const HIGH = 118;
const SHARE = 0.3; // of the canvas at most, across and down
const PADDING = 6;
const DOT = 2.6; // radius of a search's hit

/** @type {Box[]} In the order they are drawn. */
let boxes = [];
/** @type {Rectangle | null} What encloses them all. */
let whole = null;
let scale = 1;
let isDragging = false;

/** @returns {HTMLCanvasElement | null} */
function minimap() {
  const element = document.getElementById("minimap");
  return element instanceof HTMLCanvasElement ? element : null;
}

/**
 * Read what there is to draw: after a change of the elements, not at every frame.
 * @param {Core} cy
 */
export function readMinimap(cy) {
  boxes = cy.nodes().toArray()
    .map(function (node) {
      const at = node.position();
      const { width, height, z, open, fill, border } = node.data();
      return { x: at.x - width / 2, y: at.y - height / 2, w: width, h: height, z, open, fill,
        border };
    })
    .sort((one, other) => one.z - other.z);
  whole = boxes.length
    ? {
        x1: Math.min(...boxes.map((box) => box.x)),
        y1: Math.min(...boxes.map((box) => box.y)),
        x2: Math.max(...boxes.map((box) => box.x + box.w)),
        y2: Math.max(...boxes.map((box) => box.y + box.h)),
      }
    : null;
  drawMinimap(cy);
}

/**
 * Draw it, unless everything is in the window.
 * @param {Core} cy
 */
export function drawMinimap(cy) {
  const element = minimap();
  if (!element || !whole) {
    return;
  }
  const seen = cy.extent();
  const isAllInSight =
    seen.x1 <= whole.x1 && seen.y1 <= whole.y1 && seen.x2 >= whole.x2 && seen.y2 >= whole.y2;
  if (element.hidden !== isAllInSight) {
    element.hidden = isAllInSight;
  }
  const pen = isAllInSight ? null : element.getContext("2d");
  if (pen) {
    const room = [Math.min(WIDE, SHARE * cy.width()), Math.min(HIGH, SHARE * cy.height())];
    paint(cy, element, pen, whole, seen, room);
  }
}

/**
 * @param {Core} cy
 * @param {HTMLCanvasElement} element
 * @param {CanvasRenderingContext2D} pen
 * @param {Rectangle} all
 * @param {Rectangle} seen
 * @param {number[]} room width and height, in pixels
 */
function paint(cy, element, pen, all, seen, [wide, high]) {
  scale = Math.min(
    (wide - 2 * PADDING) / (all.x2 - all.x1),
    (high - 2 * PADDING) / (all.y2 - all.y1),
  );
  const sharp = window.devicePixelRatio || 1;
  const width = Math.ceil((all.x2 - all.x1) * scale) + 2 * PADDING;
  const height = Math.ceil((all.y2 - all.y1) * scale) + 2 * PADDING;
  element.width = width * sharp;
  element.height = height * sharp;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  const page = getComputedStyle(document.documentElement);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.translate(PADDING, PADDING);
  pen.scale(scale, scale);
  pen.translate(-all.x1, -all.y1);
  pen.lineWidth = 0.8 / scale;
  for (const box of boxes) {
    pen.fillStyle = box.open ? box.fill : box.border || page.getPropertyValue("--quiet");
    pen.globalAlpha = box.open ? 1 : 0.55;
    pen.fillRect(box.x, box.y, box.w, box.h);
    if (box.open) {
      pen.strokeStyle = box.border;
      pen.strokeRect(box.x, box.y, box.w, box.h);
    }
  }
  pen.globalAlpha = 1;
  drawDots(cy, pen, page.getPropertyValue("--match"), page.getPropertyValue("--ink"));
  pen.strokeStyle = page.getPropertyValue("--accent");
  pen.lineWidth = 1.6 / scale;
  const x1 = Math.max(seen.x1, all.x1);
  const y1 = Math.max(seen.y1, all.y1);
  pen.strokeRect(x1, y1, Math.min(seen.x2, all.x2) - x1, Math.min(seen.y2, all.y2) - y1);
}

/**
 * A dot for each hit of a search, in its middle: of the same size whatever the scale.
 * @param {Core} cy
 * @param {CanvasRenderingContext2D} pen
 * @param {string} fill
 * @param {string} edge
 */
function drawDots(cy, pen, fill, edge) {
  pen.fillStyle = fill;
  pen.strokeStyle = edge;
  pen.lineWidth = 0.8 / scale;
  cy.nodes(".match").not("[open = 1]").forEach(function (node) {
    const at = node.position();
    pen.beginPath();
    pen.arc(at.x, at.y, DOT / scale, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  });
}

/** @param {PointerEvent} event */
function lookAt(event) {
  const element = minimap();
  if (element && whole) {
    const box = element.getBoundingClientRect();
    movedByHand();
    centreOn(
      whole.x1 + (event.clientX - box.left - PADDING) / scale,
      whole.y1 + (event.clientY - box.top - PADDING) / scale,
    );
  }
}

document.addEventListener("pointerdown", function (event) {
  if (event.target instanceof Element && event.target.id === "minimap") {
    isDragging = true;
    event.preventDefault();
    lookAt(event);
  }
});
document.addEventListener("pointermove", function (event) {
  if (isDragging) {
    lookAt(event);
  }
});
document.addEventListener("pointerup", function () {
  isDragging = false;
});
