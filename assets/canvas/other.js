// The canvas of the graph that the open model is compared with: drawn beside the page's own, and
// moved in step with it.

import { send } from "../events.js";
import { byId } from "../dom.js";
import { theme } from "../theme.js";
import { READABLE, firstSight, fitTogether, movedByHand, shiftInto } from "./camera.js";
import { drawChevrons } from "./chevrons.js";
import { update } from "./draw.js";
import { bindDrawing } from "./drawing.js";
import { bindHover } from "./gestures.js";
import { cytoscape, sides } from "./instance.js";
import { mark } from "./marks.js";
import { bindNames } from "./names.js";
import { bindNavigation } from "./navigate.js";
import { STYLES } from "./styles.js";
import { bindTaps } from "./taps.js";

/**
 * @import { Core, EdgeSingular, ElementDefinition, NodeSingular } from "cytoscape"
 * @import { EventAnswer, Highlight } from "../protocol.js"
 * @import { Event } from "../events.js"
 * @typedef {{x: number, y: number}} Point
 * @typedef {{own: string, other: string, at: Point, there: Point}} Link Two elements that stand for
 *   each other, and where they stand.
 * @typedef {NonNullable<EventAnswer["other"]>} OtherGraph
 */

const CLOSE = 0.9; // zoom at which something out of sight is shown
const LEAST = 0.55; // zoom that fitting two graphs stops at: their shapes are compared, too
const MARGIN = 20; // pixels kept free around two graphs that are fitted

/** @type {Core | null} */
let other = null;
/** @type {[own: string, other: string][]} */
let pairs = [];
/** @type {Link[]} */
let links = [];
/** @type {Highlight | null} */
let own = null; // what is marked on the page's own canvas
/** @type {Highlight | null} */
let marked = null;
let isInStep = true;
let isFollowing = false; // one canvas is being moved because the other was
let isLeading = false; // the other canvas was used last, and the page's own follows it
/** @type {{id: string, x: number, y: number} | null} The box that was just opened or closed here. */
let anchor = null;

/** Draw the second canvas in the page's theme, after another one. */
export function styleOther() {
  other?.style(STYLES[theme()]);
}

/**
 * The second canvas, made when it is first needed, by what made the page's own.
 * @returns {Core | null}
 */
function canvas() {
  const cy = cytoscape();
  if (other || !cy) {
    return other;
  }
  const Core = /** @type {new (options: object) => Core} */ (/** @type {unknown} */ (
    cy.constructor
  ));
  const made = new Core({
    container: byId("other-graph"), elements: [], style: STYLES[theme()], autoungrabify: true,
    boxSelectionEnabled: false, minZoom: cy.minZoom(), maxZoom: cy.maxZoom(),
    layout: { name: "preset", fit: false },
  });
  bindHover(made);
  bindNavigation(made);
  made.on("dragpan scrollzoom pinchzoom", movedByHand);
  bindTwins(cy, made, (link) => [link.own, link.other]);
  bindTwins(made, cy, (link) => [link.other, link.own]);
  bindTaps(made, { select, enter });
  drawChevrons(made);
  bindNames(made);
  bindDrawing(made);
  made.on("viewport", () => onMoved(true));
  cy.on("viewport", () => onMoved(false));
  new ResizeObserver(function () {
    made.resize();
    follow();
  }).observe(byId("other-graph"));
  other = made;
  return made;
}

/**
 * What stands for an element that is pointed at on one canvas stands out on the other.
 * @param {Core} from
 * @param {Core} to
 * @param {(link: Link) => [here: string, there: string]} ends
 */
function bindTwins(from, to, ends) {
  const twins = (/** @type {string} */ id) =>
    links.map(ends).filter(([here]) => here === id).map(([, there]) => to.getElementById(there));
  from.on("mouseover", "node", (event) => {
    twins(event.target.id()).forEach((node) => node.addClass("hover"));
  });
  from.on("mouseout", "node", (event) => {
    twins(event.target.id()).forEach((node) => node.removeClass("hover"));
  });
}

/**
 * Select an element of the other graph, and what stands for it in this one.
 * @param {NodeSingular | EdgeSingular | null} element `null` for what is empty
 */
function select(element) {
  const { kind, fqn, value, op, key } = element?.data() ?? {};
  isLeading = true;
  if (!element) {
    send({ type: "clear" });
  } else if (op !== undefined) {
    send({ type: "select-other", value: ["op", op] });
  } else if (kind === "input" || kind === "output") {
    send({ type: "select-other", value: ["value", value] });
  } else if (key !== undefined) {
    send({ type: "select-other", value: ["module", fqn] });
  }
}

/**
 * Open or close a box of the other graph, and what stands for it in this one.
 * @param {NodeSingular} node
 */
function enter(node) {
  const key = node.data("key");
  if (key !== undefined) {
    const box = sides(node);
    anchor = { id: node.id(), x: box.x, y: box.top };
    isLeading = true;
    send({ type: "toggle-other", value: key });
  }
}

/**
 * Show what an answer says of the other graph.
 * @param {OtherGraph | null} answer `null` where there is none
 * @param {Event} event that led to it
 * @param {Highlight | null} ownMarks what is marked on the page's own canvas
 */
export function showOther(answer, event, ownMarks) {
  const cy = cytoscape();
  const isShown = answer !== null && answer.error === undefined;
  const wasShown = !byId("other-canvas").hidden;
  byId("other-empty").textContent = answer?.error ?? "";
  byId("other-canvas").hidden = answer === null;
  byId("canvas-heads").hidden = !isShown;
  document.querySelector(".page")?.classList.toggle("other-first", answer?.is_before === true);
  const made = isShown ? canvas() : other;
  if (!cy || !made) {
    return;
  }
  if (!isShown) {
    update(made, []);
    fitTogether(null);
    return;
  }
  own = ownMarks ?? own;
  if (answer.graph) {
    update(made, /** @type {ElementDefinition[]} */ (answer.graph));
    pairs = /** @type {[string, string][]} */ (answer.links ?? []);
  }
  if (answer.highlight) {
    marked = answer.highlight;
  }
  mark(made, marked);
  if (!wasShown) {
    cy.resize();
    made.resize();
  }
  readLinks(cy, made);
  if (!wasShown) {
    fitTogether(fitBoth);
    firstSight(cy);
  }
  const isOfOther = event.type === "select-other" || event.type === "toggle-other";
  isLeading = isOfOther || (event.type === "difference" && !own?.selected && !own?.evidence.length);
  settle(made, event.type === "difference" || !isInStep);
}

/** The second canvas is out of sight: its tab was left. */
export function leaveOther() {
  fitTogether(null);
  byId("other-canvas").hidden = true;
  byId("canvas-heads").hidden = true;
}

/**
 * All of both graphs into the window, in step, if that can still be read; else their top.
 * @param {Core} cy the page's own canvas, which is fitted for itself
 */
function fitBoth(cy) {
  const made = other;
  if (!made) {
    return;
  }
  made.resize();
  isLeading = false;
  for (let turn = 0; turn < 3; turn += 1) {
    follow();
    const [one, two] = [cy, made].map((each) => each.elements().renderedBoundingBox());
    const [top, bottom] = [Math.min(one.y1, two.y1), Math.max(one.y2, two.y2)];
    const room = cy.height() - 2 * MARGIN;
    const scale = Math.max(
      1, one.w / (cy.width() - 2 * MARGIN), two.w / (made.width() - 2 * MARGIN),
      (bottom - top) / room,
    );
    const level = Math.max(cy.zoom() / scale, LEAST);
    const height = ((bottom - top) * level) / cy.zoom();
    const upper = { x: cy.width() / 2, y: top };
    cy.zoom({ level, renderedPosition: upper });
    cy.panBy({ x: 0, y: MARGIN + Math.max(0, room - height) / 2 - top });
  }
}

/**
 * After a change: what was opened stays where it was, what is looked at is in sight.
 * @param {Core} cy the second canvas
 * @param {boolean} looks whether what is marked is to be brought into view
 */
function settle(cy, looks) {
  const held = anchor;
  anchor = null;
  isFollowing = true;
  if (held) {
    const node = cy.getElementById(held.id);
    if (node.nonempty()) {
      const box = sides(node);
      cy.panBy({ x: held.x - box.x, y: held.y - box.top });
    }
  }
  if (looks && (isLeading || !isInStep)) {
    intoView(cy, marked?.look);
  }
  isFollowing = false;
  follow();
}

/**
 * @param {Core} cy
 * @param {string | null | undefined} id
 */
function intoView(cy, id) {
  const node = cy.getElementById(id || "");
  if (node.empty() || !node.isNode()) {
    return;
  }
  if (cy.zoom() < READABLE) {
    cy.zoom(CLOSE);
    cy.center(node);
    return;
  }
  const box = sides(node);
  cy.panBy({
    x: shiftInto(box.left, box.right, cy.width()), y: shiftInto(box.top, box.bottom, cy.height()),
  });
}

/**
 * @param {Core} cy
 * @param {Core} made
 */
function readLinks(cy, made) {
  links = pairs.flatMap(function ([here, there]) {
    const [one, two] = [cy.getElementById(here), made.getElementById(there)];
    const isThere = one.nonempty() && two.nonempty();
    return isThere
      ? [{ own: here, other: there, at: { ...one.position() }, there: { ...two.position() } }]
      : [];
  });
}

/** @param {boolean} isOther whether the second canvas was moved */
function onMoved(isOther) {
  if (!isFollowing) {
    isLeading = isOther;
    follow();
  }
}

/** Move the canvas that was not used last as the other one stands. */
function follow() {
  const cy = cytoscape();
  if (!isInStep || !cy || !other || byId("other-canvas").hidden || isFollowing) {
    return;
  }
  const [from, to] = isLeading ? [other, cy] : [cy, other];
  const known = links.map(({ at, there }) => (isLeading ? [there, at] : [at, there]));
  const focus = focusOf(from);
  const point = counterpart(focus, known);
  const seen = from.zoom();
  const pan = from.pan();
  isFollowing = true;
  to.viewport({
    zoom: seen,
    pan: {
      x: focus.x * seen + pan.x - point.x * seen + (to.width() - from.width()) / 2,
      y: focus.y * seen + pan.y - point.y * seen,
    },
  });
  isFollowing = false;
}

/**
 * The point that is to be seen at the same place on both canvases: what is selected, if it is in
 * sight, else the middle.
 * @param {Core} cy
 * @returns {Point}
 */
function focusOf(cy) {
  const seen = cy.extent();
  const marks = cy === other ? marked : own;
  const node = cy.getElementById(marks?.look ?? "");
  if (node.nonempty() && node.isNode()) {
    const { x, y } = node.position();
    if (x > seen.x1 && x < seen.x2 && y > seen.y1 && y < seen.y2) {
      return { x, y };
    }
  }
  return { x: (seen.x1 + seen.x2) / 2, y: (seen.y1 + seen.y2) / 2 };
}

/**
 * Where a point of one picture is in the other: what the pairs around it say, the nearer ones more.
 * @param {Point} point
 * @param {Point[][]} known pairs of points
 * @returns {Point}
 */
export function counterpart(point, known) {
  let [x, y, all] = [0, 0, 0];
  for (const [at, there] of known) {
    const away = (at.x - point.x) ** 2 + (at.y - point.y) ** 2 + 1;
    const weight = 1 / away ** 2;
    x += weight * (there.x - at.x);
    y += weight * (there.y - at.y);
    all += weight;
  }
  return all ? { x: point.x + x / all, y: point.y + y / all } : point;
}

/** Move and zoom both canvases together, or no longer. @param {HTMLElement} button */
export function keepInStep(button) {
  isInStep = !isInStep;
  button.setAttribute("aria-pressed", String(isInStep));
  follow();
}
