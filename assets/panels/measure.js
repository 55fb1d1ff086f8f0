// The measure tab: the chart and the table of modules in step with the graph, sizes of open
// dimensions, and the jobs that measure.

import { act, register } from "../actions.js";
import { setProps } from "../dash.js";
import { byId, field, put } from "../dom.js";
import { send } from "../events.js";
import { fail, notify } from "../notices.js";
import { loadPlotly, loadedPlotly } from "../charts.js";
import { offerCells, runScript } from "./table.js";

/**
 * @import { At, ModuleFigures } from "../protocol.js"
 * @typedef {{data: any[], layout: any}} Chart
 * @typedef {"chart" | "table" | "both"} Layout
 * @typedef {{model: string, n: number, document?: string, error?: string, cancelled?: boolean}} Made
 */

const QUIETLY = { displayModeBar: false, displaylogo: false, responsive: false, showTips: false };
const STORED = "measure-layout";

/** @type {Chart | null} What the chart shows, or is to show. */
let chart = null;
let marked = ""; // the module that is marked in the chart
/** @type {string | null} The module that is selected. */
let selected = null;
/** @type {any} The grid's own interface, once it stands. */
let grid = null;
/** @type {Promise<void> | null} */
let making = null;
/** @type {Record<string, unknown>} What the grid is yet to be told. */
let untold = {};
let model = ""; // key of the one on the page
/** @type {[string, number][]} Sizes of open dimensions. */
let sizes = [];
let asked = 0; // number of the last job
let costsAsked = ""; // what costs were last asked for

/** @param {string} fqn */
function reveal(fqn) {
  if (fqn !== selected) {
    send({ type: "reveal-module", value: fqn });
  }
}

// --- The chart ------------------------------------------------------------------------------

/**
 * The place in a chart of a module, or of the nearest drawn one around it.
 * @param {string[]} ids of the sectors
 * @param {string} fqn
 */
export function sectorOf(ids, fqn) {
  for (let name = fqn; ; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const at = ids.indexOf(`m:${name}`);
    if (at >= 0 || !name) {
      return at;
    }
  }
}

/** Lines around the sectors: a thick one around what is selected. */
function lines() {
  const { ids, marker } = chart?.data[0] ?? { ids: [], marker: { line: {} } };
  const at = selected === null ? -1 : sectorOf(ids, selected);
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  return {
    width: ids.map((/** @type {string} */ _id, /** @type {number} */ one) => (one === at ? 3 : 0.5)),
    color: ids.map((/** @type {string} */ _id, /** @type {number} */ one) =>
      one === at ? accent : marker.line.plain),
  };
}

async function drawChart() {
  const place = byId("measure-chart");
  if (!chart || !place.clientWidth || !place.clientHeight) {
    return;
  }
  let plotly;
  try {
    plotly = await loadPlotly(byId("measure-pane").dataset.script ?? "");
  } catch {
    fail("The chart did not load: reload the page.");
    return;
  }
  if (!chart || !place.clientWidth) {
    return; // it is of another model by now, or out of sight
  }
  const [sectors] = chart.data;
  sectors.marker.line.plain ??= sectors.marker.line.color;
  const drawn = { ...sectors, marker: { ...sectors.marker, line: lines() } };
  marked = selected ?? "";
  const layout = { ...chart.layout, width: place.clientWidth, height: place.clientHeight };
  await plotly.react(place, [drawn], layout, QUIETLY);
  if (!place.dataset.bound) {
    place.dataset.bound = "yes";
    const element = /** @type {any} */ (place);
    element.on("plotly_icicleclick", function (/** @type {any} */ clicked) {
      reveal(clicked.points[0].customdata[0]);
      return false; // it does not zoom: the graph beside it would show something else
    });
  }
}

/** Mark what is selected in the chart. */
function markChart() {
  if (chart && loadedPlotly() && byId("measure-chart").dataset.bound && marked !== selected) {
    void drawChart();
  }
}

// --- The table ------------------------------------------------------------------------------

/** Cells of the table: names by the depth in the tree, figures as the server has written them. */
function offerFigureCells() {
  offerCells({
    ModuleName: (props, span) => {
      const { label, module, depth } = props.data;
      const isSorted = props.api.getColumnState().some((/** @type {any} */ one) => one.sort);
      const name = isSorted ? module || "the model itself" : label;
      const style = { paddingLeft: `${isSorted ? 0 : 12 * depth}px` };
      return span({ className: "module-name", title: module || label, style }, name);
    },
    FigureCell: (props, span) => {
      const text = props.data[`${props.colDef.field} text`];
      return span({ className: props.value ? "figure" : "figure quiet" }, text ?? "–");
    },
  });
}

async function makeGrid() {
  offerFigureCells();
  await runScript();
  setProps("figures-grid-wanted", { data: true });
  grid = await /** @type {any} */ (window).dash_ag_grid.getApiAsync("module-figures");
  grid.addEventListener("selectionChanged", function () {
    const [row] = grid.getSelectedRows();
    if (row && row.module !== selected) {
      reveal(row.module);
    }
  });
  grid.addEventListener("sortChanged", () =>
    grid.refreshCells({ force: true, columns: ["module"] }));
  grid.addEventListener("cellKeyDown", function (/** @type {any} */ pressed) {
    if (pressed.event.key === "Enter") {
      pressed.node.setSelected(true, true);
    }
  });
}

/** @param {Record<string, unknown>} told */
async function tellGrid(told) {
  untold = { ...untold, ...told };
  making ??= makeGrid();
  try {
    await making;
  } catch {
    making = null;
    notify("The table did not load", "Reload the page to try again.");
    return;
  }
  const now = untold;
  untold = {};
  if (Object.keys(now).length) {
    setProps("module-figures", now);
  }
}

// --- What the server says -------------------------------------------------------------------

/**
 * Show figures: in chart and table, and which module is selected.
 * @param {ModuleFigures} figures
 * @param {At} at where the page is
 */
export function showFigures(figures, at) {
  model = at.model;
  sizes = /** @type {[string, number][]} */ (figures.sizes);
  selected = figures.selected ?? null;
  if (figures.chart !== undefined) {
    chart = /** @type {Chart | null} */ (figures.chart);
    byId("measure-chart").hidden = !chart;
    void drawChart();
  } else {
    markChart();
  }
  /** @type {Record<string, unknown>} */
  const told = {
    selectedRows: selected === null ? [] : { ids: [`m:${selected}`] },
    ...(selected === null ? {} : { scrollTo: { rowId: `m:${selected}` } }),
  };
  if (figures.columns) {
    told.columnDefs = figures.columns;
  }
  if (figures.rows) {
    told.rowData = figures.rows;
  }
  void tellGrid(told);
  const key = JSON.stringify([model, sizes]);
  if (figures.is_wanted && costsAsked !== key) {
    costsAsked = key;
    asked += 1;
    setProps("costs-wanted", { data: { model, sizes, n: asked } });
  }
}

/** The tab is in sight: what was drawn may have another size by now. */
export function figuresShown() {
  requestAnimationFrame(() => void drawChart());
}

/** @param {string} line "" for nothing */
function sayFailed(line) {
  put("measure-failed", line ? { type: "p", props: { className: "unreadable", children: line } } : []);
}

/** @param {Record<string, unknown>} wanted */
function startJob(wanted) {
  asked += 1;
  sayFailed("");
  setProps("measure-wanted", { data: { model, n: asked, ...wanted } });
}

/**
 * A job has measured, or says why it could not.
 * @param {Made | null} made
 */
export function measureMade(made) {
  if (!made || made.model !== model) {
    return;
  }
  if (made.error !== undefined) {
    sayFailed(made.error);
  } else if (made.document) {
    send({ type: "measured", value: made.document });
  }
}

/**
 * A job has worked out the costs, or says why it could not.
 * @param {Made | null} made
 * @param {() => Promise<void>} refresh asks for the panel anew
 */
export async function costsMade(made, refresh) {
  if (!made || made.model !== model) {
    return;
  }
  if (made.error !== undefined) {
    put("measure-costs", {
      type: "p", props: { className: "unreadable", role: "alert", children: made.error },
    });
    return;
  }
  send({ type: "redraw" }); // the graph has colours now
  await refresh();
}

/**
 * A document came in that somebody dropped.
 * @param {string | null} named its kind and name
 */
export function documentTaken(named) {
  if (named) {
    send({ type: "measured", value: named });
  }
}

/**
 * A trace came in, which a job reads.
 * @param {{file: string} | null} read
 * @param {string | null} key of the model on the page
 */
export function traceRead(read, key) {
  if (read && key) {
    model = key;
    send({ type: "tab", value: "measure" });
    startJob({ task: "trace", file: read.file });
  }
}

/**
 * Compare numbers with another model, which has come in under a key.
 * @param {string | null} key
 */
export function parityWith(key) {
  if (key) {
    startJob({ task: "parity", other: key });
  }
}

// --- What a person does ---------------------------------------------------------------------

/** @returns {Layout} */
function layoutChosen() {
  try {
    const kept = window.localStorage.getItem(STORED);
    return kept === "chart" || kept === "table" ? kept : "both";
  } catch {
    return "both";
  }
}

/** @param {Layout} layout */
function lay(layout) {
  byId("measure-pane").dataset.layout = layout;
  for (const button of byId("measure-layout").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.value === layout));
  }
  figuresShown();
}

/** The tab's parts are on the page. */
export function bindMeasure() {
  const body = document.getElementById("measure-body");
  if (!body) {
    return false;
  }
  lay(layoutChosen());
  new ResizeObserver(() => void drawChart()).observe(byId("measure-chart"));
  return true;
}

register({
  "next-divergence": () => document.getElementById("next-divergence")?.click(),
  "previous-divergence": () => document.getElementById("previous-divergence")?.click(),
  "measure-time": () => startJob({
    task: "profile", runs: Number(field("runs").value), sizes,
    level: /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (byId("level"))).value,
  }),
  "measure-layout": function (value) {
    const layout = value === "chart" || value === "table" ? value : "both";
    try {
      window.localStorage.setItem(STORED, layout);
    } catch {
      // it is as chosen until the page is left
    }
    lay(layout);
  },
});

document.addEventListener("change", function ({ target }) {
  if (target instanceof HTMLSelectElement && target.matches(".figure-select")) {
    act("figure", target.value);
    return;
  }
  if (!(target instanceof HTMLInputElement) || target.dataset.sizeOf === undefined) {
    return;
  }
  const size = Number(target.value);
  if (Number.isInteger(size) && size >= 1 && size <= 1e9) {
    send({ type: "symbol", value: [target.dataset.sizeOf, size] });
  } else {
    fail("A size is a whole number from 1 on.");
  }
});
