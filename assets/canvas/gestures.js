// What the mouse does on the canvas, and what follows its view.

import { act, register } from "../actions.js";
import { copy } from "../clipboard.js";
import { send } from "../events.js";
import { placeFindings } from "../findings.js";
import { placeBadges } from "../steps.js";
import { moved, movedByHand, touched } from "./camera.js";
import { drawChevrons } from "./chevrons.js";
import { drawWaiting } from "./draw.js";
import { bindDrawing } from "./drawing.js";
import { entriesFor } from "./entries.js";
import { bindCard } from "./hover.js";
import { cytoscape } from "./instance.js";
import { placeCounts } from "./matches.js";
import { selectedId } from "./marks.js";
import { openMenu } from "./menu.js";
import { drawMinimap } from "./minimap.js";
import { bindNames } from "./names.js";
import { bindNavigation } from "./navigate.js";
import { followSize } from "./size.js";
import { bindTaps } from "./taps.js";
import { traceTo } from "./trace.js";
import { enter, select } from "./walk.js";

/**
 * @import { Core, EdgeSingular, EventObject, NodeSingular } from "cytoscape"
 * @typedef {{x: number, y: number}} Point
 */

/**
 * Listen to the canvas, once there is one.
 * @param {boolean} isLive whether there is a server, which hides, moves and cuts
 * @returns {boolean} whether there is a canvas
 */
export function bindCanvas(isLive) {
  const cy = cytoscape();
  if (!cy) {
    return false;
  }
  const menu = (/** @type {NodeSingular | EdgeSingular | null} */ element, /** @type {Point} */ at) =>
    openMenuOf(cy, element, at, isLive);
  bindTaps(cy, { select: onSelect, enter, menu });
  register({ "open-menu": () => menu(...selectedSpot(cy)) });
  cy.on("boxend", () => onFrame(cy));
  cy.on("render", function () {
    placeBadges(cy);
    placeFindings(cy);
    placeCounts(cy);
  });
  cy.on("viewport", function () {
    moved(cy);
    drawMinimap(cy);
  });
  bindNavigation(cy);
  bindHover(cy);
  bindCard(cy);
  drawChevrons(cy);
  cy.on("dragpan scrollzoom pinchzoom", movedByHand);
  followSize(cy);
  bindNames(cy);
  bindDrawing(cy);
  drawWaiting();
  return true;
}

/**
 * @param {Core} cy
 * @param {NodeSingular | EdgeSingular | null} element
 * @param {Point} at in pixels of the canvas
 * @param {boolean} isLive
 */
function openMenuOf(cy, element, at, isLive) {
  const box = cy.container()?.getBoundingClientRect();
  const data = element ? element.data() : null;
  const groups = entriesFor(data, { isLive, hides: document.getElementById("show-all") !== null });
  const spot = { x: at.x + (box?.left ?? 0), y: at.y + (box?.top ?? 0) };
  openMenu(data?.name ?? "", groups, spot, function ({ name, value = null }) {
    if (name === "enter") {
      enter(/** @type {NodeSingular} */ (element));
    } else if (name === "copy") {
      void copy(value ?? "", "Copied", value ?? "");
    } else {
      act(name, value);
    }
  });
}

/**
 * What is selected, and a point of it: for a menu that the keyboard opens.
 * @param {Core} cy
 * @returns {[NodeSingular | EdgeSingular | null, Point]}
 */
function selectedSpot(cy) {
  const element = cy.getElementById(selectedId() ?? "");
  if (element.empty()) {
    return [null, { x: cy.width() / 2, y: cy.height() / 2 }];
  }
  const box = element.renderedBoundingBox({ includeLabels: false, includeOverlays: false });
  const x = Math.max(0, Math.min(cy.width(), (box.x1 + box.x2) / 2));
  return [element, { x, y: Math.max(0, Math.min(cy.height(), (box.y1 + box.y2) / 2)) }];
}

/**
 * What is pointed at on a canvas stands out, with its lines.
 * @param {Core} cy
 */
export function bindHover(cy) {
  cy.on("mouseover", "node", (event) => onEnter(cy, event.target));
  cy.on("mouseout", "node", (event) => onLeave(cy, event.target));
}

/**
 * A click selects, at once: a second one may follow and open what is selected by then.
 * @param {NodeSingular | EdgeSingular | null} element
 */
function onSelect(element) {
  const op = element?.data("op");
  if (op !== undefined && traceTo(op)) {
    return;
  }
  touched();
  if (element) {
    select(element);
  } else {
    send({ type: "clear" });
  }
}

/**
 * A frame was drawn with Shift: which ops it encloses is the server's to say.
 * @param {Core} cy
 */
function onFrame(cy) {
  /** @type {NodeSingular[]} */
  const framed = [];
  const add = (/** @type {EventObject} */ event) => framed.push(event.target);
  cy.on("box", "node", add);
  // Cytoscape names what is enclosed right after the end, and marks it in its own way.
  setTimeout(function () {
    cy.off("box", "node", add);
    cy.elements().unselect();
    const shown = framed.filter((node) => node.data("open") !== 1);
    send({ type: "frame", value: shown.map((node) => node.id()) });
  }, 0);
}

/**
 * @param {Core} cy
 * @param {NodeSingular} node
 */
function onEnter(cy, node) {
  node.addClass("hover");
  node.connectedEdges().addClass("hover");
  const { kind, from, to } = node.data();
  if (kind === "stub") {
    // The lines this stub stands for, where they are on the page.
    for (const source of from || []) {
      cy.getElementById(`e:${source}->${to}`).addClass("shown");
    }
  }
  pointer(cy, "pointer");
}

/**
 * @param {Core} cy
 * @param {NodeSingular} node
 */
function onLeave(cy, node) {
  node.removeClass("hover");
  node.connectedEdges().removeClass("hover");
  cy.edges(".shown").removeClass("shown");
  pointer(cy, "");
}

/**
 * @param {Core} cy
 * @param {string} shape
 */
function pointer(cy, shape) {
  const container = cy.container();
  if (container) {
    container.style.cursor = shape;
  }
}
