// The page's own canvas: Cytoscape, with the styles of the theme.

import "../vendor/cytoscape.min.js";
import { theme } from "../theme.js";
import { cytoscape } from "./instance.js";
import { CANVAS, STYLES } from "./styles.js";

/**
 * Make the canvas, where {@link cytoscape} finds it if the container is `#graph`. The container may be
 * moved to elsewhere in the page.
 * @param {HTMLElement} container
 */
export function makeCanvas(container) {
  return window.cytoscape({
    ...CANVAS, container, elements: [], style: STYLES[theme()],
    layout: { name: "preset", fit: false },
  });
}

/** Draw the canvas in the page's theme, after another one. */
export function styleCanvas() {
  cytoscape()?.style(STYLES[theme()]);
}
