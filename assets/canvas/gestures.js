// What the mouse does on the canvas, and what follows its view.

import { send } from "../events.js";
import { placeFindings } from "../findings.js";
import { placeBadges } from "../steps.js";
import { moved, movedByHand, touched } from "./camera.js";
import { drawChevrons } from "./chevrons.js";
import { drawWaiting } from "./draw.js";
import { cytoscape } from "./instance.js";
import { placeCounts } from "./matches.js";
import { drawMinimap } from "./minimap.js";
import { bindNames } from "./names.js";
import { bindNavigation } from "./navigate.js";
import { followSize } from "./size.js";
import { bindTaps } from "./taps.js";
import { traceTo } from "./trace.js";
import { enter, select } from "./walk.js";

/** @import { Core, EdgeSingular, EventObject, NodeSingular } from "cytoscape" */

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
  bindTaps(cy, { select: onSelect, enter });
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
  drawChevrons(cy);
  cy.on("dragpan scrollzoom pinchzoom", movedByHand);
  followSize(cy);
  bindNames(cy);
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
