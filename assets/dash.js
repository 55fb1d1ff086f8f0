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

const START = "_dash-start";

/**
 * Let Dash put the page together, once the server has it and its scripts have run. The page may
 * have been there for a while: see hexviz/app/front.py.
 */
export async function startDash() {
  const answer = await fetch(START);
  if (!answer.ok) {
    throw new Error(`The server answered with ${answer.status}.`);
  }
  const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
  const config = /** @type {HTMLElement} */ (parts.getElementById("_dash-config"));
  document.body.append(document.adoptNode(config));
  const sources = [...parts.querySelectorAll("script[src]")].map((one) => one.getAttribute("src"));
  await Promise.all(sources.map((source) => load(source ?? "")));
  const { DashRenderer } = /** @type {{DashRenderer: new () => unknown}} */ (
    /** @type {unknown} */ (window)
  );
  new DashRenderer();
}

/**
 * Run a script behind those that were asked for before it.
 * @param {string} source
 * @returns {Promise<void>}
 */
function load(source) {
  return new Promise(function (done, failed) {
    const script = document.createElement("script");
    script.async = false;
    script.src = source;
    script.onload = () => done();
    script.onerror = () => failed(new Error(`${source} did not arrive.`));
    document.head.append(script);
  });
}
