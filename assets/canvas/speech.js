// What the canvas is to a screen reader: what it is called, and how to get from it to the words.

import { register } from "../actions.js";
import { byId } from "../dom.js";

/** @import { Core } from "cytoscape" */

/**
 * A number of things.
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
function counted(count, one, many) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * Say of the canvas what is drawn on it.
 * @param {Core} cy
 */
export function nameCanvas(cy) {
  const graph = byId("graph");
  const boxes = cy.nodes().filter((node) => node.data("key") !== undefined).length;
  const ops = cy.nodes().filter((node) => node.data("op") !== undefined).length;
  const title = document.getElementById("model-title")?.textContent || "a model";
  const shown = `${counted(boxes, "box", "boxes")} and ${counted(ops, "op", "ops")} in sight`;
  graph.setAttribute("role", "application");
  graph.setAttribute("aria-roledescription", "graph");
  graph.setAttribute(
    "aria-label", `Graph of ${title}: ${shown}. Arrow keys walk along lines, Enter opens a box.`,
  );
  graph.tabIndex = 0;
  if (!document.getElementById("to-inspector")) {
    graph.after(skipLink());
  }
}

/** A button that is seen while it has the keyboard: from the graph to what is said of its op. */
function skipLink() {
  const button = document.createElement("button");
  button.id = "to-inspector";
  button.type = "button";
  button.className = "tool skip";
  button.textContent = "To the explanation";
  button.dataset.event = "to-inspector";
  return button;
}

register({ "to-inspector": () => byId("inspector").focus() });
