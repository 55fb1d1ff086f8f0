// The way to Dash: properties of its components, functions that it calls, and when it stands. Only
// this file knows `dash_clientside`; see docs/decisions.md (24) for what Dash is used for.

/**
 * @typedef {object} Dash
 * @property {(id: string, properties: Record<string, unknown>) => void} set_props
 * @property {unknown} no_update
 * @property {{triggered: unknown[]}} callback_context
 */

/** @returns {Dash & Record<string, unknown>} */
function dash() {
  const page = /** @type {{dash_clientside?: Dash & Record<string, unknown>}} */ (
    /** @type {unknown} */ (window)
  );
  page.dash_clientside ??= /** @type {any} */ ({});
  return /** @type {Dash & Record<string, unknown>} */ (page.dash_clientside);
}

/**
 * Give properties to a component.
 * @param {string} id
 * @param {Record<string, unknown>} properties
 */
export function setProps(id, properties) {
  dash().set_props(id, properties);
}

/** What a function returns that leaves its output as it is. */
export function unchanged() {
  return dash().no_update;
}

/** Whether the function is called because something changed, and not at the start. */
export function isTriggered() {
  return dash().callback_context.triggered.length > 0;
}

/** @type {() => void} */
let begin = () => {};

/** Once the page's components are there. @type {Promise<void>} */
export const ready = new Promise(function (done) {
  begin = done;
});

/**
 * Offer functions to the callbacks of hexviz/app/server.py.
 * @param {Record<string, (...values: any[]) => unknown>} functions
 */
export function offer(functions) {
  dash().hexviz = { ...functions, start: () => begin() };
}

/** Let Dash put the page together, once its own scripts have run. */
export function startDash() {
  let isStarted = false;
  const start = () => {
    const { DashRenderer } = /** @type {{DashRenderer: new () => unknown}} */ (
      /** @type {unknown} */ (window)
    );
    if (!isStarted) {
      isStarted = true;
      new DashRenderer();
    }
  };
  // This module may run before the page's scripts have, and after.
  if (document.readyState === "complete") {
    start();
  } else {
    document.addEventListener("DOMContentLoaded", start);
    window.addEventListener("load", start);
  }
}
