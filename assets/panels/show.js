// What an answer changes in the panel beside the graph and in the tab that is open.

import { showMatches } from "../canvas/matches.js";
import { byId, put } from "../dom.js";
import { knowMarks } from "../findings.js";
import { fail } from "../notices.js";
import { offerFiles, showComparison } from "./compare.js";
import { beginPart, hasKeyboard, takeKeyboard } from "./extract.js";
import { showFigures } from "./measure.js";
import { fieldWanted } from "./move.js";
import { showTable } from "./table.js";
import { isOfTimings, showTimings } from "./timings.js";

/**
 * @import { At, PanelAnswer } from "../protocol.js"
 * @import { Part } from "../dom.js"
 */

/** @type {Map<string, string>} The content of each element, as it was last put there. */
const contents = new Map();
let inspected = ""; // what the inspector shows

/**
 * Put content into an element, unless it is there: what a person has folded or typed stays.
 * @param {string} id
 * @param {Part} content
 */
function putNew(id, content) {
  const text = JSON.stringify(content);
  if (contents.get(id) === text) {
    return;
  }
  contents.set(id, text);
  put(id, content);
  if (id === "inspector") {
    byId(id).querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  } else if (id === "audit-pane") {
    markAuditFilters();
  }
}

/** Leave findings of a severity out of the audit, or show them again. @param {string} severity */
export function filterAudit(severity) {
  byId("audit-pane").classList.toggle(`no-${severity}`);
  markAuditFilters();
}

/** The pane keeps what is left out when its content is new; the buttons say so. */
function markAuditFilters() {
  const pane = byId("audit-pane");
  for (const button of pane.querySelectorAll('[data-event="audit-filter"]')) {
    const severity = button instanceof HTMLElement ? button.dataset.value : "";
    button.setAttribute("aria-pressed", String(!pane.classList.contains(`no-${severity}`)));
  }
}

/**
 * Show what the server says of the panels.
 * @param {PanelAnswer} answer
 * @param {At} at what it was asked for
 */
export function showPanel(answer, at) {
  const {
    parts, table, extract, comparison, measure, matches, figures, files, marks, error,
  } = answer;
  const hadKeyboard = hasKeyboard();
  const selected = JSON.stringify(at.state.selection);
  if (selected !== inspected) {
    inspected = selected;
    byId("inspector").scrollTop = 0; // before the step that is looked at is brought into view
  }
  if (extract) {
    beginPart(extract);
  }
  /** @type {Record<string, Part>} */
  const timings = {};
  for (const [id, content] of Object.entries(parts)) {
    if (figures && isOfTimings(id)) {
      timings[id] = content;
    } else {
      putNew(id, content);
    }
  }
  fieldWanted();
  if (hadKeyboard) {
    takeKeyboard();
  }
  if (table) {
    void showTable(table);
  }
  if (matches) {
    showMatches(matches);
  }
  if (comparison) {
    showComparison(comparison, at);
  }
  if (measure) {
    showFigures(measure, at);
  }
  if (files) {
    offerFiles(files);
  }
  if (figures) {
    void showTimings(timings, figures);
  }
  if (marks) {
    knowMarks(marks);
  }
  if (error !== undefined) {
    fail(error);
  }
}
