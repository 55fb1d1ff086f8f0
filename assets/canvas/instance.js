// The Cytoscape instance on the page, and where its nodes stand in pixels.

/** @import { Core, NodeSingular } from "cytoscape" */

/** Height of a box's title strip, in units of the model. */
export const TITLE = 26;

/**
 * The instance, once it is made: see make.js.
 * @returns {Core | null}
 */
export function cytoscape() {
  /** @type {(HTMLElement & {_cyreg?: {cy: Core}}) | null} */
  const element = document.getElementById("graph");
  return element?._cyreg ? element._cyreg.cy : null;
}

/**
 * The sides of a box in pixels of the canvas. Not its bounding box, which grows with borders and
 * highlights.
 * @param {NodeSingular} node
 */
export function sides(node) {
  const { x, y } = node.renderedPosition();
  const width = node.renderedWidth() / 2;
  const height = node.renderedHeight() / 2;
  return { left: x - width, right: x + width, top: y - height, bottom: y + height, x };
}

const PANEL = 275; // pixels that a panel takes beside a canvas that is not there yet
const SPLITTERS = 10;
const ABOVE = 135; // what bars above and below it take
const ABOVE_LOW = 105; // the same in a low window: see assets/frame.css

/**
 * Width and height of the canvas in pixels: before it is on the page, what they will be about.
 * @returns {[width: number, height: number]}
 */
export function canvasSize() {
  const element = document.getElementById("graph");
  if (element?.clientWidth) {
    return [element.clientWidth, element.clientHeight];
  }
  // As assets/frame.js has set it, before anything is drawn.
  const panels = ["left", "right"].map(function (side) {
    const width = parseFloat(document.documentElement.style.getPropertyValue(`--${side}-width`));
    return Number.isNaN(width) ? PANEL : width;
  });
  const beside = panels[0] + panels[1] + SPLITTERS;
  const above = window.innerHeight > 560 ? ABOVE : ABOVE_LOW;
  return [Math.max(0, window.innerWidth - beside), Math.max(0, window.innerHeight - above)];
}
