// The page in a cell of a notebook: the page's own canvas, tree and inspector, answered by the kernel.

import "./keys.js";
import "./pictures.js";
import { register } from "./actions.js";
import { fit } from "./canvas/camera.js";
import { bindCanvas } from "./canvas/gestures.js";
import { canvasSize } from "./canvas/instance.js";
import { CANVAS, STYLES } from "./canvas/styles.js";
import { trace } from "./canvas/trace.js";
import { copy } from "./clipboard.js";
import { byId, field } from "./dom.js";
import { connect, send } from "./events.js";
import { bindFrame } from "./frame.js";
import { fail, notify } from "./notices.js";
import { codeOf, cutCode, keepCode } from "./notebook/code.js";
import { bindWheel } from "./notebook/wheel.js";
import { fieldWanted, moveFrom, moveOps, rename, renameFrom } from "./panels/move.js";
import { bindTabs, showPanel, showTab, turnTheme } from "./plain-page.js";
import { EventQueue } from "./queue.js";
import { showAnswer } from "./show.js";
import { theme } from "./theme.js";
import { bindToolbar } from "./toolbar.js";
import { kernel } from "./transport/kernel.js";

/**
 * @import { Core } from "cytoscape"
 * @import { EventAnswer, EventRequest } from "./protocol.js"
 * @import { Event } from "./events.js"
 */

const TYPING = 120; // ms without a key after which the search is answered
const PANES = /** @type {const} */ ({ graph: "graph-pane", audit: "audit-pane" });
const LISTS = /** @type {const} */ (["colour", "placement"]);

const transport = kernel({
  left: () => giveWheelBack(),
  moved: () => send({ type: "redraw" }),
  theme: turnTheme,
  say: (text) => notify("From the kernel", text),
  kernel: sayOfKernel,
});

const queue = new EventQueue({
  transport, theme, show, canvas: canvasSize, painted: () => {},
  failed: (error) => fail(error instanceof Error ? error.message : String(error)),
  panelExtras: () => ({ query: field("search").value }),
  showPanel(answer, request) {
    showPanel(answer, request);
    fieldWanted();
    if (answer.error !== undefined) {
      fail(answer.error);
    }
  },
});

const giveWheelBack = bindWheel(byId("graph"), byId("wheel-hint"));
let tab = "graph";

/** @param {EventAnswer} answer @param {EventRequest} request @param {boolean} isFirst */
function show(answer, { event }, isFirst) {
  if (answer.error !== undefined) {
    fail(answer.error);
  }
  if (answer.note !== undefined) {
    notify("The page is full", answer.note, "blue");
  }
  showAnswer(answer, event, isFirst);
  const state = queue.at?.state;
  if (!state || !queue.isIdle) {
    return;
  }
  if (state.tab !== tab && state.tab in PANES) {
    tab = state.tab;
    showTab(PANES, state.tab);
  }
  const chosen = { colour: state.view.colour, placement: state.view.placement };
  for (const name of LISTS) {
    list(name).value = chosen[name];
  }
}

/** @param {string} line @param {boolean} isEnd */
function sayOfKernel(line, isEnd) {
  const element = byId("kernel-line");
  element.textContent = line;
  element.classList.toggle("ended", isEnd);
  document.documentElement.classList.toggle("ended", isEnd);
}

/** @param {typeof LISTS[number]} name @returns {HTMLSelectElement} */
function list(name) {
  return /** @type {HTMLSelectElement} */ (/** @type {any} */ (byId(name)));
}

/** @param {string} code */
function copyCode(code) {
  void copy(code, "Code copied", `Paste it into a cell: ${code}`);
}

function turnFullScreen() {
  if (document.fullscreenElement) {
    void document.exitFullscreen();
  } else {
    document.documentElement.requestFullscreen().catch(function () {
      fail("This notebook lets no view fill the screen.");
    });
  }
}

register({
  fit,
  "open-level": () => send({ type: "open-level", value: null }),
  "full-screen": turnFullScreen,
  "start-tour": () => send({ type: "tour", value: "start" }),
  "trace-up": (op) => trace("up", op),
  "trace-down": (op) => trace("down", op),
  "trace-between": (op) => trace("between", op),
  "trace-given": (fqn) => send({ type: "trace", value: { way: "given", op: fqn ?? "", to: "" } }),
  "move-op": (op) => moveFrom(queue, "op", op ?? ""),
  "move-module": (fqn) => moveFrom(queue, "module", fqn ?? ""),
  "move-to": (which, button) => moveOps(which ?? "", button),
  "rename-module": (fqn) => renameFrom(queue, fqn),
  "rename-to": (fqn, button) => rename(fqn ?? "", button),
  "copy-link": () => copyCode(codeOf(queue.at?.state.selection ?? ["", ""])),
  "extract-module": (fqn) => copyCode(cutCode(fqn ?? "")),
});

// What a server would send as a file is in the kernel already: code saves it where it is wanted.
document.addEventListener("click", function (event) {
  const link = event.target instanceof Element ? event.target.closest("a[href][download]") : null;
  if (link) {
    event.preventDefault();
    copyCode(keepCode(link.getAttribute("href") ?? ""));
  }
});

let typing = 0;
field("search").addEventListener("input", function () {
  window.clearTimeout(typing);
  typing = window.setTimeout(() => void queue.askPanel(), TYPING);
});
for (const name of LISTS) {
  list(name).addEventListener("change", function () {
    send(/** @type {Event} */ ({ type: name, value: list(name).value }));
    byId("graph").focus({ preventScroll: true }); // the next keys are the graph's
  });
}

document.documentElement.dataset.theme = theme();
bindFrame();
bindToolbar();
bindTabs(PANES);
connect((event) => queue.send(event));
/** @type {(options: object) => Core} */
const makeCanvas = /** @type {any} */ (window).cytoscape;
makeCanvas({
  ...CANVAS, container: byId("graph"), elements: [], style: STYLES[theme()],
  layout: { name: "preset", fit: false },
});
bindCanvas(true);
send({ type: "visit", value: "" });

// For tests of the page, and for whoever tries something from the console.
Object.assign(window, {
  hexviz: {
    send: (/** @type {string} */ type, /** @type {unknown} */ value) =>
      send(/** @type {Event} */ (value === undefined ? { type } : { type, value })),
  },
});
