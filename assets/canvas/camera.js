// Where the canvas looks: fitting, following a box that was opened, bringing something into view.

import { cytoscape, sides } from "./instance.js";

/**
 * @import { Core, NodeSingular } from "cytoscape"
 *
 * @typedef {object} Anchor A box, and where it is: the middle and the top, in pixels of the canvas.
 * @property {string} id
 * @property {number} x
 * @property {number} y
 */

export const READABLE = 9 / 11; // zoom at which the smallest labels, of 11 px, are 9 px on the screen
const RECOGNISABLE = 0.5; // the same where colours matter more than words: beside figures
const CLOSE = 0.9; // zoom at which something out of sight is shown
const LARGEST = 1.4; // zoom that fitting a small graph stops at
const LARGEST_PRESENTED = 2; // the same for a projector
const EDGE = 20; // pixels kept free around what is brought into view
const MARGIN = 28; // the same around a graph that is fitted
const AT_HAND = 1500; // ms for which what was clicked on the canvas counts as in sight
const PATIENCE = 2000; // ms for which something that is not drawn yet is waited for

/** @type {Anchor | null} The box that was just opened or closed, and where it was. */
let anchor = null;
let clicked = -Infinity; // when the canvas was last clicked
/** @type {{id: string, until: number} | null} What was selected elsewhere and is to be seen. */
let wanted = null;
/** @type {((cy: Core) => void) | null} What the view was fitted by, until a person moves it. */
let fittedBy = null;
let fittedAt = ""; // the view that it left: one that is elsewhere now was moved since
let fitsLater = false; // fitting was asked for while the canvas was hidden
/** @type {{id: string, x: number, y: number}[] | null} What was in sight, and where it stood; what is
 * to stay there comes first. */
let sights = null;
let looksAround = false; // much may have moved: see whether anything is in sight
/** @type {{x: number, y: number} | null} Model point in the middle of the canvas. */
let middle = null;

/** @type {((cy: Core) => void) | null} How two graphs are fitted that are side by side. */
let together = null;

/** The canvas was clicked: what is selected by that is in sight, at the zoom a person chose. */
export function touched() {
  clicked = performance.now();
}

/** Whether the canvas was clicked just now. */
export function isAtHand() {
  return performance.now() - clicked < AT_HAND;
}

/** What comes next was chosen beside the canvas, and is to be brought into view. */
export function untouched() {
  clicked = -Infinity;
}

/**
 * Keep a box where it is on the screen through the next change.
 * @param {NodeSingular} node
 */
export function hold(node) {
  const box = sides(node);
  holdAt({ id: node.id(), x: box.x, y: box.top });
}

/**
 * Keep a box through the next change where it was when it was clicked.
 * @param {Anchor} where
 */
export function holdAt(where) {
  anchor = where;
  fittedBy = null; // it is what a person looks at
}

/** A person has moved the view: it is not fitted by itself any more. */
export function movedByHand() {
  fittedBy = null;
}

/**
 * Keep through the next change what a person looks at: what is selected or, where that is out of
 * sight or gone, what is nearest to the middle. Nothing moves where the same stands at the same place.
 * @param {string | null | undefined} selected
 */
export function holdSight(selected) {
  const cy = cytoscape();
  if (!cy?.width()) {
    return;
  }
  const seen = cy.extent();
  const [x, y] = [(seen.x1 + seen.x2) / 2, (seen.y1 + seen.y2) / 2];
  sights = cy.nodes().toArray()
    .map((node) => ({ id: node.id(), ...topOf(node) }))
    .filter((at) => at.x > seen.x1 && at.x < seen.x2 && at.y > seen.y1 && at.y < seen.y2)
    .map((at) => ({ ...at, far: at.id === selected ? -1 : Math.hypot(at.x - x, at.y - y) }))
    .sort((one, other) => one.far - other.far);
}

/**
 * The middle of a box's upper side, in units of the model: it stays where the box grows.
 * @param {NodeSingular} node
 */
function topOf(node) {
  const { x, y } = node.position();
  return { x, y: y - node.height() / 2 };
}

/** @param {Core} cy */
function keepSight(cy) {
  const held = sights?.find((at) => cy.getElementById(at.id).nonempty());
  const isEmpty = sights?.length === 0;
  sights = null;
  if (held) {
    const now = topOf(cy.getElementById(held.id));
    cy.panBy({ x: (held.x - now.x) * cy.zoom(), y: (held.y - now.y) * cy.zoom() });
  } else if (!isEmpty) {
    fit(); // nothing is left of what was in sight
  }
}

/** The next change may put everything elsewhere. */
export function lookAround() {
  looksAround = true;
}

/**
 * Bring an element into view once it is drawn, unless it was clicked on the canvas.
 * @param {string | null | undefined} id
 * @param {boolean} walked whether a person went to it by the steps of a path
 */
export function wantInView(id, walked) {
  const isElsewhere = walked || !isAtHand();
  wanted = id && isElsewhere ? { id, until: performance.now() + PATIENCE } : null;
}

/**
 * While two graphs are side by side, both are fitted.
 * @param {((cy: Core) => void) | null} how `null` for the one graph alone
 */
export function fitTogether(how) {
  together = how;
}

/** @type {(cy: Core) => {zoom: number, pan: {x: number, y: number}} | null} */
let pictured = () => null;

/**
 * Look first where a picture has shown the same already.
 * @param {typeof pictured} where
 */
export function takeSightFrom(where) {
  pictured = where;
}

/** Everything into the window. */
export function fit() {
  const cy = cytoscape();
  if (!cy) {
    return;
  }
  cy.resize();
  fitsLater = !cy.width();
  if (fitsLater || !cy.nodes().length) {
    return;
  }
  cy.fit(undefined, MARGIN);
  const largest = document.documentElement.classList.contains("presenting")
    ? LARGEST_PRESENTED : LARGEST;
  if (cy.zoom() > largest) {
    cy.zoom(largest);
    cy.center();
  }
  together?.(cy);
  fittedBy = fit;
  fittedAt = viewportOf(cy);
}

/** @param {Core} cy */
function viewportOf(cy) {
  return [cy.zoom(), cy.pan().x, cy.pan().y].join();
}

/**
 * The zoom and middle that a link asks for.
 * @param {string} query
 * @returns {[level: number, x: number, y: number] | null}
 */
export function viewportIn(query) {
  const parts = (new URLSearchParams(query).get("at") || "").split(",");
  const [level, x, y] = parts.map(Number);
  const isWhole = parts.length === 3 && level > 0 && [level, x, y].every(isFinite);
  return isWhole ? [level, x, y] : null;
}

/**
 * The first sight of a model: what a link asks for, all of it if its labels can be read then, else
 * its top.
 * @param {Core} cy
 */
export function firstSight(cy) {
  anchor = null;
  looksAround = false; // what is out of sight below its top is meant to be
  const asked = viewportIn(window.location.search);
  const view = pictured(cy);
  if (view) {
    cy.resize();
    cy.viewport(view);
    fittedBy = asked ? null : firstSight;
    fittedAt = viewportOf(cy);
    return;
  }
  if (asked) {
    cy.zoom(asked[0]);
    fittedBy = null;
    centreOn(asked[1], asked[2]);
    return;
  }
  fit();
  const least = document.querySelector(".measuring") ? RECOGNISABLE : READABLE;
  if (!fitsLater && !together && cy.zoom() < least) {
    const box = cy.elements().boundingBox();
    // It has to be moved anyway: as large as its width allows, up to its own size.
    const level = Math.min(1, Math.max(READABLE, (cy.width() - 2 * MARGIN) / box.w));
    cy.zoom(level);
    cy.pan({ x: acrossAt(cy, level, box), y: EDGE - level * box.y1 });
  }
  fittedBy = firstSight;
  fittedAt = viewportOf(cy);
}

/**
 * Where the graph stands from left to right: in the middle or, where it is too wide for that, with
 * the way that tensors take through it in the middle, and nothing but graph beside it.
 * @param {Core} cy
 * @param {number} level zoom
 * @param {{x1: number, x2: number}} box
 */
function acrossAt(cy, level, box) {
  const width = cy.width();
  if (level * (box.x2 - box.x1) <= width) {
    return width / 2 - (level * (box.x1 + box.x2)) / 2;
  }
  const spine = cy.edges("[spine = 1]").targets().toArray().map((node) => node.position("x"));
  const sorted = spine.sort((one, other) => one - other);
  const centre = sorted[Math.floor(sorted.length / 2)] ?? (box.x1 + box.x2) / 2;
  const meant = width / 2 - level * centre;
  return Math.min(EDGE - level * box.x1, Math.max(width - EDGE - level * box.x2, meant));
}

/**
 * After a change: the opened box is where it was, and something of the graph is in sight.
 * @param {Core} cy
 */
export function follow(cy) {
  if (sights) {
    keepSight(cy);
  } else if (anchor) {
    const node = cy.getElementById(anchor.id);
    if (node.nonempty()) {
      const box = sides(node);
      cy.panBy({ x: anchor.x - box.x, y: anchor.y - box.top });
      bringIn(cy, node);
    }
    anchor = null;
  } else if (looksAround && isMostlyOut(cy)) {
    fit();
  }
  looksAround = false;
}

/** @param {Core} cy */
function isMostlyOut(cy) {
  const seen = cy.extent();
  const nodes = cy.nodes();
  const inSight = nodes.filter(function (node) {
    const at = node.position();
    return at.x > seen.x1 && at.x < seen.x2 && at.y > seen.y1 && at.y < seen.y2;
  });
  return inSight.length < nodes.length / 3;
}

/**
 * The shift that brings a stretch into a window, with some pixels to spare.
 * @param {number} low
 * @param {number} high
 * @param {number} size of the window
 */
export function shiftInto(low, high, size) {
  if (high > size - EDGE) {
    return Math.max(size - EDGE - high, EDGE - low);
  }
  return low < EDGE ? Math.min(EDGE - low, size - EDGE - high) : 0;
}

/**
 * The smallest shift that shows a box, or its top left corner where it is too large.
 * @param {Core} cy
 * @param {NodeSingular} node
 */
function bringIn(cy, node) {
  const box = sides(node);
  const [width, height] = [cy.width(), cy.height()];
  const isTooWide = box.right - box.left > width - 2 * EDGE;
  const isOut = box.top < EDGE || box.bottom > height - EDGE;
  const bottom = Math.min(box.bottom, box.top + height - 2 * EDGE);
  cy.panBy({
    x: isTooWide ? 0 : shiftInto(box.left, box.right, width),
    y: isOut ? shiftInto(box.top, bottom, height) : 0,
  });
}

/**
 * Show what was wanted in view: it may come before or after the elements that show it.
 * @param {Core} cy
 */
export function showWanted(cy) {
  if (wanted && performance.now() < wanted.until) {
    intoView(cy, wanted.id);
  }
}

/**
 * Whether the minimap covers a corner of a box.
 * @param {{right: number, bottom: number}} box in pixels of the canvas
 */
function isUnderMinimap({ right, bottom }) {
  const minimap = document.getElementById("minimap");
  return minimap !== null && !minimap.hidden &&
    right > minimap.offsetLeft && bottom > minimap.offsetTop;
}

/**
 * @param {Core} cy
 * @param {string | null | undefined} id
 */
function intoView(cy, id) {
  const node = cy.getElementById(id || "");
  if (node.empty() || !node.isNode() || !cy.width()) {
    return;
  }
  const box = sides(node);
  const isTooSmall = cy.zoom() < READABLE;
  if (isTooSmall) {
    cy.zoom(CLOSE);
  }
  if (
    isTooSmall ||
    box.left < 0 || box.top < 0 || box.right > cy.width() || box.bottom > cy.height() ||
    isUnderMinimap(box)
  ) {
    cy.center(node);
    fittedBy = null;
  }
}

/**
 * The canvas is in sight again after another tab was.
 * @param {Core} cy
 * @param {string | null | undefined} selected
 */
export function backInSight(cy, selected) {
  cy.resize();
  if (fitsLater) {
    firstSight(cy);
  } else {
    intoView(cy, selected);
  }
}

/**
 * The view has moved: remember its middle, for when the window's size changes.
 * @param {Core} cy
 */
export function moved(cy) {
  const seen = cy.extent();
  middle = { x: (seen.x1 + seen.x2) / 2, y: (seen.y1 + seen.y2) / 2 };
}

/**
 * The canvas has another size: what was fitted is fitted again, unless a person has moved it; then
 * what was in the middle stays there.
 */
export function resized() {
  const cy = cytoscape();
  const before = middle;
  const isFitted = cy && fittedAt === viewportOf(cy);
  cy?.resize();
  if (cy?.width() && fittedBy && isFitted) {
    fittedBy(cy);
  } else if (cy?.width() && before) {
    centreOn(before.x, before.y);
  }
}

/**
 * The point in the middle of what is in sight, in units of the model.
 * @returns {[x: number, y: number] | null}
 */
export function middleInSight() {
  return middle && [middle.x, middle.y];
}

/**
 * @param {number} x in units of the model
 * @param {number} y
 */
export function centreOn(x, y) {
  const cy = cytoscape();
  cy?.pan({ x: cy.width() / 2 - x * cy.zoom(), y: cy.height() / 2 - y * cy.zoom() });
}

/** @param {number} factor */
export function zoom(factor) {
  zoomTo((cytoscape()?.zoom() ?? 1) * factor);
}

/**
 * Zoom about the middle of the canvas.
 * @param {number} level 1 where a unit of the model is a pixel
 */
export function zoomTo(level) {
  const cy = cytoscape();
  movedByHand();
  cy?.zoom({ level, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
}

/**
 * Zoom, and the model point in the middle, as a link has them.
 * @param {Core} cy
 */
export function viewport(cy) {
  const seen = cy.extent();
  const x = (seen.x1 + seen.x2) / 2;
  const y = (seen.y1 + seen.y2) / 2;
  return `${cy.zoom().toFixed(4)},${x.toFixed(1)},${y.toFixed(1)}`;
}
