// What is marked on the canvas, by classes: the selection and its evidence, a trace, what the
// legend lights.

import { byId } from "../dom.js";
import { announce } from "../announce.js";
import { showSteps } from "../steps.js";
import { markRow } from "../tree.js";
import { wantInView } from "./camera.js";
import { cytoscape } from "./instance.js";

/**
 * @import { Core, EdgeSingular, NodeSingular } from "cytoscape"
 * @import { Highlight } from "../protocol.js"
 */

const CLASSES = "selected evidence step place dimmed";

/** @type {Highlight | null} */
let current = null;

/**
 * Show what is selected, its evidence and what is traced; {@link markShown} marks it on the canvas.
 * @param {Highlight | null} next
 */
export function showHighlight(next) {
  if (next?.said && next.said !== current?.said) {
    announce(next.said);
  }
  current = next;
  const steps = next ? next.steps : null;
  const walked = showSteps(steps);
  wantInView(steps && steps.at ? steps.look : next?.selected ?? next?.look, walked);
  markRow(next ? next.row : null);
  showTraceNote();
}

/** What is traced, in words. */
export function showTraceNote() {
  const note = current ? current.note : "";
  byId("trace").hidden = !note;
  byId("trace-note").textContent = note;
}

/** What is marked on the page's own canvas. */
export function shownHighlight() {
  return current;
}

/** The id of the selected element, if any. */
export function selectedId() {
  return current ? current.selected : null;
}

/**
 * The selected node, where it is on the canvas: of a stub's line, the stub.
 * @returns {NodeSingular | null}
 */
export function selectedNode() {
  const element = cytoscape()?.getElementById(selectedId() || "");
  if (!element?.nonempty()) {
    return null;
  }
  return element.isNode() ? element : stubOf(element);
}

/**
 * The stub at the end of its line.
 * @param {EdgeSingular} line
 * @returns {NodeSingular | null}
 */
function stubOf(line) {
  return line.source().data("kind") === "stub" ? line.source() : null;
}

/**
 * Mark what is shown on the page's canvas.
 * @param {Core} cy
 */
export function markShown(cy) {
  mark(cy, current);
}

/**
 * Mark a canvas.
 * @param {Core} cy
 * @param {Highlight | null} highlight
 */
export function mark(cy, highlight) {
  cy.batch(function () {
    cy.elements().removeClass(CLASSES);
    if (!highlight) {
      return;
    }
    if (highlight.traced || highlight.lit) {
      dim(cy, highlight);
    }
    const selected = cy.getElementById(highlight.selected || "");
    selected.addClass("selected");
    if (selected.nonempty() && selected.isEdge()) {
      stubOf(selected)?.addClass("selected");
    }
    const chain = cy.collection();
    highlight.evidence.forEach((id) => chain.merge(cy.getElementById(id)));
    chain.addClass("evidence");
    highlight.place.forEach((id) => cy.getElementById(id).addClass("place"));
    const path = chain.union(selected);
    path.edgesWith(path).addClass("evidence");
    if (highlight.steps && highlight.steps.at) {
      cy.getElementById(highlight.steps.look || "").addClass("step");
    }
  });
}

/**
 * What is neither traced nor lit steps back; open boxes stay, for what is in them.
 * @param {Core} cy
 * @param {Highlight} shown
 */
function dim(cy, shown) {
  const traced = shown.traced ? new Set(shown.traced) : null;
  const lit = shown.lit ? new Set(shown.lit) : null;
  const away = cy.nodes().filter(function (node) {
    const data = node.data();
    if (data.open === 1) {
      return false;
    }
    const id = data.kind === "stub" ? data.to : data.id;
    const buckets = data.kind === "stub" ? cy.getElementById(id).data("buckets") : data.buckets;
    const isLit = () => (buckets || []).some((/** @type {string} */ bucket) => lit?.has(bucket));
    return (traced !== null && !traced.has(id)) || (lit !== null && !isLit());
  });
  away.addClass("dimmed");
  const kept = cy.nodes().difference(away);
  cy.edges().difference(kept.edgesWith(kept)).addClass("dimmed");
}
