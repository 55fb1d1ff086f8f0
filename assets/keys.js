// The keyboard on the page: walking along edges, opening, tracing, searching.

import { perform, register } from "./actions.js";
import { fit, zoom, zoomTo } from "./canvas/camera.js";
import { holdSpace } from "./canvas/navigate.js";
import { showMatches } from "./canvas/matches.js";
import { trace } from "./canvas/trace.js";
import { leave, openSelected, walk } from "./canvas/walk.js";
import { around, byId, field } from "./dom.js";
import { send } from "./events.js";
import { pressKey } from "./tree.js";

/** @type {Record<string, () => void>} */
const KEYS = {
  ArrowDown: () => walk("down"),
  ArrowUp: () => walk("up"),
  ArrowLeft: () => walk("left"),
  ArrowRight: () => walk("right"),
  Enter: openSelected,
  Escape: function () {
    if (field("search").value) {
      clearSearch();
    } else {
      leave();
    }
  },
  ",": () => send({ type: "step", value: -1 }),
  ".": () => send({ type: "step", value: 1 }),
  f: fit,
  1: fit,
  0: () => zoomTo(1),
  "+": () => zoom(1.25),
  "=": () => zoom(1.25),
  "-": () => zoom(0.8),
  n: () => goOn(1),
  N: () => goOn(-1),
  p: () => perform("present"),
  u: () => trace("up"),
  d: () => trace("down"),
  b: () => trace("between"),
  "[": () => perform("fold-left"),
  "]": () => perform("fold-right"),
  "\\": () => perform("fold-both"),
  c: () => perform("copy-link"),
  F2: () => perform("rename-module"),
  z: () => send({ type: "undo" }),
  y: () => send({ type: "redo" }),
  t: () => perform("start-tour"),
  "?": () => perform("show-keys"),
  "/": search,
  " ": () => holdSpace(true),
};

function search() {
  perform("unfold-left");
  field("search").focus();
  field("search").select();
}

/**
 * What people press with Ctrl or ⌘ in any program. Where something is typed, undoing is the field's.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} target
 */
function onCommand(event, target) {
  const key = event.key.toLowerCase();
  const isRedo = key === "y" || (key === "z" && event.shiftKey);
  if (event.altKey || isDialogOpen()) {
    return;
  }
  if (key === "f" && !event.shiftKey) {
    event.preventDefault();
    search();
  } else if ((isRedo || key === "z") && !takesTyping(target, key)) {
    event.preventDefault();
    send({ type: isRedo ? "redo" : "undo" });
  }
}

/** Search for nothing any more: the marks go at once, the list of hits as if the text was deleted. */
function clearSearch() {
  const input = field("search");
  showMatches({ elements: {}, named: [] });
  // React keeps a value of its own, which only follows what the browser's setter and event say.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, "");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * The next or previous difference of two graphs that are compared, or op that the search finds.
 * @param {1 | -1} step
 */
function goOn(step) {
  if (document.querySelector(".measuring #next-divergence")) {
    perform(step > 0 ? "next-divergence" : "previous-divergence");
  } else if (document.querySelector(".comparing")) {
    perform(step > 0 ? "next-difference" : "previous-difference");
  } else {
    goToMatch(step);
  }
}

/**
 * The next or previous op that the search finds.
 * @param {1 | -1} step
 */
function goToMatch(step) {
  const query = field("search").value;
  if (query) {
    send({ type: "match", value: { query, step } });
  }
}

register({
  "next-match": () => goToMatch(1),
  "previous-match": () => goToMatch(-1),
});

/**
 * Whether a field takes what is typed. What cannot be typed into, such as the menu of colours and
 * the tabs, keeps only the keys that work it.
 * @param {Element} target
 * @param {string} key
 */
function takesTyping(target, key) {
  if (!/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) {
    return false;
  }
  const { readOnly, type } = /** @type {HTMLInputElement} */ (target);
  const cannotBeTypedInto = readOnly || type === "radio";
  return !cannotBeTypedInto || /^(Escape|Enter| |Tab|Home|End|Arrow.*)$/.test(key);
}

const DIALOGS = ".mantine-Modal-content, .menu, dialog[open]";

/** Whether a dialog or a menu is over the page; one that is closed may still be in it. */
export function isDialogOpen() {
  const dialogs = document.querySelectorAll(DIALOGS);
  return Array.from(dialogs).some((dialog) => dialog.getClientRects().length > 0);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { key, target } = event;
  if (!(target instanceof HTMLElement)) {
    return;
  }
  if (key === "ContextMenu" || (key === "F10" && event.shiftKey)) {
    if (!takesTyping(target, key) && !isDialogOpen()) {
      event.preventDefault();
      perform("open-menu");
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) {
    onCommand(event, target);
    return;
  }
  if (key === "Enter" && target.id === "search") {
    send({ type: "search", value: field("search").value });
    target.blur(); // the next keys are the graph's: `n`, arrows, Enter
    byId("graph").focus({ preventScroll: true });
    return;
  }
  const move = around(event, ".move");
  if (key === "Enter" && move) {
    move.querySelector("button")?.click();
    return;
  }
  if (takesTyping(target, key)) {
    if (key === "Escape") {
      if (target.id === "search") {
        event.preventDefault(); // the browser would empty it without a word to the page
        clearSearch();
      }
      target.blur();
    }
    return;
  }
  if (isDialogOpen() || around(event, ".ag-root")) {
    return;
  }
  const row = around(event, "[role=treeitem]");
  if (key === "F2" && row?.dataset.fqn && row.closest("#tree")) {
    perform("rename-module", row.dataset.fqn);
    return;
  }
  if (row && pressKey(row, key)) {
    event.preventDefault();
    return;
  }
  if (target.matches("[role=button]") && /^(Enter| )$/.test(key)) {
    event.preventDefault();
    target.click();
    return;
  }
  // A button or tab keeps the keys that work it.
  const worked = around(event, "button, summary, [role=tab], [role=radiogroup], a[href]");
  if (worked && /^(Enter| |Arrow.*)$/.test(key)) {
    return;
  }
  const action = KEYS[key];
  if (action) {
    event.preventDefault();
    action();
  }
}

document.addEventListener("keydown", onKey);
document.addEventListener("keyup", function ({ key }) {
  if (key === " ") {
    holdSpace(false);
  }
});
window.addEventListener("blur", () => holdSpace(false));
