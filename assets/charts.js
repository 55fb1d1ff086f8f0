// The charts' script: it is large, and is fetched when somebody first looks at a chart.

import { fetchScript } from "./fetch-script.js";

/** @type {Promise<unknown> | null} */
let loading = null;

/**
 * Plotly, fetched once. Not as Dash's own component: that one needs scripts that the page leaves out.
 * What failed is tried again the next time.
 * @param {string} source where the script is
 * @returns {Promise<any>}
 */
export async function loadPlotly(source) {
  loading ??= fetchScript(source);
  try {
    await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
  return loadedPlotly();
}

/** Plotly, if it is there already. @returns {any} */
export function loadedPlotly() {
  return /** @type {any} */ (window).Plotly ?? null;
}
