// What the audit found, where it is: on the canvas, in the tree, and as a number at its tab.

import { cytoscape } from "./canvas/instance.js";
import { byId } from "./dom.js";

/**
 * @import { Core, NodeSingular } from "cytoscape"
 * @import { Marks } from "./protocol.js"
 * @typedef {{severity: number, count: number, text: string}} Found
 */

const SEVERITIES = ["info", "warning", "error"];
const MOST = 150; // marks above the canvas at once: the worst
const SMALLEST = 0.8; // they shrink with the graph, and no further than this

/** @type {Marks | null} */
let marks = null;
/** @type {{id: string, mark: HTMLElement}[]} What stands on the canvas, and on which element. */
let shown = [];

/**
 * Show these marks; `null` while nothing is known of a model.
 * @param {Marks | null} next
 */
export function knowMarks(next) {
  if (next !== marks) {
    marks = next;
    showCount();
    markRows();
    const cy = cytoscape();
    if (cy) {
      markNodes(cy);
    }
  }
}

/**
 * What was found of an op or in a box.
 * @param {{op?: string, key?: string}} what
 * @returns {Found | null}
 */
function found({ op, key }) {
  const one = op === undefined ? undefined : marks?.ops[op];
  if (one) {
    return { severity: one[0], count: 1, text: marks?.sentences[one[1]] ?? "" };
  }
  const box = key === undefined ? undefined : marks?.boxes[key];
  return box ? { severity: box[0], count: box[1], text: accused(box[1]) } : null;
}

/** @param {number} count */
function accused(count) {
  return `The audit accuses ${count.toLocaleString("en")} ${count === 1 ? "op" : "ops"} in it.`;
}

/**
 * How much was found, at the tab: of what matters, or else of what is worth knowing. React, which
 * made the tab, keeps no text that is not its own.
 */
function showCount() {
  const { error = 0, warning = 0, info = 0 } = marks?.counts ?? {};
  const count = error + warning || info;
  const { dataset, style } = document.documentElement;
  if (count) {
    dataset.audit = error ? "error" : warning ? "warning" : "info";
    style.setProperty("--audit-count", JSON.stringify(count.toLocaleString("en")));
  } else {
    delete dataset.audit;
  }
}

/** Mark the rows of the tree: of what is in each, open or closed. */
export function markRows() {
  for (const row of document.querySelectorAll("#tree [data-key]")) {
    row.querySelector(".row-finding")?.remove();
    const { key } = /** @type {HTMLElement} */ (row).dataset;
    const one = found({ key });
    if (one) {
      const mark = document.createElement("span");
      mark.className = `row-finding ${SEVERITIES[one.severity]}`;
      mark.textContent = one.count.toLocaleString("en");
      mark.title = one.text;
      row.querySelector(".name")?.after(mark);
    }
  }
}

/**
 * Write into the data of the nodes what was found, and make their marks.
 * @param {Core} cy
 */
export function markNodes(cy) {
  /** @type {{node: NodeSingular, one: Found}[]} */
  const marked = [];
  cy.batch(function () {
    cy.nodes().forEach(function (node) {
      const { op, key, open, finding = "" } = node.data();
      const one = found({ op, key });
      const severity = one ? SEVERITIES[one.severity] : "";
      if (finding !== severity || one) {
        node.data({ finding: severity, findings: one?.count ?? 0, finding_text: one?.text ?? "" });
      }
      if (one && open !== 1) {
        marked.push({ node, one });
      }
    });
  });
  marked.sort((a, b) => b.one.severity - a.one.severity);
  shown = marked.slice(0, MOST).map(function ({ node, one }) {
    const mark = document.createElement("span");
    mark.className = `finding-mark ${SEVERITIES[one.severity]}`;
    if (one.severity) {
      mark.textContent = node.data("op") === undefined ? one.count.toLocaleString("en") : "!";
    }
    return { id: node.id(), mark };
  });
  layer().replaceChildren(...shown.map(({ mark }) => mark));
  placeFindings(cy);
}

/** Where the marks stand: above the canvas, as the numbers of a path do. */
function layer() {
  const known = document.getElementById("finding-marks");
  if (known) {
    return known;
  }
  const made = document.createElement("div");
  made.id = "finding-marks";
  made.className = "badges";
  made.setAttribute("aria-hidden", "true");
  byId("badges").before(made);
  return made;
}

/**
 * Put each mark on the upper right corner of its element: at every frame.
 * @param {Core} cy
 */
export function placeFindings(cy) {
  const scale = Math.min(1, Math.max(SMALLEST, cy.zoom()));
  for (const { id, mark } of shown) {
    const node = cy.getElementById(id);
    mark.hidden = node.empty();
    if (!mark.hidden) {
      const at = node.renderedPosition();
      const x = at.x + node.renderedWidth() / 2;
      const y = at.y - node.renderedHeight() / 2;
      mark.style.transform =
        `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale}) translate(-60%, -40%)`;
    }
  }
}
