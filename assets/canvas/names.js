// The names of boxes at a size that can be read however far out one zooms: over the canvas, in the
// place of its own labels where those are too small, and at the top of what is in sight of a box
// whose title is not.

import { placed } from "./spots.js";

/**
 * @import { Core, EdgeSingular, NodeSingular } from "cytoscape"
 * @import { Area, Named, Placed } from "./spots.js"
 */

const FONT = 12; // of a box's own label, in units of the model
const CAPTION = 10; // of a line's
const READABLE = 9; // pixels of a label from which it needs no name

/**
 * Show names on a canvas whenever it is drawn.
 * @param {Core} cy
 */
export function bindNames(cy) {
  const layer = document.createElement("div");
  layer.className = "box-names";
  layer.setAttribute("aria-hidden", "true"); // the tree says all of them
  cy.container()?.after(layer);
  const measure = measured(layer);
  /** @type {Named[] | null} */
  let boxes = null;
  /** @type {Area[] | null} */
  let labels = null;
  /** @type {Map<string, HTMLElement>} */
  let shown = new Map();
  /** @type {Set<string>} */
  let replaced = new Set();
  cy.on("add remove data position", () => {
    boxes = null;
    labels = null;
  });
  cy.on("render", function () {
    boxes ??= named(cy, measure);
    const view = { zoom: cy.zoom(), ...cy.pan(), width: cy.width(), height: cy.height() };
    const isSmall = FONT * view.zoom < READABLE;
    const kept = () => (labels ??= drawnLabels(cy, measure));
    /** @type {Map<string, HTMLElement>} */
    const next = new Map();
    for (const place of placed(boxes, view, { isSmall, labels: kept, measure })) {
      const { id } = place.box;
      const name = shown.get(id) ?? document.createElement("span");
      write(name, place, cy.getElementById(id).hasClass("dimmed"));
      next.set(id, name);
    }
    for (const [id, name] of shown) {
      if (!next.has(id)) {
        name.remove();
      }
    }
    for (const [id, name] of next) {
      if (!shown.has(id)) {
        layer.append(name);
      }
    }
    shown = next;
    // Not before this frame is done with: what is to be drawn anew by then would not be.
    queueMicrotask(() => {
      replaced = replace(cy, replaced, new Set(isSmall ? next.keys() : []));
    });
  });
}

/**
 * A name as it is placed.
 * @param {HTMLElement} name
 * @param {Placed} place
 * @param {boolean} isDimmed
 */
function write(name, { box, text, size, x, y, width, height }, isDimmed) {
  name.dataset.namesBox = box.id;
  if (name.textContent !== text) {
    name.textContent = text;
  }
  name.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  name.style.width = `${width.toFixed(1)}px`;
  name.style.height = name.style.lineHeight = `${height}px`;
  name.style.fontSize = `${size}px`;
  name.style.color = box.ink;
  name.style.background = box.isOpen ? box.fill : "none"; // lines run below a title
  name.style.opacity = isDimmed ? "0.28" : "1";
}

/**
 * Boxes with a name do not show their own labels as well, which Cytoscape draws down to half of the
 * size that can be read.
 * @param {Core} cy
 * @param {Set<string>} before
 * @param {Set<string>} now
 */
function replace(cy, before, now) {
  cy.batch(function () {
    for (const id of before) {
      if (!now.has(id)) {
        cy.getElementById(id).removeClass("named");
      }
    }
    for (const id of now) {
      const node = cy.getElementById(id);
      if (!node.hasClass("named")) {
        node.addClass("named");
      }
    }
  });
  return now;
}

/**
 * The width of texts in the type of names, in parts of its size.
 * @param {HTMLElement} layer
 */
function measured(layer) {
  const pen = document.createElement("canvas").getContext("2d");
  /** @type {Map<string, number>} */
  const widths = new Map();
  return function (/** @type {string} */ text) {
    let width = widths.get(text);
    if (width === undefined) {
      if (pen) {
        pen.font = `600 100px ${getComputedStyle(layer).fontFamily}`;
      }
      width = (pen?.measureText(text).width ?? 60 * text.length) / 100;
      widths.set(text, width);
    }
    return width;
  };
}

/**
 * The boxes of a canvas, outer ones first.
 * @param {Core} cy
 * @param {(text: string) => number} measure
 * @returns {Named[]}
 */
function named(cy, measure) {
  const boxes = cy.nodes().toArray().filter((node) => node.data("key") && node.data("name"));
  /** @type {Map<string, Set<string>>} */
  const names = new Map();
  for (const box of boxes) {
    const { parent_key: parent, name } = box.data();
    names.set(parent, (names.get(parent) ?? new Set()).add(name));
  }
  const siblings = new Map([...names].map(([parent, within]) => [parent, [...within]]));
  return boxes.sort((one, other) => one.data("z") - other.data("z")).map(function (node) {
    const { id, name, label, open, fill, ink, width, height, parent_key: parent } = node.data();
    const { x, y } = node.position();
    const [left, top] = [x - width / 2, y - height / 2];
    return {
      id, name, fill, ink, isOpen: open === 1, siblings: siblings.get(parent) ?? [],
      titled: 20 + FONT * measure(label ?? ""),
      at: { left, top, right: left + width, bottom: top + height },
    };
  });
}

/**
 * Where a canvas has words of its own, apart from titles of open boxes, in units of the model.
 * @param {Core} cy
 * @param {(text: string) => number} measure
 * @returns {Area[]}
 */
function drawnLabels(cy, measure) {
  const around = (/** @type {number} */ x, /** @type {number} */ y, width = 0, height = 0) =>
    ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });
  const nodes = cy.nodes().filter((node) => node.data("open") === 0 && node.data("label"));
  const lines = cy.edges().filter((edge) => Boolean(edge.data("label")));
  return [
    ...nodes.map(function (/** @type {NodeSingular} */ node) {
      const { x, y } = node.position();
      return around(x, y, node.data("width"), node.data("height"));
    }),
    ...lines.map(function (/** @type {EdgeSingular} */ edge) {
      const { x, y } = edge.midpoint();
      const { label, label_x: right, label_y: down } = edge.data();
      return around(x + right, y + down, CAPTION * measure(label) + 4, CAPTION + 4);
    }),
  ];
}
