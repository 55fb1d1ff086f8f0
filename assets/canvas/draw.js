// The graph's elements on the canvas, drawn as they differ from what is there.

import * as camera from "./camera.js";
import { noteChange } from "./drawing.js";
import { cytoscape } from "./instance.js";
import { markShown, selectedId } from "./marks.js";
import { markMatches } from "./matches.js";
import { readMinimap } from "./minimap.js";
import { markNodes } from "../findings.js";
import { nameCanvas } from "./speech.js";

/** @import { Core, ElementDefinition } from "cytoscape" */

/** @type {WeakMap<Core, Map<string, string>>} Of each canvas: the id of each element on it, and
 * what it was drawn from. */
const drawn = new WeakMap();
/** @type {[elements: ElementDefinition[], isFirst: boolean] | null} To be drawn once there is a
 * canvas. */
let waiting = null;

/**
 * Let a canvas have these elements. Only what differs is touched, as Cytoscape works out the style
 * of whatever is.
 * @param {Core} cy
 * @param {ElementDefinition[]} elements
 */
export function update(cy, elements) {
  const before = drawn.get(cy);
  const wanted = new Map(elements.map((one) => [String(one.data.id), JSON.stringify(one)]));
  cy.batch(function () {
    cy.elements().filter((element) => !wanted.has(element.id())).remove();
    /** @type {ElementDefinition[]} */
    const added = [];
    for (const one of elements) {
      const id = String(one.data.id);
      const element = cy.getElementById(id);
      if (element.empty()) {
        added.push(one);
      } else if (before?.get(id) !== wanted.get(id)) {
        element.data(one.data);
        if (one.position) {
          element.position(one.position);
        }
      }
    }
    cy.add(added);
  });
  drawn.set(cy, wanted);
  noteChange(cy);
}

/**
 * Draw these elements on the page's canvas.
 * @param {ElementDefinition[]} elements
 * @param {boolean} isFirst whether they are of a model that was not on the page
 */
export function draw(elements, isFirst) {
  const cy = cytoscape();
  if (!cy) {
    waiting = [elements, isFirst];
    return;
  }
  update(cy, elements);
  markNodes(cy);
  nameCanvas(cy);
  if (isFirst) {
    camera.firstSight(cy);
  }
  settle();
}

/** After a change: look at the right place, mark what is to be marked. */
export function settle() {
  const cy = cytoscape();
  if (!cy || !cy.width()) {
    return;
  }
  camera.follow(cy);
  markShown(cy);
  markMatches(cy);
  readMinimap(cy);
  camera.showWanted(cy);
}

/** The canvas is in sight again after another tab was. */
export function canvasShown() {
  const cy = cytoscape();
  if (cy) {
    camera.backInSight(cy, selectedId());
    settle();
  }
}

/** There is a canvas now: draw what came before it. */
export function drawWaiting() {
  if (waiting) {
    const [elements, isFirst] = waiting;
    waiting = null;
    draw(elements, isFirst);
  }
}
