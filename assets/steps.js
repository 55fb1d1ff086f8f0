// The evidence of the selected op as a numbered path on the canvas, and the strip that walks it.

import { byId, field } from "./dom.js";

/**
 * @import { Core } from "cytoscape"
 * @import { Steps } from "./protocol.js"
 */

const SMALLEST = 0.75; // badges shrink with the graph, and no further than this

/** @type {{id: string, badge: HTMLElement}[]} The element of the canvas each badge stands on. */
let badges = [];
/** @type {Steps | null} The steps that were shown last. */
let before = null;

/**
 * Show a path; `null` where there is no evidence.
 * @param {Steps | null} steps
 * @returns {boolean} whether a person went to another step of the same op
 */
export function showSteps(steps) {
  const walked =
    before !== null && steps !== null && before.op === steps.op &&
    (before.path !== steps.path || before.at !== steps.at);
  before = steps;
  byId("path").hidden = !steps;
  badges = (steps ? steps.badges : []).map(function ({ id, numbers, current }) {
    const badge = document.createElement("span");
    badge.className = current ? "badge current" : "badge";
    badge.textContent = numbers;
    return { id, badge };
  });
  byId("badges").replaceChildren(...badges.map(({ badge }) => badge));
  if (steps) {
    const note = byId("path-note");
    note.textContent = steps.note;
    note.title = steps.note;
    field("previous-step").disabled = steps.at === 0;
    field("next-step").disabled = steps.at === steps.of;
  }
  return walked;
}

/**
 * Put each badge on the upper left corner of its element: at every frame.
 * @param {Core} cy
 */
export function placeBadges(cy) {
  const scale = Math.min(1, Math.max(SMALLEST, cy.zoom()));
  for (const { id, badge } of badges) {
    const node = cy.getElementById(id);
    badge.hidden = node.empty();
    if (!badge.hidden) {
      const at = node.renderedPosition();
      const x = at.x - node.renderedWidth() / 2;
      const y = at.y - node.renderedHeight() / 2;
      badge.style.transform =
        `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale}) translate(-50%, -50%)`;
    }
  }
}
