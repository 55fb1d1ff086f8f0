// The names of boxes at a size that can be read however far out one zooms: over the canvas, where
// its own labels are too small, and at the top of what is in sight of a box whose title is not.

/** @import { Core } from "cytoscape" */

const FONT = 12; // of a box's own label, in units of the model
const SIZE = 13; // of a name, in pixels of the screen
const HIGH = 19;
const READABLE = 9; // pixels of a label from which it needs no name
const TITLE = 30; // height of an open box's title strip, in units of the model
const INSET = 5;
const LEAST = 46; // width in pixels of a box that holds a name, cut off where need be
const FLAT = 12; // height of a closed box that holds one
const HOLDS = 58; // height of an open box from which a name leaves something of it
const MOST = 80; // names at once

/**
 * @typedef {object} Named
 * @property {string} id
 * @property {string} name
 * @property {boolean} isOpen
 * @property {string} fill
 * @property {string} ink
 * @property {{left: number, top: number, right: number, bottom: number}} at in units of the model
 *
 * @typedef {object} Placed
 * @property {Named} box
 * @property {number} x
 * @property {number} y
 * @property {number} room width that the name may take, in pixels
 */

/**
 * Show names on a canvas whenever it is drawn.
 * @param {Core} cy
 */
export function bindNames(cy) {
  const layer = document.createElement("div");
  layer.className = "box-names";
  layer.setAttribute("aria-hidden", "true"); // the tree says all of them
  cy.container()?.after(layer);
  /** @type {Named[] | null} */
  let boxes = null;
  /** @type {Map<string, HTMLElement>} */
  let shown = new Map();
  cy.on("add remove data position", () => {
    boxes = null;
  });
  cy.on("render", function () {
    boxes ??= named(cy);
    const view = { zoom: cy.zoom(), ...cy.pan(), width: cy.width(), height: cy.height() };
    /** @type {Map<string, HTMLElement>} */
    const next = new Map();
    for (const { box, x, y, room } of placed(boxes, view)) {
      const name = shown.get(box.id) ?? made(box);
      name.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      name.style.maxWidth = `${room.toFixed(0)}px`;
      next.set(box.id, name);
    }
    for (const [id, name] of shown) {
      if (next.get(id) !== name) {
        name.remove();
      }
    }
    for (const [id, name] of next) {
      if (shown.get(id) !== name) {
        layer.append(name);
      }
    }
    shown = next;
  });
}

/**
 * The boxes of a canvas, outer ones first.
 * @param {Core} cy
 * @returns {Named[]}
 */
function named(cy) {
  const boxes = cy.nodes().toArray().filter((node) => node.data("key") && node.data("name"));
  return boxes.sort((one, other) => one.data("z") - other.data("z")).map(function (node) {
    const { id, name, open, fill, ink, width, height } = node.data();
    const { x, y } = node.position();
    const [left, top] = [x - width / 2, y - height / 2];
    return {
      id, name, fill, ink, isOpen: open === 1,
      at: { left, top, right: left + width, bottom: top + height },
    };
  });
}

/** @param {Named} box */
function made(box) {
  const name = document.createElement("span");
  name.dataset.namesBox = box.id;
  name.textContent = box.name;
  name.style.background = box.fill;
  name.style.color = box.ink;
  return name;
}

/**
 * Which names to show, and where: those of outer and of large boxes first, none over another.
 * @param {Named[]} boxes
 * @param {{zoom: number, x: number, y: number, width: number, height: number}} view
 * @returns {Placed[]}
 */
export function placed(boxes, view) {
  const { zoom } = view;
  const isSmall = FONT * zoom < READABLE;
  /** @type {Placed[]} */
  const found = [];
  for (const box of boxes) {
    const left = box.at.left * zoom + view.x;
    const right = box.at.right * zoom + view.x;
    const top = box.at.top * zoom + view.y;
    const bottom = box.at.bottom * zoom + view.y;
    if (right < 0 || bottom < 0 || left > view.width || top > view.height) {
      continue;
    }
    const isAway = box.isOpen && (top + TITLE * zoom < HIGH || left < 0);
    if (!(isSmall || isAway) || found.length >= MOST) {
      continue;
    }
    const place = box.isOpen
      ? within({ left, top, right, bottom }, view, zoom)
      : inMiddle({ left, top, right, bottom });
    if (place && !found.some((other) => isOver(other, place, box))) {
      found.push({ box, ...place });
    }
  }
  return found;
}

/**
 * At the upper left of what is in sight of an open box, as long as that leaves something of it.
 * @param {{left: number, top: number, right: number, bottom: number}} box
 * @param {{width: number, height: number}} view
 * @param {number} zoom
 */
function within(box, view, zoom) {
  const chevron = zoom * 18; // the title begins with it
  const x = Math.max(box.left + Math.max(INSET, chevron), INSET);
  const y = Math.max(box.top + Math.max(2, (TITLE * zoom - HIGH) / 2), INSET);
  const room = Math.min(box.right, view.width) - x - INSET;
  const isHigh = box.bottom - Math.max(box.top, 0) >= HOLDS && y + HIGH < box.bottom;
  return room >= LEAST && isHigh ? { x, y, room } : null;
}

/**
 * In the middle of a closed box; its own label is not drawn then.
 * @param {{left: number, top: number, right: number, bottom: number}} box
 */
function inMiddle(box) {
  const room = box.right - box.left - 4;
  const y = (box.top + box.bottom - HIGH) / 2;
  return room >= LEAST && box.bottom - box.top >= FLAT ? { x: box.left + 2, y, room } : null;
}

/**
 * Whether a name would stand on another one, or further down of one that sticks to the top.
 * @param {Placed} other
 * @param {{x: number, y: number, room: number}} place
 * @param {Named} box
 */
function isOver(other, place, box) {
  const width = (/** @type {string} */ name) => 10 + name.length * SIZE * 0.6;
  const wide = Math.min(place.room, width(box.name));
  const otherWide = Math.min(other.room, width(other.box.name));
  return (
    place.x < other.x + otherWide && other.x < place.x + wide &&
    place.y < other.y + HIGH && other.y < place.y + HIGH
  );
}
