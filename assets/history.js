// The page's address and the browser's history.

import { send } from "./events.js";

/** @import { Event } from "./events.js" */

let returning = 0; // steps back or forward in the browser that are yet to be shown

/**
 * What the address asks for: where it names no model, the one that the server was started with,
 * whose key the answer tells; "" if there is none either.
 */
function wanted() {
  const query = window.location.search;
  if (new URLSearchParams(query).has("model")) {
    return query;
  }
  return document.documentElement.dataset.first === undefined ? "" : "?model=";
}

/**
 * Show what the address asks for.
 * @returns {boolean} whether it asks for anything
 */
export function visitAddress() {
  const query = wanted();
  if (query) {
    send({ type: "visit", value: query });
  }
  return query !== "";
}

/**
 * Follow the browser's buttons for back and forward.
 * @param {() => void} leave what to do at an address without a model
 */
export function followHistory(leave) {
  window.addEventListener("popstate", function () {
    if (visitAddress()) {
      returning += 1;
    } else {
      leave();
    }
  });
}

/**
 * A visit is over: it was shown, or failed.
 */
export function visited() {
  returning = Math.max(0, returning - 1);
}

/** @param {string} query */
function withoutViewport(query) {
  const parameters = new URLSearchParams(query);
  parameters.delete("at");
  return parameters.toString();
}

/**
 * Write the address of what is shown. While a step back is yet to be shown, what still comes in
 * is of the place before it, and has no address any more.
 * @param {string | undefined} query as the server wrote it
 * @param {Event} event that led there
 */
export function writeAddress(query, event) {
  const now = window.location.search;
  if (!query || returning || withoutViewport(query) === withoutViewport(now)) {
    return;
  }
  const target = window.location.pathname + query;
  // What an address asked for is only spelled out, and a file's next version is the same place; all
  // else can be gone back from.
  if (event.type === "follow" || (event.type === "visit" && event.value === wanted())) {
    window.history.replaceState(null, "", target);
  } else {
    window.history.pushState(null, "", target);
  }
}
