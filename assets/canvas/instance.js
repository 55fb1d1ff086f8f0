// The Cytoscape instance on the page, and where its nodes stand in pixels.

/** @import { Core, NodeSingular } from "cytoscape" */

/** Height of a box's title strip, in units of the model. */
export const TITLE = 26;

/**
 * The instance, once the component has made it.
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

const BESIDE = 550; // pixels that panels take beside a canvas that is not there yet
const ABOVE = 141; // the same of bars above and below it

/**
 * Width and height of the canvas in pixels: before it is on the page, what they will be about.
 * @returns {[width: number, height: number]}
 */
export function canvasSize() {
  const element = document.getElementById("graph");
  if (element?.clientWidth) {
    return [element.clientWidth, element.clientHeight];
  }
  const folded = document.documentElement.classList;
  const beside = BESIDE - 245 * Number(folded.contains("left-folded")) -
    300 * Number(folded.contains("right-folded"));
  return [Math.max(0, window.innerWidth - beside), Math.max(0, window.innerHeight - ABOVE)];
}
