// What an answer changes on the page, and in a report: tree, bars, graph, marks.

import { put } from "./dom.js";
import { draw, settle } from "./canvas/draw.js";
import { lookAround } from "./canvas/camera.js";
import { showHighlight } from "./canvas/marks.js";
import { knowMarks, markRows } from "./findings.js";
import { rowsReplaced } from "./tree.js";

/**
 * @import { ElementDefinition } from "cytoscape"
 * @import { Event } from "./events.js"
 * @import { EventAnswer } from "./protocol.js"
 */

/** @type {Set<Event["type"]>} Events after which the graph may be elsewhere altogether. */
const MOVING = new Set([
  "tour", "check", "only", "show-all", "close-all", "placement", "open-level", "stack", "visit",
]);

/**
 * Show the parts of an answer that page and report have in common.
 * @param {EventAnswer} answer
 * @param {Event} event
 * @param {boolean} isFirst whether it is of a model that was not on the page
 */
export function showAnswer(answer, event, isFirst) {
  const { parts = {}, highlight, graph } = answer;
  for (const [id, content] of Object.entries(parts)) {
    put(id, content);
  }
  if (answer.model) {
    knowMarks(null); // those of the model before
  }
  if ("tree" in parts) {
    markRows();
    rowsReplaced();
  }
  if (highlight) {
    showHighlight(highlight);
  }
  if (MOVING.has(event.type)) {
    lookAround();
  }
  if (graph) {
    draw(/** @type {ElementDefinition[]} */ (graph), isFirst);
  } else {
    settle();
  }
}
