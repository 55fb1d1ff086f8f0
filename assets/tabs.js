// Which tab is in sight.

import { canvasShown } from "./canvas/draw.js";
import { leaveOther } from "./canvas/other.js";
import { byId } from "./dom.js";
import { figuresShown } from "./panels/measure.js";

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
  const isCompare = tab === "compare"; // which has another graph beside it, too
  const isMeasure = tab === "measure"; // which has figures below it
  const isGraph = isExtract || isCompare || isMeasure || tab === "graph";
  const tools = document.querySelector(".tools");
  tools?.classList.toggle("table", !isGraph);
  tools?.classList.toggle("extracting", isExtract);
  byId("graph-pane").hidden = !isGraph;
  byId("ops-pane").hidden = tab !== "ops";
  byId("audit-pane").hidden = tab !== "audit";
  byId("compare-panel").hidden = !isCompare;
  byId("extract-panel").hidden = !isExtract;
  byId("measure-panel").hidden = !isMeasure;
  byId("measure-pane").hidden = !isMeasure;
  byId("inspector").hidden = isExtract || isCompare || isMeasure;
  document.querySelector(".page")?.classList.toggle("measuring", isMeasure);
  document.querySelector(".page")?.classList.toggle("comparing", isCompare);
  window.dispatchEvent(new Event("comparing")); // panels make room for two graphs
  if (!isCompare) {
    leaveOther();
  }
  if (isMeasure) {
    figuresShown();
  }
  if (isGraph) {
    requestAnimationFrame(canvasShown);
  }
}
