// The card of what is pointed at: what it is, its tag, shapes, a small constant's value, what the
// audit found. All of it comes along with the elements; nothing is asked for.

import { TITLE } from "./instance.js";
import { placeCard } from "./placement.js";

/** @import { Core, EdgeSingular, EventObject, NodeSingular } from "cytoscape" */

const REST = 120; // ms that the pointer rests before the card comes
const FEW = 3; // values of a line that are named

/**
 * The lines of a card: what it is first.
 * @param {Record<string, any>} data of the element
 * @param {string} around tag of the open box that it stands in
 * @returns {string[]}
 */
export function cardLines(data, around) {
  const { kind, name, op, tag, ops, type, moved, found, card = [], finding_text: finding } = data;
  const ofFinding = finding ? [finding] : [];
  if (data.source !== undefined) {
    const { values = [], shape, count } = data;
    const rest = count > FEW ? [`and ${count - FEW} more`] : [];
    return [data.label || shape || name, ...values.slice(0, FEW), ...rest];
  }
  if (op !== undefined) {
    return [name, op, ...(around ? [around] : []), ...card, ...ofFinding];
  }
  if (data.key !== undefined) {
    const size = ops === undefined ? [] : [`${ops.toLocaleString("en")} ${ops === 1 ? "op" : "ops"}`];
    const ofMoved = moved ? [`${moved.toLocaleString("en")} of them by what they serve`] : [];
    const ofFound = found ? ["recovered: the file does not name it"] : [];
    return [
      name, ...(tag && kind === "module" ? [tag] : []), ...size, ...ofFound, ...ofMoved, ...ofFinding,
    ];
  }
  return [name, ...(type ? [type] : [])];
}

/**
 * Show the card of what the pointer rests on, until it moves on or the view does.
 * @param {Core} cy
 */
export function bindCard(cy) {
  const container = cy.container();
  if (!container) {
    return;
  }
  const card = document.createElement("div");
  card.className = "hover-card";
  card.hidden = true;
  card.setAttribute("aria-hidden", "true"); // the inspector says it to who sees none
  document.body.append(card);
  let timer = 0;
  /** @type {NodeSingular | EdgeSingular | null} */
  let over = null;
  const pointer = { x: 0, y: 0 };

  function hide() {
    window.clearTimeout(timer);
    over = null;
    card.hidden = true;
  }

  function show() {
    if (!over || over.removed() || !container) {
      return;
    }
    const box = cy.getElementById(`m:${over.data("parent_key")}`);
    const lines = cardLines(over.data(), box.nonempty() ? box.data("tag") : "");
    card.replaceChildren(...lines.map(function (line) {
      const element = document.createElement("div");
      element.textContent = line;
      return element;
    }));
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const corner = placeCard(pointer, { width, height }, container.getBoundingClientRect());
    card.hidden = corner === null;
    if (corner) {
      card.style.left = `${corner.x}px`;
      card.style.top = `${corner.y}px`;
    }
  }

  cy.on("mouseover mousemove", function (/** @type {EventObject} */ { target, originalEvent }) {
    const isPressed = !(originalEvent instanceof MouseEvent) || originalEvent.buttons !== 0;
    // Within an open box one is on the way to something else, unless it is its title.
    const isEmpty = target === cy || target.data("kind") === "caption" ||
      (target.data("open") === 1 && !isInTitle(target, originalEvent));
    if (isPressed || isEmpty) {
      hide();
      return;
    }
    pointer.x = originalEvent.clientX;
    pointer.y = originalEvent.clientY;
    if (over !== target || card.hidden) {
      hide();
      over = target;
      timer = window.setTimeout(show, REST);
    } else {
      show(); // beside the pointer still
    }
  });
  cy.on("mouseout viewport remove tapstart cxttapstart destroy", hide);
  container.addEventListener("mouseleave", hide);
  window.addEventListener("keydown", hide, { capture: true });
  cy.on("destroy", () => card.remove());

  /**
   * @param {NodeSingular} node
   * @param {MouseEvent} event
   */
  function isInTitle(node, event) {
    const top = container?.getBoundingClientRect().top ?? 0;
    const from = node.renderedPosition().y - node.renderedHeight() / 2;
    return event.clientY - top - from < TITLE * cy.zoom();
  }
}
