// Walking from node to node by the arrow keys.

import { send } from "../events.js";
import { hold, touched } from "./camera.js";
import { cytoscape } from "./instance.js";
import { selectedNode } from "./marks.js";
import { leavePair } from "./trace.js";

/**
 * @import { Core, EdgeCollection, EdgeSingular, NodeSingular } from "cytoscape"
 * @import { Event } from "../events.js"
 * @typedef {"up" | "down" | "left" | "right"} Way
 */

/**
 * Select what is clicked, or walked to.
 * @param {NodeSingular | EdgeSingular} element
 */
export function select(element) {
  const event = selecting(element.data(), () => lineAt(element));
  if (event) {
    send(event);
  }
}

/** @param {NodeSingular | EdgeSingular} element */
function lineAt(element) {
  return element.isNode() ? element.connectedEdges()[0].id() : element.id();
}

/**
 * The event that selects an element; nothing for what cannot be selected.
 * @param {Record<string, any>} data
 * @param {() => string} line the id of the line of a stub
 * @returns {Event | null}
 */
export function selecting({ kind, fqn, key, value, op, id, source }, line) {
  if (source !== undefined) {
    return { type: "edge", value: id };
  }
  if (kind === "stub") {
    return { type: "edge", value: line() };
  }
  if (kind === "module" || kind === "section") {
    return { type: "module", value: fqn };
  }
  if (kind === "call") {
    return { type: "call", value: key };
  }
  if (kind === "input" || kind === "output") {
    return { type: "value", value };
  }
  return op === undefined ? null : { type: "op", value: op };
}

/**
 * Open or close a box, which stays where it is on the screen; go to where a stub comes from.
 * @param {NodeSingular} node
 */
export function enter(node) {
  const event = entering(node.data());
  if (event?.type === "toggle") {
    touched();
    hold(node);
  }
  if (event) {
    send(event);
  }
}

/**
 * The event that opens or closes a box, or goes to where a stub comes from; nothing for an op.
 * @param {Record<string, any>} data
 * @returns {Event | null}
 */
export function entering({ kind, key, from }) {
  if (kind === "stub") {
    return { type: "element", value: from[0] };
  }
  return key ? { type: "toggle", value: key } : null;
}

/** @param {NodeSingular} node */
function canBeWalkedTo(node) {
  return node.data("kind") !== "stub";
}

/**
 * The neighbour of a node along an edge, or the nearest one to a side.
 * @param {Core} cy
 * @param {NodeSingular} node
 * @param {Way} way
 * @returns {NodeSingular | undefined}
 */
export function neighbour(cy, node, way) {
  const here = node.position();
  if (way === "down" && node.data("open") === 1) {
    return highestInside(cy, node);
  }
  /** @type {NodeSingular[]} */
  let found;
  if (way === "down") {
    found = ends(node.outgoers("edge"), "target");
  } else if (way === "up") {
    found = ends(node.incomers("edge"), "source");
  } else {
    const sign = way === "right" ? 1 : -1;
    found = cy.nodes().toArray().filter(
      (other) => other.data("parent_key") === node.data("parent_key") &&
        sign * (other.position("x") - here.x) > 1,
    );
  }
  const next = found.filter(canBeWalkedTo);
  if (!next.length && way === "up" && node.data("parent_key")) {
    return cy.getElementById(`m:${node.data("parent_key")}`); // out of the box
  }
  const aside = way === "down" || way === "up" ? 1 : 4;
  const distance = (/** @type {NodeSingular} */ other) =>
    Math.abs(other.position("x") - here.x) + aside * Math.abs(other.position("y") - here.y);
  return next.sort((one, other) => distance(one) - distance(other))[0];
}

/**
 * What stands highest in an open box.
 * @param {Core} cy
 * @param {NodeSingular} box
 * @returns {NodeSingular | undefined}
 */
function highestInside(cy, box) {
  return cy.nodes().toArray()
    .filter((node) => node.data("parent_key") === box.data("key") && canBeWalkedTo(node))
    .sort((one, other) => one.position("y") - other.position("y"))[0];
}

/**
 * The nodes at one end of some edges; not along the many lines of a value used all over.
 * @param {EdgeCollection} edges
 * @param {"source" | "target"} end
 * @returns {NodeSingular[]}
 */
function ends(edges, end) {
  const walked = edges.toArray().filter((edge) => !edge.data("fan"));
  return walked.map((edge) => (end === "source" ? edge.source() : edge.target()));
}

/**
 * Select the next node that way, or the first of all.
 * @param {Way} way
 */
export function walk(way) {
  const cy = cytoscape();
  if (!cy || !cy.nodes().length) {
    return;
  }
  const node = selectedNode();
  const next = node
    ? neighbour(cy, node, way)
    : cy.nodes('[kind = "input"]')[0] ?? cy.nodes()[0];
  if (next) {
    select(next);
  }
}

/** Open or close the selected box, or go to where the selected stub comes from. */
export function openSelected() {
  const node = selectedNode();
  if (node) {
    enter(node);
  }
}

/** Leave what was entered last. */
export function leave() {
  if (!leavePair()) {
    send({ type: "escape" });
  }
}
