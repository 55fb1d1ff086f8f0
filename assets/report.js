// The report: the page's own canvas, tree and inspector, with recorded answers and no server.

import "./clipboard.js";
import "./keys.js";
import { register } from "./actions.js";
import { fit, zoom } from "./canvas/camera.js";
import { bindCanvas } from "./canvas/gestures.js";
import { CANVAS, STYLES } from "./canvas/styles.js";
import { trace } from "./canvas/trace.js";
import { byId, field } from "./dom.js";
import { connect, send } from "./events.js";
import { bindFrame } from "./frame.js";
import { fail } from "./notices.js";
import { bindTabs, showPanel, showTab, turnTheme } from "./plain-page.js";
import { EventQueue } from "./queue.js";
import { unpackStart } from "./report/data.js";
import { showAnswer } from "./show.js";
import { theme } from "./theme.js";
import { bindToolbar } from "./toolbar.js";
import { StaticTransport } from "./transport/static.js";

/**
 * @import { Core } from "cytoscape"
 * @import { EventAnswer, EventRequest } from "./protocol.js"
 * @import { Event } from "./events.js"
 * @import { Start } from "./report/data.js"
 */

const TYPING = 120; // ms without a key after which the search is answered
const PANES = /** @type {const} */ ({ graph: "graph-pane", audit: "audit-pane", measure: "figures-pane" });

/** @param {Start} start */
function begin(start) {
  /** @type {(options: object) => Core} */
  const makeCanvas = /** @type {any} */ (window).cytoscape;
  makeCanvas({
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
      showTab(PANES, answer.at.state.tab);
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

  let typing = 0;
  field("search").addEventListener("input", function () {
    window.clearTimeout(typing);
    typing = window.setTimeout(() => void queue.askPanel(), TYPING);
  });
  byId("tab-audit").textContent = `Findings (${start.findings.toLocaleString("en")})`;
  byId("theme-toggle").addEventListener(
    "click", () => turnTheme(theme() === "dark" ? "light" : "dark"),
  );
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

document.documentElement.dataset.theme = theme();
bindFrame();
bindToolbar();
bindTabs(PANES);
register({
  fit,
  back: () => window.history.back(),
  forward: () => window.history.forward(),
  "zoom-in": () => zoom(1.25),
  "zoom-out": () => zoom(0.8),
  about: () => send({ type: "clear" }),
  "trace-up": (op) => trace("up", op),
  "trace-down": (op) => trace("down", op),
  "trace-between": (op) => trace("between", op),
});
void unpackStart().then(begin);
