// Which tab is in sight.

import { canvasShown } from "./canvas/draw.js";
import { byId } from "./dom.js";

/**
 * @import { PageState } from "./protocol.js"
 * @typedef {PageState["tab"]} Tab
 */

/**
 * Show a tab.
 * @param {Tab} tab
 */
export function showTab(tab) {
  const isExtract = tab === "extract"; // which is a panel beside the graph
  const isGraph = isExtract || tab === "graph";
  const tools = document.querySelector(".tools");
  tools?.classList.toggle("table", !isGraph);
  tools?.classList.toggle("extracting", isExtract);
  byId("graph-pane").hidden = !isGraph;
  byId("ops-pane").hidden = tab !== "ops";
  byId("audit-pane").hidden = tab !== "audit";
  byId("compare-pane").hidden = tab !== "compare";
  byId("extract-panel").hidden = !isExtract;
  byId("inspector").hidden = isExtract;
  if (isGraph) {
    requestAnimationFrame(canvasShown);
  }
}
