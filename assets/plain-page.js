// What a page without Dash has in its place: tabs, panels and a dialog of plain HTML. The report and
// the page in a notebook are such pages.

import { register } from "./actions.js";
import { canvasShown } from "./canvas/draw.js";
import { showMatches } from "./canvas/matches.js";
import { STYLES } from "./canvas/styles.js";
import { cytoscape } from "./canvas/instance.js";
import { byId, put } from "./dom.js";
import { send } from "./events.js";
import { knowMarks } from "./findings.js";
import { theme } from "./theme.js";

/**
 * @import { PageState, PanelAnswer, PanelRequest } from "./protocol.js"
 * @import { Theme } from "./theme.js"
 * @typedef {PageState["tab"]} Tab
 * @typedef {Partial<Record<Tab, string>>} Panes the element of each tab's content
 */

/**
 * Let the arrows go from tab to tab.
 * @param {Panes} panes
 */
export function bindTabs(panes) {
  const tabs = /** @type {Tab[]} */ (Object.keys(panes));
  tabs.forEach(function (name, at) {
    byId(`tab-${name}`).addEventListener("keydown", function ({ key }) {
      const step = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
      if (step) {
        const other = tabs[(at + step + tabs.length) % tabs.length];
        byId(`tab-${other}`).focus();
        send({ type: "tab", value: other });
      }
    });
  });
}

/**
 * Show the content of a tab.
 * @param {Panes} panes
 * @param {Tab} tab
 */
export function showTab(panes, tab) {
  for (const [name, pane] of Object.entries(panes)) {
    const button = byId(`tab-${name}`);
    button.setAttribute("aria-selected", String(name === tab));
    button.tabIndex = name === tab ? 0 : -1;
    byId(pane).hidden = name !== tab;
  }
  document.querySelector(".tools")?.classList.toggle("table", tab !== "graph");
  if (tab === "graph") {
    canvasShown();
  }
}

/** @type {Map<string, string>} The content of each element, as it was last put there. */
const contents = new Map();

let inspected = ""; // what the inspector shows

/**
 * @param {PanelAnswer} answer
 * @param {PanelRequest} request
 */
export function showPanel({ parts, marks, matches }, { at }) {
  if (marks) {
    knowMarks(marks);
  }
  if (matches) {
    showMatches(matches);
  }
  const selected = JSON.stringify(at.state.selection);
  if (selected !== inspected) {
    inspected = selected;
    byId("inspector").scrollTop = 0; // before the step that is looked at is brought into view
  }
  for (const [id, content] of Object.entries(parts)) {
    const text = JSON.stringify(content);
    if (contents.get(id) !== text) {
      contents.set(id, text);
      put(id, content);
      byId(id).querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    }
  }
}

/** Leave findings of a severity out, or show them again. @param {string} severity */
function filterAudit(severity) {
  const isOut = byId("audit-pane").classList.toggle(`no-${severity}`);
  const button = document.querySelector(`[data-event="audit-filter"][data-value="${severity}"]`);
  button?.setAttribute("aria-pressed", String(!isOut));
}

/**
 * Show the page in light or dark colours.
 * @param {Theme} wanted
 */
export function turnTheme(wanted) {
  if (document.documentElement.dataset.theme !== wanted) {
    document.documentElement.dataset.theme = wanted;
    cytoscape()?.style(STYLES[theme()]);
    send({ type: "redraw" });
  }
}

register({
  "audit-filter": (severity) => filterAudit(severity ?? ""),
  "show-keys": () => /** @type {HTMLDialogElement} */ (/** @type {any} */ (byId("keys"))).showModal(),
  "previous-step": () => send({ type: "step", value: -1 }),
  "next-step": () => send({ type: "step", value: 1 }),
});
