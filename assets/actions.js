// Buttons and links say in their data what they do: something in the browser, or an event for the
// server.

import { around, byId } from "./dom.js";
import { send } from "./events.js";
import { choose, goToRow } from "./tree.js";

/**
 * @import { Event } from "./events.js"
 * @typedef {(value: string | null, element: HTMLElement) => void} Action
 */

const LINKS = "[data-op], [data-module], [data-toggle], [data-event], [data-key]";

/** @type {Map<string, Action>} What needs no server, by its name in `data-event`. */
const actions = new Map();

/**
 * Add actions that need no server.
 * @param {Record<string, Action>} added
 */
export function register(added) {
  for (const [name, action] of Object.entries(added)) {
    actions.set(name, action);
  }
}

register({ "reveal-row": (key) => goToRow(key ?? "") });

/**
 * Do what an action is for; where there is no such action, nothing.
 * @param {string} name
 * @param {string | null} [value]
 */
export function perform(name, value = null) {
  actions.get(name)?.(value, document.body);
}

/**
 * Do what a button says: `name` is an action of the browser, else an event for the server.
 * @param {string} name
 * @param {string | null} value
 * @param {HTMLElement} element
 */
export function act(name, value = null, element = document.body) {
  const action = actions.get(name);
  if (action) {
    action(value, element);
  } else {
    // The server, which wrote the button, checks what it says.
    send(/** @type {Event} */ (value === null ? { type: name } : { type: name, value }));
  }
}

document.addEventListener("click", function (event) {
  const link = around(event, LINKS);
  if (!(link instanceof HTMLElement)) {
    return;
  }
  const { op, module, toggle, event: name, value } = link.dataset;
  if (link.matches(".hit")) {
    byId("graph").focus({ preventScroll: true }); // as after Enter in the field: keys are the graph's
  }
  if (op !== undefined) {
    send({ type: "reveal", value: op });
  } else if (module !== undefined) {
    send({ type: "reveal-module", value: module });
  } else if (toggle !== undefined) {
    send({ type: "toggle", value: toggle });
  } else if (name !== undefined) {
    act(name, value ?? null, link);
  } else {
    choose(link);
  }
});
