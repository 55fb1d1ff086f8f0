// The report: the page's own canvas, tree and inspector, with recorded answers and no server.

import "./clipboard.js";
import "./keys.js";
import { register } from "./actions.js";
import { canvasShown } from "./canvas/draw.js";
import { fit, zoom } from "./canvas/camera.js";
import { bindCanvas } from "./canvas/gestures.js";
import { showMatches } from "./canvas/matches.js";
import { CANVAS, STYLES } from "./canvas/styles.js";
import { trace } from "./canvas/trace.js";
import { byId, field, put } from "./dom.js";
import { connect, send } from "./events.js";
import { knowMarks } from "./findings.js";
import { bindFrame } from "./frame.js";
import { fail } from "./notices.js";
import { EventQueue } from "./queue.js";
import { unpackStart } from "./report/data.js";
import { showAnswer } from "./show.js";
import { theme } from "./theme.js";
import { bindToolbar } from "./toolbar.js";
import { StaticTransport } from "./transport/static.js";

/**
 * @import { Core } from "cytoscape"
 * @import { EventAnswer, EventRequest, PanelAnswer, PanelRequest } from "./protocol.js"
 * @import { Event } from "./events.js"
 * @import { Start } from "./report/data.js"
 */

const TYPING = 120; // ms without a key after which the search is answered
const PANES = /** @type {const} */ ({ graph: "graph-pane", audit: "audit-pane", measure: "figures-pane" });
const TABS = /** @type {(keyof typeof PANES)[]} */ (Object.keys(PANES));

/** @param {Start} start */
function begin(start) {
  /** @type {(options: object) => Core} */
  const makeCanvas = /** @type {any} */ (window).cytoscape;
  const cy = makeCanvas({
    ...CANVAS, container: byId("graph"), elements: [], style: STYLES[theme()],
    layout: { name: "preset", fit: false },
  });
  const queue = new EventQueue({
    transport: new StaticTransport(start), theme, show, showPanel, painted: () => writeAddress(),
    failed: (error) => fail(String(error)), panelExtras: () => ({ query: field("search").value }),
  });
  let tab = "graph";
  let address = ""; // of what is shown, after the hash

  /** @param {EventAnswer} answer @param {EventRequest} request @param {boolean} isFirst */
  function show(answer, { event }, isFirst) {
    showAnswer(answer, event, isFirst);
    if (answer.at && answer.at.state.tab !== tab) {
      tab = answer.at.state.tab;
      showTab(tab);
    }
    if (answer.error !== undefined) {
      fail(answer.error);
    }
  }

  function writeAddress() {
    const [kind, what] = queue.at?.state.selection ?? ["", ""];
    const isNamed = ["op", "module", "call", "value"].includes(kind);
    const next = isNamed ? `${kind}=${encodeURIComponent(what)}` : "";
    if (queue.isIdle && next !== address) {
      address = next;
      if (window.location.hash.slice(1) !== next) {
        window.location.hash = next;
      }
    }
  }

  window.addEventListener("hashchange", function () {
    if (window.location.hash.slice(1) !== address) {
      address = window.location.hash.slice(1);
      send({ type: "visit", value: address });
    }
  });

  function turnTheme() {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    cy.style(STYLES[theme()]);
    send({ type: "redraw" });
  }

  let typing = 0;
  field("search").addEventListener("input", function () {
    window.clearTimeout(typing);
    typing = window.setTimeout(() => void queue.askPanel(), TYPING);
  });
  byId("tab-audit").textContent = `Findings (${start.findings.toLocaleString("en")})`;
  byId("theme-toggle").addEventListener("click", turnTheme);
  connect((event) => queue.send(event));
  bindCanvas(false);
  send({ type: "visit", value: window.location.hash.slice(1) });
}

// For tests of the report, and for whoever tries something from the console.
Object.assign(window, {
  hexviz: {
    send: (/** @type {string} */ type, /** @type {unknown} */ value) =>
      send(/** @type {Event} */ (value === undefined ? { type } : { type, value })),
  },
});

/** @param {string} tab */
function showTab(tab) {
  for (const name of TABS) {
    const button = byId(`tab-${name}`);
    button.setAttribute("aria-selected", String(name === tab));
    button.tabIndex = name === tab ? 0 : -1;
    byId(PANES[name]).hidden = name !== tab;
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
function showPanel({ parts, marks, matches }, { at }) {
  knowMarks(marks ?? null);
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

/** @type {HTMLDialogElement} */
const keys = /** @type {any} */ (byId("keys"));

document.documentElement.dataset.theme = theme();
bindFrame();
bindToolbar();
TABS.forEach(function (name, at) {
  byId(`tab-${name}`).addEventListener("keydown", function ({ key }) {
    const step = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if (step) {
      const other = TABS[(at + step + TABS.length) % TABS.length];
      byId(`tab-${other}`).focus();
      send({ type: "tab", value: other });
    }
  });
});
register({
  fit,
  back: () => window.history.back(),
  forward: () => window.history.forward(),
  "zoom-in": () => zoom(1.25),
  "zoom-out": () => zoom(0.8),
  about: () => send({ type: "clear" }),
  "show-keys": () => keys.showModal(),
  "previous-step": () => send({ type: "step", value: -1 }),
  "next-step": () => send({ type: "step", value: 1 }),
  "trace-up": (op) => trace("up", op),
  "trace-down": (op) => trace("down", op),
  "trace-between": (op) => trace("between", op),
  "audit-filter": (severity) => filterAudit(severity ?? ""),
});
void unpackStart().then(begin);
