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
  const isFilter = tab === "filter"; // which is a panel beside the graph
  const isGraph = isFilter || tab === "graph";
  const tools = document.querySelector(".tools");
  tools?.classList.toggle("table", !isGraph);
  tools?.classList.toggle("filtering", isFilter);
  byId("graph-pane").hidden = !isGraph;
  byId("ops-pane").hidden = tab !== "ops";
  byId("audit-pane").hidden = tab !== "audit";
  byId("compare-pane").hidden = tab !== "compare";
  byId("filter-panel").hidden = !isFilter;
  byId("inspector").hidden = isFilter;
  if (isGraph) {
    requestAnimationFrame(canvasShown);
  }
}
