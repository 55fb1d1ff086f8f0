// The wheel in a notebook: it scrolls the notebook until a person has pressed into the view, and zooms
// the graph then, until the pointer leaves. A pinch, and Ctrl with the wheel, always zoom.

const SHOWN = 1400; // ms that the hint stays

/**
 * Keep the wheel from the canvas while it is the notebook's.
 * @param {HTMLElement} canvas
 * @param {HTMLElement} hint says what to do
 * @returns {() => void} to be called when the pointer leaves, which a frame with an origin of its own
 *   does not hear
 */
export function bindWheel(canvas, hint) {
  let isOurs = false;
  let timer = 0;
  window.addEventListener("pointerdown", function () {
    isOurs = true;
    hint.hidden = true;
  }, { capture: true });
  window.addEventListener("wheel", function (event) {
    const isOnCanvas = event.target instanceof Element && canvas.contains(event.target);
    if (isOurs || !isOnCanvas || event.ctrlKey || event.metaKey || document.fullscreenElement) {
      return;
    }
    event.stopImmediatePropagation(); // and not prevented: the notebook scrolls
    hint.hidden = false;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => (hint.hidden = true), SHOWN);
  }, { capture: true, passive: true });
  return function () {
    isOurs = false;
  };
}
