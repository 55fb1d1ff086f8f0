// The compare tab: which graph to compare with, the job that compares, and the table sorted by a
// column.

import { register } from "../actions.js";
import { setProps } from "../dash.js";
import { byId, put } from "../dom.js";
import { send } from "../events.js";

/**
 * @import { At, Comparison, PanelAnswer } from "../protocol.js"
 * @typedef {"before" | "after"} Role
 */

let compares = false; // whether there is a comparison to colour by
let other = ""; // the other graph, as ROLE:KEY
let wanted = ""; // the comparison that a job was last started for
let offered = ""; // the server's files that the field offers
let drawn = ""; // the comparison that was drawn last because a job had made it
let wantedDifference = -1; // the one that was asked for last, which may be yet to be shown

/** Whether the graph can be coloured by a comparison. */
export function canColourByComparison() {
  return compares;
}

/** @returns {Role} */
function role() {
  const checked = document.querySelector("#compare-role input:checked");
  return checked instanceof HTMLInputElement && checked.value === "before" ? "before" : "after";
}

/** @param {string} line */
function sayWhyNot(line) {
  put("compare-content", {
    type: "p", props: { className: "unreadable", role: "alert", children: line },
  });
}

/**
 * Show which comparison the tab is of, and start its job where it needs one.
 * @param {Comparison} comparison
 * @param {At} at where the page is
 */
export function showComparison(comparison, { model, state }) {
  compares = comparison.compares;
  const box = byId("compare-box");
  if (box instanceof HTMLDetailsElement && comparison.other !== other) {
    box.open = !comparison.other; // a choice that was made steps back
  }
  other = comparison.other;
  const side = other.split(":")[0];
  if (other && side !== role()) {
    setProps("compare-role", { value: side });
  }
  const key = `${model} ${other}`;
  if (comparison.is_wanted && wanted !== key) {
    setProps("compare-wanted", { data: { model, compared: other } });
  }
  wanted = comparison.is_wanted ? key : "";
  markDifference(state.difference);
  if (comparison.compares && drawn !== key && byId("other-canvas").hidden) {
    drawn = key;
    send({ type: "redraw" }); // the job has ended since: now with the other graph beside it
  }
}

/**
 * Offer the server's files.
 * @param {NonNullable<PanelAnswer["files"]>} files
 */
export function offerFiles(files) {
  if (JSON.stringify(files) !== offered) {
    offered = JSON.stringify(files);
    for (const name of ["compare-files", "parity-files"]) {
      setProps(name, { data: files });
      setProps(`${name}-box`, { hidden: false });
    }
  }
}

/**
 * A job has compared, or says why it could not.
 * @param {{model: string, compared: string, error?: string} | null} made
 * @param {() => Promise<void>} refresh asks for the panel anew
 */
export async function comparisonMade(made, refresh) {
  if (!made || `${made.model} ${made.compared}` !== wanted) {
    return;
  }
  if (made.error !== undefined) {
    sayWhyNot(made.error);
    return;
  }
  await refresh();
  if (wanted) {
    sayWhyNot("The comparison was given up before it was shown: choose the file again.");
  }
}

/**
 * Compare with another graph, which has come in under a key.
 * @param {string | null} key
 */
export function compareWith(key) {
  if (key) {
    send({ type: "compare", value: `${role()}:${key}` });
  }
}

/**
 * Compare the other way round.
 * @param {Role | null} side that the other graph is on
 */
export function compareAs(side) {
  const [before, key] = other.split(":");
  if (key && side && side !== before) {
    send({ type: "compare", value: `${side}:${key}` });
  }
}

/**
 * @param {HTMLTableRowElement} row
 * @param {number} column
 */
function text(row, column) {
  return (row.cells[column].textContent ?? "").replaceAll(",", "") || "0";
}

/**
 * Sort a table by a column. Numbers are wanted largest first, names from the start of the alphabet.
 * @param {HTMLElement} button in the column's head
 */
function sortBy(button) {
  const head = button.closest("th");
  const table = button.closest("table");
  if (!head || !table) {
    return;
  }
  const column = head.cellIndex;
  const before = head.getAttribute("aria-sort");
  const isRising = column === 0 ? before !== "ascending" : before === "descending";
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  const rows = Array.from(table.tBodies[0].rows)
    .sort((one, another) => compare(text(one, column), text(another, column)));
  table.tBodies[0].append(...(isRising ? rows : rows.reverse()));
  for (const cell of head.parentElement?.children ?? []) {
    cell.setAttribute("aria-sort", "none");
  }
  head.setAttribute("aria-sort", isRising ? "ascending" : "descending");
}

/** @returns {HTMLElement[]} The differences that are listed, but those of kinds left out. */
function listed() {
  const all = document.querySelectorAll("#compare-content .difference");
  return Array.from(all).filter((one) => one instanceof HTMLElement)
    .filter((one) => one.getClientRects().length > 0);
}

/**
 * Mark the difference that is looked at in the list.
 * @param {number} number
 */
export function markDifference(number) {
  wantedDifference = number;
  for (const one of document.querySelectorAll("#compare-content .difference")) {
    const isIt = one instanceof HTMLElement && one.dataset.value === String(number);
    one.toggleAttribute("aria-current", isIt);
    if (isIt) {
      one.scrollIntoView({ block: "nearest" });
    }
  }
  const shown = listed();
  const at = shown.findIndex((one) => one.hasAttribute("aria-current"));
  const note = document.getElementById("difference-at");
  if (note) {
    note.textContent = at < 0 ? `${shown.length}` : `${at + 1} of ${shown.length}`;
  }
}

/**
 * Show the difference after or before the one that is looked at, round and round.
 * @param {1 | -1} step
 */
function goToDifference(step) {
  const shown = listed();
  const at = shown.findIndex((one) => one.dataset.value === String(wantedDifference));
  const next = at < 0 && step < 0 ? -1 : at + step;
  const number = shown.at(next % (shown.length || 1))?.dataset.value;
  if (number !== undefined) {
    wantedDifference = Number(number);
    send({ type: "difference", value: number });
  }
}

/**
 * Leave differences of a kind out, or list them again.
 * @param {string} kind
 * @param {HTMLElement} button
 */
function filterDifferences(kind, button) {
  const isOut = byId("compare-content").classList.toggle(`no-${kind}`);
  button.setAttribute("aria-pressed", String(!isOut));
}

register({
  "show-difference": (number) => send({ type: "difference", value: number ?? "" }),
  "next-difference": () => goToDifference(1),
  "previous-difference": () => goToDifference(-1),
  "filter-differences": (kind, button) => filterDifferences(kind ?? "", button),
  "select-other-op": (op) => send({ type: "select-other", value: ["op", op ?? ""] }),
  "sort-column": (_value, button) => sortBy(button),
});
