// Where the search's hits are: a class on what shows them, a number on each closed box, dots in the
// minimap, numbers in the tree. Closed boxes have the number of ops that the placement moved as well.

import { byId } from "../dom.js";
import { markRows } from "../tree.js";
import { cytoscape } from "./instance.js";
import { drawMinimap } from "./minimap.js";

/**
 * @import { Core } from "cytoscape"
 * @import { Matches } from "../protocol.js"
 */

const SMALLEST = 0.75; // numbers shrink with the graph, and no further than this
const MOST = 150; // numbers, which move with the graph at every frame

/** @type {Matches} */
let current = { elements: {}, named: [] };
/** @type {{id: string, number: HTMLElement, side: 1 | -1}[]} To the right or left of their boxes. */
let numbers = [];

/**
 * Show where the hits are, on the canvas and in the tree.
 * @param {Matches} next
 */
export function showMatches(next) {
  current = next;
  /** @type {Record<string, number>} */
  const boxes = {};
  for (const [id, count] of Object.entries(next.elements)) {
    if (id.startsWith("m:")) {
      boxes[id.slice(2)] = count;
    }
  }
  markRows(boxes, next.named);
  const cy = cytoscape();
  if (cy) {
    markMatches(cy);
    drawMinimap(cy);
  }
}

/**
 * Mark the canvas, after its elements have changed as well.
 * @param {Core} cy
 */
export function markMatches(cy) {
  const found = cy.collection();
  const named = new Set(current.named.map((key) => `m:${key}`));
  for (const id of [...Object.keys(current.elements), ...named]) {
    found.merge(cy.getElementById(id));
  }
  cy.batch(function () {
    cy.nodes(".match").difference(found).removeClass("match");
    found.addClass("match");
  });
  const closed = found.nodes("[key][open = 0]").toArray().slice(0, MOST);
  numbers = closed.flatMap(function (node) {
    const count = current.elements[node.id()];
    if (!count) {
      return [];
    }
    return [{ id: node.id(), number: numberOf(count, "match-count"), side: 1 }];
  });
  for (const node of cy.nodes("[key][moved > 0]").toArray().slice(0, MOST)) {
    const number = numberOf(node.data("moved"), "match-count moved");
    numbers.push({ id: node.id(), number, side: -1 });
  }
  byId("match-counts").replaceChildren(...numbers.map(({ number }) => number));
  placeCounts(cy);
}

/**
 * @param {number} count
 * @param {string} className
 */
function numberOf(count, className) {
  const number = document.createElement("span");
  number.className = className;
  number.textContent = count.toLocaleString("en");
  return number;
}

/**
 * Put each number on a lower corner of its box, the hits' to the right: at every frame.
 * @param {Core} cy
 */
export function placeCounts(cy) {
  const scale = Math.min(1, Math.max(SMALLEST, cy.zoom()));
  for (const { id, number, side } of numbers) {
    const node = cy.getElementById(id);
    number.hidden = node.empty();
    if (!number.hidden) {
      const at = node.renderedPosition();
      const x = at.x + side * node.renderedWidth() / 2;
      const y = at.y + node.renderedHeight() / 2;
      number.style.transform =
        `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale}) translate(${-50 - side * 25}%, -50%)`;
    }
  }
}
