// Which names of boxes are shown over a canvas, and where.
//
//     ┌ encoder ────────┐       The top of the view between the two: a name at it says
//     │ ┌ layer.0 ────┐ │       "encoder › layer.0". Zoomed out, each open box has its
//     ─ ─ ─ ─ ─ ─ ─ ─ ─ ─       name where its title is, a closed one in its middle.

import { SMALLEST, fitted } from "./cut.js";
import { TITLE } from "./instance.js";

/** @import { Fitted, Measure } from "./cut.js" */

const LARGEST = 13; // of type, in pixels
const PINNED = 12;
const INSET = 5; // pixels around a title
const CHEVRON = 18; // units of the model in which a box has its chevron
const WITH_CHEVRON = [56, 20]; // pixels of a closed box from which it has one
const FLAT = 7; // pixels of a closed box that hold a line of the smallest type
const TEXT_ENDS = 0.9; // of a title's strip
const HOLDS = 58; // pixels of an open box out of whose title a name leaves something of it
const MOST = 150; // names at once

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Area
 * @typedef {{zoom: number, x: number, y: number, width: number, height: number}} View
 *
 * @typedef {object} Named
 * @property {string} id
 * @property {string} name
 * @property {string[]} siblings names of the boxes within the same one
 * @property {boolean} isOpen
 * @property {string} fill
 * @property {string} ink
 * @property {number} titled from the left side to the end of its title, in units of the model
 * @property {Area} at in units of the model
 *
 * @typedef {Fitted & {box: Named, x: number, y: number, height: number}} Placed In pixels; its
 *   width includes what is kept free around the text.
 *
 * @typedef {object} Means
 * @property {boolean} isSmall whether labels of the canvas are too small to be read
 * @property {() => Area[]} labels where those are, in units of the model
 * @property {Measure} measure
 */

/**
 * Which names to show, and where: those out of whose boxes' titles one has scrolled, then those of
 * outer and of large boxes, none over another.
 * @param {Named[]} boxes outer ones first
 * @param {View} view
 * @param {Means} means
 * @returns {Placed[]}
 */
export function placed(boxes, view, { isSmall, labels, measure }) {
  const { zoom } = view;
  const strip = TITLE * zoom;
  const seen = boxes.map((box) => ({ box, area: onScreen(box.at, view) })).filter(
    ({ area }) => area.right > 0 && area.bottom > 0 && area.left < view.width &&
      area.top < view.height,
  );
  const isAbove = (/** @type {Seen} */ { box, area }) =>
    box.isOpen && area.top + TEXT_ENDS * strip <= 0;
  const readable = isSmall ? () => [] : () => labels().map((label) => onScreen(label, view));
  const found = pinned(seen.filter(isAbove), view, readable, measure);
  for (const one of seen) {
    const { box, area } = one;
    const isLeft = box.isOpen && area.left + box.titled * zoom <= 0;
    if (isAbove(one) || !(isSmall || isLeft) || found.length >= MOST) {
      continue;
    }
    const place = box.isOpen ? inTitle(one, view, measure) : inMiddle(one, zoom, measure);
    const words = !isSmall && place ? readable() : [];
    if (place && ![...found.map(areaOf), ...words].some((other) => isOver(other, areaOf(place)))) {
      found.push(place);
    }
  }
  return found;
}

/** @typedef {{box: Named, area: Area}} Seen A box, and where it is in pixels */

/**
 * The names of boxes that the top of the view goes through: where one fills most of what is in
 * sight of another, its own after that of the other.
 * @param {Seen[]} above
 * @param {View} view
 * @param {() => Area[]} readable labels that a name must not stand on
 * @param {Measure} measure
 */
function pinned(above, view, readable, measure) {
  const span = (/** @type {Seen} */ { area }) =>
    Math.min(area.right, view.width) - Math.max(area.left, 0);
  const open = above.filter(({ area }) => area.bottom >= HOLDS);
  const height = heightOf(PINNED);
  /** @type {Placed[]} */
  const found = [];
  for (const one of open.toReversed()) {
    if (open.some((other) => isWithin(other, one) && span(other) >= span(one) / 2)) {
      continue;
    }
    const names = above.filter((other) => isWithin(one, other)).map(({ box }) => box.name);
    const low = Math.max(one.area.left, 0) + INSET;
    const high = Math.min(one.area.right, view.width) - INSET;
    const row = { left: low, right: high, top: INSET, bottom: INSET + height };
    // What the top of the view cuts off is not read there.
    const words = readable().filter(({ top }) => top >= 0);
    const taken = [...found.map(areaOf), ...words].filter((other) => isOver(other, row));
    const place = paths(names, one.box, high - low - 2 * INSET, measure).map(function (text) {
      const width = text.width + 2 * INSET;
      const starts = [low, high - width, ...taken.map(({ right }) => right + 2)];
      const x = starts.find((left) => left >= low && left + width <= high &&
        !taken.some((other) => isOver(other, { ...row, left, right: left + width })));
      return x === undefined ? null : { ...text, box: one.box, x, y: INSET, width, height };
    }).find(Boolean);
    if (place) {
      found.push(place);
    }
  }
  return found;
}

/**
 * A box's name after those around it, then after fewer of them, then what there is room for.
 * @param {string[]} around outermost first
 * @param {Named} box
 * @param {number} room
 * @param {Measure} measure
 * @returns {Fitted[]}
 */
function paths(around, { name, siblings }, room, measure) {
  const shorter = around.map((_, at) => ["…", ...around.slice(at + 1), name]);
  const texts = [[...around, name], ...shorter, [name]].map((names) => names.join(" › "));
  const whole = texts.map((text) => ({ text, size: PINNED, width: measure(text) * PINNED }));
  const cut = fitted(name, siblings, room, PINNED, measure);
  return cut ? [...whole, cut] : whole;
}

/**
 * Where an open box has its title, or the part of that which is in sight.
 * @param {Seen} seen
 * @param {View} view
 * @param {Measure} measure
 * @returns {Placed | null}
 */
function inTitle({ box, area }, view, measure) {
  const strip = TITLE * view.zoom;
  const largest = Math.min(LARGEST, Math.max(SMALLEST, Math.floor(0.8 * strip)));
  const x = Math.max(area.left + Math.max(INSET, CHEVRON * view.zoom), INSET);
  const room = Math.min(area.right, view.width) - x - 2 * INSET;
  const text = fitted(box.name, box.siblings, room, largest, measure);
  if (!text) {
    return null;
  }
  const height = heightOf(text.size);
  const y = Math.max(area.top + Math.max(1, (strip - height) / 2), 0);
  const padded = { ...text, width: text.width + INSET };
  return y + height < area.bottom ? { ...padded, box, x, y, height } : null;
}

/**
 * In the middle of a closed box, beside its chevron.
 * @param {Seen} seen
 * @param {number} zoom
 * @param {Measure} measure
 * @returns {Placed | null}
 */
function inMiddle({ box, area }, zoom, measure) {
  const [wide, high] = [area.right - area.left, area.bottom - area.top];
  const hasChevron = wide >= WITH_CHEVRON[0] && high >= WITH_CHEVRON[1];
  const left = area.left + (hasChevron ? CHEVRON * zoom : 2);
  const room = area.right - 2 - left;
  const largest = Math.min(LARGEST, Math.max(SMALLEST, Math.floor(0.75 * high)));
  const text = high >= FLAT ? fitted(box.name, box.siblings, room, largest, measure) : null;
  if (!text) {
    return null;
  }
  const height = heightOf(text.size);
  const y = (area.top + area.bottom - height) / 2;
  return { ...text, box, x: left + (room - text.width) / 2, y, height };
}

/** @param {number} size */
function heightOf(size) {
  return Math.round(1.35 * size);
}

/**
 * @param {Area} area in units of the model
 * @param {View} view
 * @returns {Area}
 */
function onScreen({ left, top, right, bottom }, { zoom, x, y }) {
  return {
    left: left * zoom + x, right: right * zoom + x, top: top * zoom + y, bottom: bottom * zoom + y,
  };
}

/**
 * @param {Placed} place
 * @returns {Area}
 */
function areaOf({ x, y, width, height }) {
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/**
 * Whether words would stand on others; lines of type may touch.
 * @param {Area} one
 * @param {Area} other
 */
function isOver(one, other) {
  return one.left < other.right && other.left < one.right &&
    one.top < other.bottom - 2 && other.top < one.bottom - 2;
}

/**
 * @param {Seen} inner
 * @param {Seen} outer
 */
function isWithin(inner, outer) {
  const [one, other] = [inner.box.at, outer.box.at];
  return inner !== outer && one.left >= other.left && one.right <= other.right &&
    one.top >= other.top && one.bottom <= other.bottom;
}
