// What the mouse does on the canvas, and what follows its view.

import { send } from "../events.js";
import { placeBadges } from "../steps.js";
import { moved, resized, touched } from "./camera.js";
import { drawWaiting } from "./draw.js";
import { TITLE, cytoscape } from "./instance.js";
import { drawMinimap } from "./minimap.js";
import { traceTo } from "./trace.js";
import { select, toggle } from "./walk.js";

/** @import { Core, EventObject, NodeSingular } from "cytoscape" */

/** What dash-cytoscape would tell Dash: every click, and all elements at every change. */
const COMPONENTS_OWN = "add remove dragfree mouseout mouseover select unselect tap";

/**
 * Listen to the canvas, once there is one.
 * @returns {boolean} whether there is one
 */
export function bindCanvas() {
  const cy = cytoscape();
  if (!cy) {
    return false;
  }
  cy.removeListener(COMPONENTS_OWN);
  cy.on("tap", onTap);
  cy.on("boxend", () => onFrame(cy));
  cy.on("render", () => placeBadges(cy));
  cy.on("viewport", function () {
    moved(cy);
    drawMinimap(cy);
  });
  bindHover(cy);
  window.addEventListener("resize", resized);
  drawWaiting();
  return true;
}

/**
 * What is pointed at on a canvas stands out, with its lines.
 * @param {Core} cy
 */
export function bindHover(cy) {
  cy.on("mouseover", "node", (event) => onEnter(cy, event.target));
  cy.on("mouseout", "node", (event) => onLeave(cy, event.target));
}

/** @param {EventObject} event */
function onTap(event) {
  if (event.target === event.cy) {
    touched();
    send({ type: "clear" });
  } else if (event.target.isNode()) {
    onNode(event.target, event.position, isSecondClick(event.originalEvent));
  } else {
    touched();
    send({ type: "edge", value: event.target.id() });
  }
}

/**
 * Whether it is the second click of a double click.
 * @param {Event | undefined} event
 */
function isSecondClick(event) {
  return event !== undefined && "detail" in event && Number(event.detail) > 1;
}

/**
 * @param {NodeSingular} node
 * @param {{x: number, y: number}} at in units of the model
 * @param {boolean} again whether it is the second click of a double click
 */
function onNode(node, at, again) {
  const { kind, op, open, from } = node.data();
  if (op !== undefined && traceTo(op)) {
    return;
  }
  if (kind === "stub") {
    send({ type: "element", value: from[0] }); // what feeds it
    return;
  }
  touched();
  const isBox = kind === "module" || kind === "section";
  const isInTitle = at.y < node.position("y") - node.height() / 2 + TITLE;
  if (isBox && again) {
    return; // the first click has opened or closed it
  }
  if (isBox && (!open || isInTitle)) {
    toggle(node);
  } else if (isBox) {
    send({ type: "module", value: node.data("fqn") });
  } else {
    select(node);
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
