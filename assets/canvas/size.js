// The canvas gets another size: with the window and the panels, or because a line above or below it
// comes or goes. Where that follows from a click on the canvas, nothing on the screen may move by it.

import { isAtHand, resized } from "./camera.js";

/** @import { Core } from "cytoscape" */

/**
 * Follow the size of a canvas.
 * @param {Core} cy
 */
export function followSize(cy) {
  const container = cy.container();
  if (!container) {
    return;
  }
  let before = container.getBoundingClientRect();
  let windowHeight = window.innerHeight;
  new ResizeObserver(function () {
    const now = container.getBoundingClientRect();
    if (!now.width || !now.height) {
      return; // in another tab
    }
    const isLine = now.width === before.width && windowHeight === window.innerHeight;
    const [x, y] = [before.left - now.left, before.top - now.top];
    before = now;
    windowHeight = window.innerHeight;
    if (isLine && isAtHand()) {
      cy.resize();
      cy.panBy({ x, y });
    } else {
      resized();
    }
  }).observe(container);
}
