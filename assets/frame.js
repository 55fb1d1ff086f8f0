// The page's frame: panels that fold and are resized, and the graph alone for a projector. Widths and
// what is folded are kept per browser, and apply before anything is drawn.

import { register } from "./actions.js";
import { fit } from "./canvas/camera.js";
import { around } from "./dom.js";
import { send } from "./events.js";
import { isDialogOpen } from "./keys.js";
import { remember } from "./remembered.js";

/**
 * @typedef {"left" | "right"} Side
 * @typedef {Record<Side, number>} Widths pixels
 * @typedef {Record<Side, boolean>} Folded
 * @typedef {{widths: Partial<Widths>, folded: Partial<Folded>}} Kept what a person has chosen
 */

const STORED = "frame";
/** @type {Side[]} */
const SIDES = ["left", "right"];
/** @type {Widths} */
const LEAST = { left: 160, right: 200 };
const MIDDLE = 300; // that the graph always has
const SPLITTER = 5;
const NARROW = 820; // below it, the tree is folded unless a person unfolds it
const NARROW_FOR_TWO = 1700; // the same where two graphs are side by side
const STEP = 16; // of a key

/** @returns {Kept} */
function remembered() {
  try {
    const { widths, folded } = JSON.parse(window.localStorage.getItem(STORED) || "{}");
    return { widths: { ...widths }, folded: { ...folded } };
  } catch {
    return { widths: {}, folded: {} }; // storage may be forbidden, or hold something else
  }
}

const kept = remembered();

function keep() {
  try {
    window.localStorage.setItem(STORED, JSON.stringify(kept));
  } catch {
    // then it is for this visit alone
  }
  rememberPanels();
}

function rememberPanels() {
  const [left, right] = SIDES.map(
    (side) => `${kept.widths[side] ?? ""}${kept.folded[side] ? "f" : ""}`,
  );
  remember({ left, right });
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function between(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

/**
 * How wide both panels are, so that the graph has room: as wanted, else less, the right one first.
 * @param {Partial<Widths>} wanted nothing for what goes by the window
 * @param {Folded} folded
 * @param {number} available width of the window
 * @returns {Widths}
 */
export function panelWidths(wanted, folded, available) {
  const left = Number(wanted.left) || between(available * 0.175, 200, 340);
  const right = Number(wanted.right) || between(available * 0.215, 250, 440);
  const room = available - MIDDLE - 2 * SPLITTER;
  const leastLeft = folded.left ? 0 : LEAST.left;
  const ofRight = folded.right
    ? 0
    : Math.round(between(right, LEAST.right, Math.max(LEAST.right, room - leastLeft)));
  const ofLeft = folded.left
    ? 0
    : Math.round(between(left, LEAST.left, Math.max(LEAST.left, room - ofRight)));
  return { left: ofLeft, right: ofRight };
}

/** @returns {Folded} */
function foldedNow() {
  const least = document.querySelector(".comparing, .measuring") ? NARROW_FOR_TWO : NARROW;
  const { left = window.innerWidth < least, right = false } = kept.folded;
  return { left: Boolean(left), right: Boolean(right) };
}

/** Let the page be as it was chosen. */
function apply() {
  const folded = foldedNow();
  const widths = panelWidths(kept.widths, folded, window.innerWidth);
  const root = document.documentElement;
  const most = window.innerWidth - MIDDLE - 2 * SPLITTER - widths.left - widths.right;
  for (const side of SIDES) {
    root.style.setProperty(`--${side}-width`, `${widths[side]}px`);
    root.classList.toggle(`${side}-folded`, folded[side]);
    const splitter = document.getElementById(`split-${side}`);
    splitter?.setAttribute("aria-valuenow", String(widths[side]));
    splitter?.setAttribute("aria-valuemin", "0");
    splitter?.setAttribute("aria-valuemax", String(Math.max(widths[side], widths[side] + most)));
    const button = document.getElementById(`fold-${side}`);
    button?.setAttribute("aria-expanded", String(!folded[side]));
  }
}

/**
 * @param {Side} side
 * @param {boolean} isFolded
 */
function fold(side, isFolded) {
  kept.folded[side] = isFolded;
  keep();
  apply();
}

/**
 * Unfold a panel, if it is folded: something in it is to be seen.
 * @param {Side} side
 */
export function unfold(side) {
  present(false);
  if (foldedNow()[side]) {
    fold(side, false);
  }
}

/** @param {Side} side */
function toggle(side) {
  fold(side, !foldedNow()[side]);
}

/** Fold both panels; unfold both where both are folded. */
function toggleBoth() {
  const { left, right } = foldedNow();
  SIDES.forEach((side) => fold(side, !(left && right)));
}

/**
 * Resize a panel; one that gets far below its least width is folded.
 * @param {Side} side
 * @param {number} width pixels
 */
function resize(side, width) {
  const isFolded = width < LEAST[side] / 2;
  if (!isFolded) {
    const other = side === "left" ? "right" : "left";
    const taken = foldedNow()[other] ? 0 : panelWidths(kept.widths, foldedNow(), window.innerWidth)[other];
    const most = window.innerWidth - MIDDLE - 2 * SPLITTER - taken;
    kept.widths[side] = Math.round(between(width, LEAST[side], Math.max(LEAST[side], most)));
  }
  kept.folded[side] = isFolded;
  apply();
}

/**
 * The splitter at an event, and its side.
 * @param {Event} event
 * @returns {{element: HTMLElement, side: Side} | null}
 */
function splitterAt(event) {
  const element = around(event, ".splitter");
  const side = element?.dataset.side;
  return element && (side === "left" || side === "right") ? { element, side } : null;
}

/** @param {PointerEvent} start */
function onPress(start) {
  const splitter = start.button === 0 ? splitterAt(start) : null;
  if (!splitter) {
    return;
  }
  const { element, side } = splitter;
  const width = foldedNow()[side] ? 0 : panelWidths(kept.widths, foldedNow(), window.innerWidth)[side];
  const way = side === "left" ? 1 : -1;
  /** @param {PointerEvent} event */
  const onMove = (event) => {
    if (event.clientX !== start.clientX || element.classList.contains("dragged")) {
      element.classList.add("dragged");
      document.body.classList.add("resizing");
      resize(side, width + way * (event.clientX - start.clientX));
    }
  };
  const onEnd = () => {
    element.removeEventListener("pointermove", onMove);
    element.classList.remove("dragged");
    document.body.classList.remove("resizing");
    keep();
  };
  element.setPointerCapture(start.pointerId);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("lostpointercapture", onEnd, { once: true });
}

/** @param {KeyboardEvent} event */
function onSplitterKey(event) {
  const splitter = splitterAt(event);
  if (!splitter || event.ctrlKey || event.altKey || event.metaKey) {
    return false;
  }
  const { side } = splitter;
  const folded = foldedNow();
  const width = panelWidths(kept.widths, { ...folded, [side]: false }, window.innerWidth)[side];
  const wider = side === "left" ? "ArrowRight" : "ArrowLeft";
  const narrower = side === "left" ? "ArrowLeft" : "ArrowRight";
  const step = event.shiftKey ? 4 * STEP : STEP;
  if (event.key === "Enter" || event.key === " ") {
    toggle(side);
  } else if (event.key === wider) {
    resize(side, folded[side] ? width : width + step);
  } else if (event.key === narrower && !folded[side]) {
    // From the least width, the next step folds.
    resize(side, width === LEAST[side] ? 0 : Math.max(LEAST[side], width - step));
  } else if (event.key === "Home" || event.key === "End") {
    resize(side, event.key === "Home" ? LEAST[side] : Infinity);
  } else {
    return event.key.startsWith("Arrow");
  }
  keep();
  return true;
}

function isPresenting() {
  return document.documentElement.classList.contains("presenting");
}

/**
 * Show the graph alone, or all of the page again.
 * @param {boolean} wanted
 */
function present(wanted) {
  if (isPresenting() === wanted) {
    return;
  }
  if (wanted && document.querySelector(".tools.table")) {
    send({ type: "tab", value: "graph" });
  }
  document.documentElement.classList.toggle("presenting", wanted);
  requestAnimationFrame(fit);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const isOurs =
    onSplitterKey(event) ||
    (event.key.toLowerCase() === "b" && (event.ctrlKey || event.metaKey) && !event.altKey &&
      (toggle("left"), true)) ||
    (event.key === "Escape" && isPresenting() && !isDialogOpen() && (present(false), true));
  if (isOurs) {
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The frame's parts are on the page. @returns {boolean} */
export function bindFrame() {
  const isThere = Boolean(document.getElementById("split-left"));
  if (isThere) {
    apply();
  }
  return isThere;
}

register({
  "fold-left": () => toggle("left"),
  "fold-right": () => toggle("right"),
  "fold-both": toggleBoth,
  "unfold-left": () => unfold("left"),
  present: () => present(!isPresenting()),
});
document.addEventListener("pointerdown", onPress);
document.addEventListener("dblclick", function (event) {
  const splitter = splitterAt(event);
  if (splitter) {
    toggle(splitter.side);
  }
});
document.addEventListener("keydown", onKey, true);
window.addEventListener("resize", apply);
window.addEventListener("comparing", apply);
rememberPanels();
apply();
