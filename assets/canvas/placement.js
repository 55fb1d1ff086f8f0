// Where something small goes that belongs to a point of the window.

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{width: number, height: number}} Size
 * @typedef {{left: number, top: number, right: number, bottom: number}} Area
 */

const AWAY = 14; // pixels from the pointer, which is never covered

/**
 * The upper left corner of a menu: at the point, or as far from it as the window needs.
 * @param {Point} at
 * @param {Size} menu
 * @param {Size} window
 * @returns {Point}
 */
export function placeMenu(at, menu, window) {
  return {
    x: Math.max(0, Math.min(at.x, window.width - menu.width)),
    y: Math.max(0, Math.min(at.y, window.height - menu.height)),
  };
}

/**
 * The upper left corner of a card: below the pointer and to its right, or where there is room;
 * within an area, and never under the pointer. `null` if it fits nowhere.
 * @param {Point} pointer
 * @param {Size} card
 * @param {Area} area
 * @returns {Point | null}
 */
export function placeCard(pointer, card, area) {
  const within = (/** @type {number} */ low, /** @type {number} */ wish, /** @type {number} */ high) =>
    Math.max(low, Math.min(wish, high));
  const x = within(area.left, pointer.x + AWAY, area.right - card.width);
  const below = pointer.y + AWAY;
  const above = pointer.y - AWAY - card.height;
  if (card.width > area.right - area.left || card.height > area.bottom - area.top) {
    return null;
  }
  if (below + card.height <= area.bottom) {
    return { x, y: below };
  }
  if (above >= area.top) {
    return { x, y: above };
  }
  // Neither below nor above: beside it.
  const y = within(area.top, pointer.y - card.height / 2, area.bottom - card.height);
  if (pointer.x + AWAY + card.width <= area.right) {
    return { x: pointer.x + AWAY, y };
  }
  const left = pointer.x - AWAY - card.width;
  return left >= area.left ? { x: left, y } : null;
}
