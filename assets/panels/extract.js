// The Extract tab's panel: its tree, the field for names, and the jobs that verify, open and write
// what is kept.

import { register } from "../actions.js";
import { setProps } from "../dash.js";
import { byId, field, put } from "../dom.js";
import { send } from "../events.js";
import { fail } from "../notices.js";
import { copy } from "../clipboard.js";

/**
 * @import { ExtractPart } from "../protocol.js"
 * @import { Part } from "../dom.js"
 *
 * @typedef {object} Made What a job makes of a part.
 * @property {number} [n] number of the job; a job that the server knows nothing of has none
 * @property {string} [file]
 * @property {string} [name]
 * @property {string} [key] of the part, once it is a model of its own
 * @property {Part} [verdict]
 * @property {string} [error]
 */

/** @type {ExtractPart | null} The part that the panel shows. */
let part = null;
let isNamed = false; // a name was sent: what was typed has done its work once something changes
let counter = 0; // of jobs
/** @type {{query: string, button: HTMLElement} | null} The job that is going on. */
let job = null;
let asked = ""; // the part that the last job is of

/** @type {Set<string>} FQNs of rows of the panel's tree that were folded or unfolded. */
const turnedRows = new Set();
let foldsChanged = () => {};

/** Rows of the tree that are not as the server would have them. */
export function turned() {
  return [...turnedRows];
}

/** Say who asks the panels anew when a row was folded. @param {() => void} refresh */
export function refreshFoldsBy(refresh) {
  foldsChanged = refresh;
}

/** @param {string} fqn */
function fold(fqn) {
  if (!turnedRows.delete(fqn)) {
    turnedRows.add(fqn);
  }
  foldsChanged();
}

/** @param {ExtractPart | null} of */
function keyOf(of) {
  return JSON.stringify(of);
}

/**
 * The panel is about to show a part: what was said of another one goes.
 * @param {ExtractPart} next
 */
export function beginPart(next) {
  if (keyOf(next) === keyOf(part)) {
    return;
  }
  part = next;
  put("verdict", []);
  if (isNamed) {
    field("keep-field").value = "";
    isNamed = false;
  }
}

/** Whether something in the panel has the keyboard. */
export function hasKeyboard() {
  return byId("extract-panel").contains(document.activeElement);
}

/** What had the keyboard may be gone, as a name that was taken back is. */
export function takeKeyboard() {
  if (document.activeElement === document.body) {
    field("keep-field").focus({ preventScroll: true });
  }
}

/**
 * Show what a job has made, unless the panel shows another part by now.
 * @param {Made} made
 */
export function showMade(made) {
  if (made.n !== undefined && made.n !== counter) {
    return;
  }
  if (made.key) {
    send({ type: "visit", value: `?model=${encodeURIComponent(made.key)}` });
  } else if (made.file) {
    const link = document.createElement("a");
    link.href = `part/${encodeURIComponent(made.file)}`;
    link.download = made.name ?? "";
    link.click();
  } else if (made.verdict && asked === keyOf(part)) {
    put("verdict", made.verdict);
    byId("verdict").scrollIntoView({ block: "nearest" });
  } else if (made.error) {
    fail(made.error);
  }
}

/** No job is going on any more: the button that began it is free. */
export function jobEnded() {
  job?.button.removeAttribute("aria-busy");
  job = null;
}

/**
 * Begin a job. While one is going on, no other is begun: the line below says how far it is.
 * @param {"verify" | "part" | "open" | "report"} task
 * @param {string | null} query
 * @param {HTMLElement} button
 */
function begin(task, query, button) {
  if (job || !part || query === null) {
    return;
  }
  job = { query, button };
  button.setAttribute("aria-busy", "true");
  asked = keyOf(part);
  counter += 1;
  if (task === "verify") {
    put("verdict", []);
  }
  setProps("part-wanted", { data: { task, model: part.model, part: query, n: counter } });
}

register({
  fold: (fqn) => fold(fqn ?? ""),
  "keep-named": function () {
    isNamed = true;
    send({ type: "keep", value: field("keep-field").value });
  },
  "keep-found": () => send({ type: "keep-found", value: field("search").value }),
  "verify-part": (query, button) => begin("verify", query, button),
  "open-part": (query, button) => begin("open", query, button),
  "make-part": (query, button) => begin("part", query, button),
  "report-part": (query, button) => begin("report", query, button),
  "copy-text": (text) => void copy(text ?? "", "Copied", text ?? ""),
});
