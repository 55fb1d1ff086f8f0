// The charts' script: it is large, and is fetched when somebody first looks at a chart.

/** @type {Promise<unknown> | null} */
let loading = null;

/** Not Dash's own component: that one needs scripts that the page leaves out. @param {string} source */
function fetchScript(source) {
  return new Promise(function (done, failed) {
    const script = document.createElement("script");
    script.src = source;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
}

/**
 * Plotly, fetched once. What failed is tried again the next time.
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
