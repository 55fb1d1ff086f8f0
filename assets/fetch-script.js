// Scripts that are no modules, fetched when what is in them is first needed.

/**
 * Fetch a script and run it.
 * @param {string} source
 * @returns {Promise<unknown>} rejected if it cannot be fetched
 */
export function fetchScript(source) {
  return new Promise(function (done, failed) {
    const script = document.createElement("script");
    script.src = source;
    script.async = false; // those that are asked for together run in order
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
}
