// The dialog of hexviz's own timings: what an event took, measured here, and charts of the rest.

import { act, register } from "../actions.js";
import { around, byId, field, put } from "../dom.js";
import { fail } from "../notices.js";
import { loadPlotly, loadedPlotly } from "../charts.js";

/**
 * @import { Event } from "../events.js"
 * @import { Moments, Shown } from "../queue.js"
 * @import { BrowserTimes, PanelAnswer, TimingsRequest } from "../protocol.js"
 * @import { Part } from "../dom.js"
 *
 * @typedef {Record<string, number>} Durations In ms, by name.
 */

const CHARTS = ["stages", "costs", "modules", "scaling"];
const QUIETLY = {
  displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false,
  doubleClick: false, showTips: false,
};
/** @type {Set<Event["type"]>} Events that are no click of a person's. */
const NO_CLICKS = new Set(["visit", "redraw", "tab"]);
const MB = 1024 * 1024;

/** @type {{total: number, parts: Durations} | null} What the last click took. */
let lastClick = null;
/** @type {{model: string, times: BrowserTimes} | null} What the event took that brought the model. */
let firstPicture = null;
/** @type {{n: number, header: string | null}} What the server said of the last event. */
let measured = { n: 0, header: null };
/** @type {string | null} Text of the run that a person compares with. */
let run = null;
let isOpen = false;
/** @type {NonNullable<PanelAnswer["figures"]>} Charts that are yet to be drawn. */
let undrawn = {};
/** @type {() => void} Asks for the panel anew. */
let refresh = () => {};

/**
 * Say how the panel is asked for.
 * @param {() => void} how
 */
export function refreshTimingsBy(how) {
  refresh = how;
}

/**
 * The stages that a header `Server-Timing` names, in ms.
 * @param {string | null} header
 * @returns {Durations}
 */
export function stagesIn(header) {
  /** @type {Durations} */
  const found = {};
  for (const entry of (header || "").split(",")) {
    const match = /^\s*(\w+);dur=([\d.]+)/.exec(entry);
    if (match) {
      found[match[1]] = Number(match[2]);
    }
  }
  return found;
}

/**
 * What an event took, part by part.
 * @param {Moments} moments
 * @param {Durations} server
 * @returns {Durations}
 */
export function durations(moments, { answer = 0, layout = 0, serialise = 0 }) {
  return {
    layout,
    serialise,
    "the rest on the server": Math.max(0, answer - layout),
    transfer: Math.max(0, moments.answered - moments.asked - answer - serialise),
    paint: moments.painted - moments.shown,
  };
}

/**
 * Take what the server says of an event.
 * @param {number} n
 * @param {string | null} header
 */
export function noteServer(n, header) {
  measured = { n, header };
}

/**
 * An event was painted: take what it took.
 * @param {Shown} shown
 */
export function notePainted({ request, answer, moments }) {
  const parts = durations(moments, stagesIn(measured.n === request.n ? measured.header : null));
  if (answer.model) {
    // Its answer may be here before the page is, which then takes up its time.
    const page = Math.max(0, moments.shown - moments.answered);
    const { transfer, paint } = parts;
    firstPicture = { model: answer.model.key, times: { transfer, page, paint } };
  }
  if (!NO_CLICKS.has(request.event.type)) {
    lastClick = { total: moments.painted - moments.sent, parts };
  }
  showLastClick();
}

function showLastClick() {
  const line = document.getElementById("last-click");
  if (!line) {
    return;
  }
  if (!lastClick) {
    line.textContent = "No click yet: the next one is taken apart here.";
    return;
  }
  const parts = Object.entries(lastClick.parts).filter(([, ms]) => ms >= 0.5)
    .map(([name, ms]) => `${name} ${Math.round(ms)}`);
  line.textContent =
    `The last click: ${Math.round(lastClick.total)} ms, of which ${parts.join(", ")}.`;
}

/** The dialog has been opened; it takes some frames to be in sight. */
async function inSight() {
  while (isOpen && !byId("timings-pane").clientWidth) {
    await new Promise((done) => requestAnimationFrame(done));
  }
}

/**
 * What the dialog needs to know, while it is open.
 * @param {string | null} model key of the one on the page
 * @returns {TimingsRequest | null}
 */
export function timingsRequest(model) {
  if (!isOpen) {
    return null;
  }
  const browser = firstPicture && firstPicture.model === model ? firstPicture.times : null;
  return { browser, run };
}

/**
 * Whether an element is of the dialog.
 * @param {string} id
 */
export function isOfTimings(id) {
  return byId(id).closest("#timings-pane") !== null;
}

/**
 * Show what the server says.
 * @param {Record<string, Part>} parts
 * @param {NonNullable<PanelAnswer["figures"]>} figures
 */
export async function showTimings(parts, figures) {
  byId("timings-pane").dataset.filled = "";
  for (const [id, content] of Object.entries(parts)) {
    fill(id, content);
  }
  for (const name of CHARTS) {
    byId(`${name}-chart`).hidden = !figures[name];
  }
  showLastClick();
  undrawn = figures;
  byId("timings-pane").setAttribute("aria-busy", "true");
  try {
    await loadPlotly(byId("timings-pane").dataset.script ?? "");
  } catch {
    fail("The charts did not load: reload the page.");
    return;
  }
  await drawCharts();
}

/**
 * @param {string} id
 * @param {Part} content
 */
function fill(id, content) {
  const element = byId(id);
  if (id === "run-chooser" && element.firstElementChild) {
    return; // the file that was chosen in it stays
  }
  const wereOpen = Array.from(element.querySelectorAll("details"), (folded) => folded.open);
  put(id, content);
  element.querySelectorAll("details").forEach(function (folded, at) {
    folded.open = wereOpen[at] ?? false;
  });
}

/** Draw what is yet to be drawn, as wide as the dialog is. */
async function drawCharts() {
  await inSight();
  if (!isOpen) {
    return;
  }
  for (const name of CHARTS.filter((chart) => undrawn[chart])) {
    drawChart(name, undrawn[name]);
  }
  undrawn = {};
  byId("timings-pane").removeAttribute("aria-busy");
}

/**
 * @param {string} name
 * @param {{data: unknown, layout: unknown}} figure
 */
function drawChart(name, figure) {
  const chart = /** @type {any} */ (byId(`chart-${name}`));
  const isNew = !chart.classList.contains("js-plotly-plot");
  loadedPlotly().react(chart, figure.data, figure.layout, QUIETLY);
  if (isNew && name === "modules") {
    chart.on("plotly_click", function (/** @type {any} */ clicked) {
      const fqn = clicked.points[0].customdata[0];
      if (typeof fqn === "string") {
        act("show-module", fqn);
      }
    });
  }
}

/**
 * The dialog was opened or closed.
 * @param {boolean} opened
 */
export async function timingsToggled(opened) {
  isOpen = opened;
  if (!isOpen) {
    return;
  }
  // Mantine gives every dialog a header of its own, which counts as a second one of the page.
  const header = byId("timings-pane").closest("[role=dialog]")?.querySelector("header");
  header?.setAttribute("role", "none");
  showLastClick();
  refresh();
  await inSight();
  const plotly = loadedPlotly();
  if (!plotly) {
    return;
  }
  // The window may have another size by now.
  document.querySelectorAll("#timings-pane .js-plotly-plot").forEach(function (chart) {
    if (chart.clientWidth) {
      plotly.Plots.resize(chart);
    }
  });
  await drawCharts();
}

/** @param {File} file */
async function takeRun(file) {
  const most = Number(byId("run-drop").dataset.most);
  if (file.size > most) {
    fail(`${file.name} is over ${Math.floor(most / MB)} MB: no run of hexviz bench is.`);
    return;
  }
  run = await file.text();
  refresh();
}

register({
  "forget-run": function () {
    field("run-file").value = "";
    run = null;
    refresh();
  },
});

document.addEventListener("change", function ({ target }) {
  if (target instanceof HTMLInputElement && target.id === "run-file" && target.files?.length) {
    void takeRun(target.files[0]);
  }
});
document.addEventListener("dragover", function (event) {
  if (around(event, "#run-drop")) {
    event.preventDefault();
  }
});
document.addEventListener("drop", function (event) {
  if (around(event, "#run-drop") && event.dataTransfer?.files.length) {
    event.preventDefault();
    void takeRun(event.dataTransfer.files[0]);
  }
});
