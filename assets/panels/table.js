// The table of ops: its library is large, and is fetched when somebody first looks at it.

import { selectedId } from "../canvas/marks.js";
import { fetchScript } from "../fetch-script.js";
import { setProps } from "../dash.js";
import { byId } from "../dom.js";
import { send } from "../events.js";
import { notify } from "../notices.js";
import { splitPath } from "../paths.js";

/**
 * @import { Table } from "../protocol.js"
 * @typedef {{getSelectedRows: () => {id: string}[]}} Grid
 */

/** @type {Promise<void> | null} */
let grid = null;
/** @type {Partial<Table>} What the grid is yet to be told. */
let untold = {};

/**
 * Offer renderers of cells to the tables' library, by name.
 * @param {Record<string, (props: any, span: (props: object | null, ...inside: unknown[]) => unknown)
 *   => unknown>} cells
 */
export function offerCells(cells) {
  const page = /** @type {any} */ (window);
  const span = (/** @type {object | null} */ props, /** @type {unknown[]} */ ...inside) =>
    page.React.createElement("span", props, ...inside);
  page.dashAgGridComponentFunctions ??= {};
  for (const [name, cell] of Object.entries(cells)) {
    page.dashAgGridComponentFunctions[name] = (/** @type {any} */ props) => cell(props, span);
  }
}

/** @type {Promise<unknown> | null} */
let library = null;

/** Fetch and run the tables' library, once. */
export function runScript() {
  library ??= fetchScript(byId("ops-pane").dataset.script ?? "");
  return library;
}

async function make() {
  offerCells({
    // Cells of paths lose their middle, as paths do everywhere.
    Path: ({ value }, span) => {
      const [start, end] = splitPath(value ?? "");
      return start
        ? span({ className: "cut", title: value }, span(null, start), span(null, end))
        : end;
    },
  });
  await runScript();
  setProps("grid-wanted", { data: true });
  const api = await /** @type {any} */ (window).dash_ag_grid.getApiAsync("ops");
  api.addEventListener("selectionChanged", onSelection);
}

/** @param {{api: Grid}} event */
function onSelection({ api }) {
  const [row] = api.getSelectedRows();
  // The server marks the row of what is selected: only another one was chosen by a person.
  if (row && selectedId() !== `o:${row.id}`) {
    send({ type: "reveal", value: row.id });
  }
}

/**
 * Show rows, and which of them is selected.
 * @param {Table} table
 */
export async function showTable(table) {
  untold = { ...untold, ...table };
  grid ??= make();
  try {
    await grid;
  } catch {
    notify("The table did not load", "Reload the page to try again.");
    return;
  }
  const told = untold;
  untold = {};
  if (Object.keys(told).length) {
    setProps("ops", told);
  }
}
