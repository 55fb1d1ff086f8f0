// Traces from the keyboard and from buttons: what an op needs, what needs it, the ways to another.

import { byId } from "../dom.js";
import { send } from "../events.js";
import { notify } from "../notices.js";
import { selectedNode, showTraceNote } from "./marks.js";

/** @type {string | null} The first op of a pair, once all ways between the two are asked for. */
let first = null;

/**
 * Trace from an op, or from the selected one.
 * @param {"up" | "down" | "between"} way
 * @param {string | null} [op]
 */
export function trace(way, op) {
  const from = op ?? selectedNode()?.data("op");
  if (from === undefined) {
    notify("Nothing to trace", "Click an op first.", "blue");
  } else if (way === "between") {
    first = from;
    byId("trace-note").textContent = "Click the op to find all ways to";
    byId("trace").hidden = false;
  } else {
    send({ type: "trace", value: { way, op: from, to: "" } });
  }
}

/**
 * Complete the pair with a second op.
 * @param {string} second
 * @returns {boolean} whether there was a first one
 */
export function traceTo(second) {
  if (first === null) {
    return false;
  }
  send({ type: "trace", value: { way: "between", op: first, to: second } });
  leavePair();
  return true;
}

/**
 * Give the pair up.
 * @returns {boolean} whether there was one
 */
export function leavePair() {
  const had = first !== null;
  first = null;
  showTraceNote();
  return had;
}
