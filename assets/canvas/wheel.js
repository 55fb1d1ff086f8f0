// What a wheel event means. Browsers send the same event for a mouse's wheel, for two fingers on a
// touchpad and for a pinch there; maps tell them apart by their numbers, and so does this.

/**
 * @typedef {Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode" | "ctrlKey" | "metaKey" | "shiftKey">}
 *   Wheel
 * @typedef {{isTouchpad: boolean, time: number}} Device What sent the last event, and when in ms.
 * @typedef {{zoom: number} | {dx: number, dy: number}} Move A factor, or pixels to scroll by.
 */

const GESTURE = 400; // ms of rest after which another device may be in use
const NOTCH = 50; // pixels that a mouse's wheel scrolls by at least
const MAC_NOTCH = 4.000244140625; // pixels of a slow notch on macOS, of which fast ones are multiples
const LINE = 33; // pixels of a line, in which Firefox counts a mouse's wheel
const PER_PIXEL = 0.00182; // of zoom, so that a notch of 100 pixels is a fifth
const PINCH = 0.01; // the same for fingers, which move few pixels
const MOST = 1.5; // factor of one event

/**
 * What sends an event: a touchpad scrolls sideways and by small steps, a mouse's wheel by notches. A
 * gesture stays what it began as, whatever its later steps look like.
 * @param {Wheel} event
 * @param {Device} before
 * @param {number} time in ms
 * @returns {Device}
 */
export function deviceOf(event, before, time) {
  const isSideways = event.deltaX !== 0 && !event.shiftKey; // Shift turns a mouse's wheel aside
  const isNotched = event.deltaMode !== 0 || (event.deltaY !== 0 && event.deltaY % MAC_NOTCH === 0);
  if (isSideways || isNotched) {
    return { isTouchpad: isSideways, time };
  }
  const size = Math.max(Math.abs(event.deltaX), Math.abs(event.deltaY));
  const isOn = time - before.time < GESTURE;
  return { isTouchpad: isOn ? before.isTouchpad : size < NOTCH, time };
}

/**
 * What an event does to the view. Ctrl is what browsers say of a pinch.
 * @param {Wheel} event
 * @param {boolean} isTouchpad
 * @returns {Move}
 */
export function moveOf({ deltaX, deltaY, deltaMode, ctrlKey, metaKey, shiftKey }, isTouchpad) {
  const unit = deltaMode === 0 ? 1 : LINE;
  const [dx, dy] = [deltaX * unit, deltaY * unit];
  if (ctrlKey || metaKey || (!isTouchpad && !shiftKey)) {
    const speed = ctrlKey && Math.abs(dy) < NOTCH ? PINCH : PER_PIXEL;
    return { zoom: Math.min(MOST, Math.max(1 / MOST, Math.exp(-dy * speed))) };
  }
  return shiftKey && dx === 0 ? { dx: dy, dy: 0 } : { dx, dy };
}
