// The page: what its parts know of each other is said here, and nowhere else.

import "./clipboard.js";
import "./keys.js";
import "./pictures.js";
import "./uploads.js";
import "./drop.js";
import { register } from "./actions.js";
import {
  fit, holdAt, holdSight, middleInSight, takeSightFrom, touched, untouched,
} from "./canvas/camera.js";
import { bindCanvas } from "./canvas/gestures.js";
import { canvasSize, cytoscape } from "./canvas/instance.js";
import { makeCanvas, styleCanvas } from "./canvas/make.js";
import { selectedId, shownHighlight } from "./canvas/marks.js";
import { keepInStep, showOther, styleOther } from "./canvas/other.js";
import { trace } from "./canvas/trace.js";
import {
  chooseColour, chooseNumbers, choosePlacement, chooseTab, showControls,
} from "./controls.js";
import { isTriggered, offer, ready, setProps, startDash, unchanged } from "./dash.js";
import { watchDashRequests } from "./dash-requests.js";
import { byId, put } from "./dom.js";
import { connect, send } from "./events.js";
import {
  anchorOf, leavePicture, leavePictureWith, pictureCanvas, pictureKnown, pictureView,
} from "./first.js";
import { bindFrame } from "./frame.js";
import { followHistory, visitAddress, visited, writeAddress } from "./history.js";
import { knowModules } from "./modules.js";
import { fail, notify } from "./notices.js";
import { bindOwnWindow } from "./own-window.js";
import {
  compareAs, compareWith, comparisonMade, markDifference,
} from "./panels/compare.js";
import { jobEnded, refreshFoldsBy, showMade, turned } from "./panels/extract.js";
import {
  bindMeasure, costsMade, documentTaken, measureMade, parityWith, traceRead,
} from "./panels/measure.js";
import { moveFrom, moveOps, rename, renameFrom } from "./panels/move.js";
import { filterAudit, showPanel } from "./panels/show.js";
import {
  notePainted, noteServer, refreshTimingsBy, timingsToggled, timingsRequest,
} from "./panels/timings.js";
import { EventQueue } from "./queue.js";
import { remember } from "./remembered.js";
import { showAnswer } from "./show.js";
import { theme } from "./theme.js";
import { bindToolbar } from "./toolbar.js";
import { Refused, http } from "./transport/http.js";
import { watch } from "./watch.js";

/**
 * @import { ElementDefinition } from "cytoscape"
 * @import { EventAnswer, EventRequest, PanelRequest } from "./protocol.js"
 * @import { Event } from "./events.js"
 * @import { PanelExtras, Shown } from "./queue.js"
 * @import { Notice } from "./notices.js"
 */

/** @type {EventQueue} */
const queue = new EventQueue({
  transport: http(noteServer), theme, ready, show, painted, failed, panelExtras,
  canvas: firstCanvas,
  showPanel: (answer, request) => showPanel(answer, request.at),
  arrived: ({ graph }) => pictureKnown(/** @type {ElementDefinition[] | undefined} */ (graph)),
});
takeSightFrom(pictureView);

/** The size of the canvas to show a model on: for the first one that of the picture of it. */
function firstCanvas() {
  const size = pictureCanvas();
  return size === undefined ? canvasSize() : size;
}

connect((event) => queue.send(event));
refreshTimingsBy(() => void queue.askPanel());
refreshFoldsBy(() => void queue.askPanel());
bindOwnWindow(() => queue.model);
watchDashRequests();

/**
 * What an answer changes is on the page at once.
 * @param {EventAnswer} answer
 * @param {EventRequest} request
 * @param {boolean} isFirst
 */
function show(answer, { event }, isFirst) {
  const { error, note, model } = answer;
  if (error !== undefined) {
    fail(error);
  }
  if (note !== undefined) {
    notify("The page is full", note, "blue");
  }
  if (event.type === "visit") {
    showOpener(error !== undefined);
  }
  if (model) {
    knowModules(model.modules);
    showMoved(model.moved);
  }
  if (event.type === "difference") {
    untouched();
  }
  if (event.type === "follow") {
    touched(); // what is selected is not brought into view: it is where a person left it
    holdSight(selectedId());
  }
  const anchor = anchorOf(event);
  if (anchor) {
    holdAt(anchor);
  }
  showAnswer(answer, event, isFirst);
  document.title = byId("model-title").textContent || "hexviz";
  const cy = cytoscape();
  if (answer.graph && cy) {
    leavePictureWith(cy);
  } else {
    leavePicture();
  }
  if (queue.at && queue.isIdle) {
    showControls(queue.at.state);
  }
  if (answer.other !== undefined) {
    showOther(answer.other, event, shownHighlight());
    markDifference(queue.at?.state.difference ?? -1);
  }
}

/**
 * How many ops the placement would move, beside its switch: React, which made that, keeps no text
 * that is not its own.
 * @param {number} count
 */
function showMoved(count) {
  const verb = count === 1 ? "moves" : "move";
  const text = JSON.stringify(` · ${count.toLocaleString("en")} ${verb}`);
  document.documentElement.style.setProperty("--moved-count", text);
}

let mayBeOpen = false; // whether the opener was opened since it was closed from here

function openOpener() {
  mayBeOpen = true;
  openDialog("opener");
}

/**
 * Open or close the dialog that opens a model. One that was not opened is not closed: Dash would
 * answer with two requests of its own.
 * @param {boolean} opened
 */
function showOpener(opened) {
  if (opened) {
    openOpener();
  } else if (mayBeOpen) {
    mayBeOpen = false;
    setProps("opener", { opened: false });
  }
}

/**
 * What can wait until the picture is on the screen.
 * @param {Shown} shown
 */
function painted(shown) {
  const { request, answer } = shown;
  notePainted(shown);
  writeAddress(answer.address, request.event);
  if (request.event.type === "visit") {
    visited();
  }
  if (answer.model) {
    setProps("model", { data: answer.model.key });
  }
  rememberCanvas();
}

/** The next page is made for a canvas like this one, unless something else takes room of it. */
function rememberCanvas() {
  const element = document.getElementById("graph");
  const isAlone = queue.at?.state.tab === "graph" && queue.at.state.tour < 0;
  if (element?.clientWidth && isAlone && !document.documentElement.matches(".presenting")) {
    remember({ canvas: `${element.clientWidth}x${element.clientHeight}` });
  }
}

/**
 * @param {unknown} error
 * @param {EventRequest | PanelRequest} request
 */
function failed(error, request) {
  if ("event" in request && request.event.type === "visit") {
    visited();
    if (!queue.model) {
      put("empty", "Open a model to begin.");
    }
    leavePicture();
  }
  if (error instanceof Refused) {
    fail(error.message);
  } else {
    notify(
      "The server did not answer", "See whether hexviz is still running, and try again.",
    );
  }
  if (queue.at && queue.isIdle) {
    showControls(queue.at.state);
  }
}

/** What else the panels are to show. @returns {PanelExtras} */
function panelExtras() {
  const search = document.getElementById("search");
  const query = search instanceof HTMLInputElement ? search.value : "";
  return { query, turned: turned(), timings: timingsRequest(queue.model) };
}

/** Show a module in the graph, from a table or a chart. @param {string} fqn */
function showModule(fqn) {
  setProps("timings", { opened: false });
  send({ type: "show-module", value: fqn });
}

/** @param {string} id */
function openDialog(id) {
  setProps(id, { opened: true });
}

/** Cut a module out: open the tab for it, with the module selected. @param {string} fqn */
function extractModule(fqn) {
  send({ type: "part", value: `keep=${encodeURIComponent(fqn)}` });
  send({ type: "tab", value: "extract" });
}

register({
  back: () => window.history.back(),
  forward: () => window.history.forward(),
  fit,
  "open-dialog": openOpener,
  "open-level": () => send({ type: "open-level", value: middleInSight() }),
  "show-keys": () => openDialog("keys"),
  "show-timings": () => openDialog("timings"),
  "choose-numbers": chooseNumbers,
  "start-tour": () => send({ type: "tour", value: "start" }),
  "previous-step": () => send({ type: "step", value: -1 }),
  "next-step": () => send({ type: "step", value: 1 }),
  "show-module": (fqn) => showModule(fqn ?? ""),
  "trace-given": (fqn) => send({ type: "trace", value: { way: "given", op: fqn ?? "", to: "" } }),
  "trace-up": (op) => trace("up", op),
  "trace-down": (op) => trace("down", op),
  "trace-between": (op) => trace("between", op),
  "move-op": (op) => moveFrom(queue, "op", op ?? ""),
  "move-module": (fqn) => moveFrom(queue, "module", fqn ?? ""),
  "extract-module": (fqn) => extractModule(fqn ?? ""),
  "move-to": (which, button) => moveOps(which ?? "", button),
  "rename-module": (fqn) => renameFrom(queue, fqn),
  "rename-to": (fqn, button) => rename(fqn ?? "", button),
  "keep-in-step": (_value, button) => keepInStep(button),
  "audit-filter": (severity) => filterAudit(severity ?? ""),
});

/**
 * The theme of Dash's components, as the page begins and as its button is pressed.
 * @param {number | null} clicks
 */
function chooseTheme(clicks) {
  const page = document.documentElement;
  const isChosen = isTriggered() && Boolean(clicks);
  const now = isChosen ? (theme() === "dark" ? "light" : "dark") : theme();
  page.dataset.theme = now;
  remember({ theme: now });
  document.body.dataset.agThemeMode = now;
  if (isChosen) {
    styleCanvas();
    styleOther();
    send({ type: "redraw" });
  }
  return [now, now];
}

offer({
  visit: (/** @type {string | null} */ key) => {
    if (key) {
      send({ type: "visit", value: `?model=${encodeURIComponent(key)}` });
    }
  },
  numbered: (/** @type {string | null} */ key) => {
    if (key) {
      send({ type: "numbers", value: key });
    }
  },
  notified: (/** @type {Notice[] | null} */ notices) =>
    notices?.forEach(({ title, message, color }) => notify(title, message, color)),
  searched: () => void queue.askPanel(),
  placed: choosePlacement,
  coloured: chooseColour,
  tab: chooseTab,
  theme: chooseTheme,
  grid: (wanted, component) => (wanted ? component : unchanged()),
  made: (made) => made && showMade(made),
  working: (isHidden) => isHidden && jobEnded(),
  comparedWith: compareWith,
  comparedAs: compareAs,
  comparisonMade: (made) => void comparisonMade(made, () => queue.refreshPanel()),
  figuresGrid: (wanted, component) => (wanted ? component : unchanged()),
  measured: documentTaken,
  traceRead: (read) => traceRead(read, queue.model),
  parityWith,
  measureMade,
  costsMade: (made) => void costsMade(made, () => queue.refreshPanel()),
  timings: (isOpen) => void timingsToggled(isOpen),
});

/** Show what the address asks for, or the model named at the start; else let a person choose. */
async function arrive() {
  // Before the page is put together: the two take their time side by side.
  if (visitAddress()) {
    await ready;
    if (!queue.model) {
      put("empty", "Opening the model…");
    }
  } else {
    await ready;
    leavePicture();
    openOpener();
  }
}

/** @returns {boolean} whether there is a place for it */
function placeCanvas() {
  const container = document.getElementById("graph");
  if (container) {
    makeCanvas(container);
    bindCanvas(true);
  }
  return container !== null;
}

const parts = [bindFrame, bindToolbar, bindMeasure, placeCanvas];
new MutationObserver(function (_changes, observer) {
  while (parts.length && parts[0]()) {
    parts.shift();
  }
  if (!parts.length) {
    observer.disconnect();
  }
}).observe(document.documentElement, { childList: true, subtree: true });
followHistory(openOpener);
void startDash();
void arrive();
watch({
  model: () => queue.model, isIdle: () => queue.isIdle, refresh: () => void queue.refreshPanel(),
});

// For a window of its own (hexviz/desktop/), for tests of the page, and for the console.
Object.assign(window, {
  hexviz: {
    notify: (/** @type {[string, string, Notice["color"]]} */ ...notice) =>
      void ready.then(() => notify(...notice)),
    send: (/** @type {string} */ type, /** @type {unknown} */ value) =>
      send(/** @type {Event} */ (value === undefined ? { type } : { type, value })),
  },
});
