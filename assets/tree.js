// The module tree: which row is marked, and the keys of a tree, this one or another, as screen
// readers expect them.

import { around, byId } from "./dom.js";
import { send } from "./events.js";

/** @type {string | null} Key of the row of what is selected. */
let current = null;
/** @type {string | null} Key of the row that has the keyboard. */
let focused = null;

/** @type {{counts: Record<string, number>, named: Set<string>}} What was searched for, by row. */
let found = { counts: {}, named: new Set() };

/** @param {Element} tree @returns {HTMLElement[]} */
function rows(tree = byId("tree")) {
  return Array.from(tree.querySelectorAll("[role=treeitem]"));
}

/** @param {HTMLElement} row */
function level(row) {
  return Number(row.getAttribute("aria-level"));
}

/** @param {HTMLElement | undefined} row */
function focus(row) {
  const tree = row?.closest("[role=tree]");
  if (row && tree) {
    rows(tree).forEach((other) => other.setAttribute("tabindex", other === row ? "0" : "-1"));
    row.focus();
  }
}

function mark() {
  for (const row of rows()) {
    const chosen = current !== null && row.dataset.key === current;
    row.classList.toggle("current", chosen);
    row.setAttribute("aria-selected", String(chosen));
    if (chosen) {
      row.scrollIntoView({ block: "nearest" });
    }
  }
}

/**
 * Mark the row of what is selected on the canvas.
 * @param {string | null} key
 */
export function markRow(key) {
  current = key;
  mark();
}

/**
 * Say of each row how much of what was searched for is in its box.
 * @param {Record<string, number>} counts by the key of a row
 * @param {string[]} named keys of rows whose own module was found
 */
export function markRows(counts, named) {
  found = { counts, named: new Set(named) };
  for (const row of rows()) {
    const key = row.dataset.key ?? "";
    row.querySelector(".row-matches")?.remove();
    row.classList.toggle("named", found.named.has(key));
    const count = row.getAttribute("aria-expanded") === "true" ? 0 : found.counts[key] ?? 0;
    if (count) {
      const number = document.createElement("span");
      number.className = "row-matches";
      number.textContent = count.toLocaleString("en");
      number.title = count === 1 ? "1 op found in it" : `${number.textContent} ops found in it`;
      row.insertBefore(number, row.querySelector(".count"));
    }
  }
}

/** New rows are new elements: they take over the mark and the keyboard. */
export function rowsReplaced() {
  mark();
  markRows(found.counts, [...found.named]);
  if (focused !== null && document.activeElement === document.body) {
    focus(rows().find((row) => row.dataset.key === focused));
  }
}

/**
 * Select the module or call of a row, or open its section.
 * @param {HTMLElement} row
 */
export function choose(row) {
  const { key = "", fqn = "" } = row.dataset;
  focus(row);
  if (row.classList.contains("section-row")) {
    send({ type: "toggle", value: key });
  } else if (row.classList.contains("call-row")) {
    send({ type: "call", value: key });
  } else {
    send({ type: "reveal-module", value: fqn });
  }
}

/**
 * Give the keyboard to the row of a box.
 * @param {string} key
 */
export function goToRow(key) {
  const row = rows().find((one) => one.dataset.key === key);
  row?.scrollIntoView({ block: "center" });
  focus(row);
}

/**
 * Press what opens or closes a row.
 * @param {HTMLElement} row
 * @returns {boolean} whether it has that: the root has not, nor has what nothing is in
 */
function toggle(row) {
  const chevron = row.querySelector(".chevron[data-event]");
  if (chevron instanceof HTMLElement) {
    chevron.click();
  }
  return chevron !== null;
}

/** Press the check mark of a row, if it has one. @param {HTMLElement} row */
function check(row) {
  const box = row.querySelector(".mark-box");
  if (box instanceof HTMLElement && !row.matches(".section-row, .call-row")) {
    box.click();
  }
}

/**
 * What a key does on a row of a tree, be it the one of the graph or another.
 * @param {HTMLElement} row
 * @param {string} key
 * @returns {boolean} whether the key means something to the tree
 */
export function pressKey(row, key) {
  const all = rows(row.closest("[role=tree]") ?? document.body);
  const at = all.indexOf(row);
  const isOpen = row.getAttribute("aria-expanded") === "true";
  switch (key) {
    case "ArrowDown":
      focus(all[at + 1]);
      return true;
    case "ArrowUp":
      focus(all[at - 1]);
      return true;
    case "Home":
      focus(all[0]);
      return true;
    case "End":
      focus(all[all.length - 1]);
      return true;
    case "ArrowRight":
      if (!isOpen) {
        toggle(row);
      } else if (all[at + 1] && level(all[at + 1]) > level(row)) {
        focus(all[at + 1]);
      }
      return true;
    case "ArrowLeft":
      if (!isOpen || !toggle(row)) {
        focus(all.slice(0, at).reverse().find((other) => level(other) < level(row)));
      }
      return true;
    case "Enter":
      row.click();
      return true;
    case " ":
      check(row);
      return true;
    default:
      return false;
  }
}

// A click on the canvas gives it the keyboard, without an element that gets the focus.
document.addEventListener("pointerdown", function (event) {
  if (!around(event, "#tree")) {
    focused = null;
  }
});
document.addEventListener("focusin", function (event) {
  const row = around(event, "#tree [data-key]");
  focused = row ? row.dataset.key ?? null : null;
});
