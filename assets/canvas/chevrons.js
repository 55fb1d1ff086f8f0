// The chevron of each box, which opens and closes it: drawn over the canvas, so that it stands where
// the box's title begins whatever the graph is drawn by, and costs no element of its own.

import { TITLE } from "./instance.js";

/**
 * @import { Core, NodeSingular } from "cytoscape"
 * @typedef {{left: number, top: number, right: number, bottom: number}} Area in pixels of the canvas
 */

const INSET = 10; // from the box's left side to the chevron's middle, in units of the model
const FIRST_LINE = 7.5; // how far above the middle of a closed box its title stands
const LEAST = 20; // pixels a side that a finger and a mouse can hit
const NARROWEST = 56; // pixels of a box below which a chevron would leave no room to select it
const SIZE = 4.2; // half of its height, in units of the model
const THICK = 1.7;

/**
 * Where a box is opened and closed by one click; `null` for what is no box, or too small on the
 * screen to hold a chevron and be selected as well.
 * @param {NodeSingular} node
 * @returns {Area | null}
 */
export function chevronArea(node) {
  const { key, open } = node.data();
  const [width, height] = [node.renderedWidth(), node.renderedHeight()];
  const place = { ...node.renderedPosition(), width, height, zoom: node.cy().zoom() };
  return key ? chevronOf({ ...place, isOpen: open === 1 }) : null;
}

/**
 * The same for a box by its place in pixels.
 * @param {{x: number, y: number, width: number, height: number, zoom: number, isOpen: boolean}} box
 * @returns {Area | null}
 */
export function chevronOf({ x, y, width, height, zoom, isOpen }) {
  if (width < NARROWEST || height < LEAST) {
    return null;
  }
  const [left, top] = [x - width / 2, y - height / 2];
  const wide = Math.max(LEAST, 2 * INSET * zoom);
  const high = isOpen ? Math.max(LEAST, TITLE * zoom) : height;
  return { left, top, right: left + wide, bottom: top + high };
}

/**
 * The box whose chevron is at a point: of boxes inside of each other, the innermost.
 * @param {Core} cy
 * @param {{x: number, y: number} | undefined} at in pixels of the canvas
 * @returns {NodeSingular | null}
 */
export function chevronAt(cy, at) {
  /** @type {NodeSingular | null} */
  let innermost = null;
  for (const node of at ? cy.nodes().toArray() : []) {
    const area = chevronArea(node);
    const isHit = area && at && at.x >= area.left && at.x <= area.right && at.y >= area.top &&
      at.y <= area.bottom;
    if (isHit && (!innermost || node.data("z") > innermost.data("z"))) {
      innermost = node;
    }
  }
  return innermost;
}

/**
 * Draw the chevrons whenever the canvas is drawn.
 * @param {Core} cy
 */
export function drawChevrons(cy) {
  const layer = document.createElement("canvas");
  layer.className = "chevrons";
  layer.setAttribute("aria-hidden", "true");
  cy.container()?.append(layer);
  cy.on("render", () => paint(cy, layer));
  cy.on("destroy", () => layer.remove());
}

/**
 * @param {Core} cy
 * @param {HTMLCanvasElement} layer
 */
function paint(cy, layer) {
  const pen = layer.getContext("2d");
  const [sharp, zoom] = [window.devicePixelRatio || 1, cy.zoom()];
  const [width, height] = [Math.round(cy.width() * sharp), Math.round(cy.height() * sharp)];
  if (!pen) {
    return;
  }
  if (layer.width !== width || layer.height !== height) {
    [layer.width, layer.height] = [width, height];
  }
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, cy.width(), cy.height());
  pen.lineWidth = THICK * Math.max(zoom, 0.7);
  pen.lineCap = "round";
  pen.lineJoin = "round";
  const size = SIZE * Math.max(zoom, 0.7);
  cy.nodes().forEach(function (node) {
    const area = chevronArea(node);
    if (!area || area.right < 0 || area.bottom < 0 || area.left > cy.width() ||
      area.top > cy.height()) {
      return;
    }
    const isOpen = node.data("open") === 1;
    const x = area.left + INSET * zoom;
    const above = node.data("kind") === "call" ? 0 : FIRST_LINE; // a call has one line
    const y = isOpen
      ? area.top + (TITLE * zoom) / 2
      : (area.top + area.bottom) / 2 - above * zoom;
    pen.strokeStyle = node.data("ink");
    pen.globalAlpha = node.hasClass("dimmed") ? 0.28 : 1;
    pen.beginPath();
    if (isOpen) {
      pen.moveTo(x - size, y - size / 2);
      pen.lineTo(x, y + size / 2);
      pen.lineTo(x + size, y - size / 2);
    } else {
      pen.moveTo(x - size / 2, y - size);
      pen.lineTo(x + size / 2, y);
      pen.lineTo(x - size / 2, y + size);
    }
    pen.stroke();
  });
}
