// How a frame is drawn: after a change element by element, else from textures.
//
// Cytoscape keeps pictures of all elements and of layers of them, which makes moving the view cheap. A
// box that opens moves most of what is on the canvas, and to make their pictures anew takes twice as
// long as to draw them: the frame that a person waits for comes too late. So the pictures are made
// when the view next moves or something is pointed at.

/**
 * @import { Core, EdgeSingular, NodeSingular } from "cytoscape"
 * @typedef {{x1: number, y1: number, x2: number, y2: number}} Rectangle
 *
 * @typedef {object} Renderer What the types do not know of Cytoscape.
 * @property {(context: CanvasRenderingContext2D, elements: (NodeSingular | EdgeSingular)[],
 *   ratio: number, extent: Rectangle) => void} drawLayeredElements
 * @property {(context: CanvasRenderingContext2D, element: NodeSingular | EdgeSingular) => void}
 *   drawElement
 */

const SETTLING = 150; // ms in which names and marks follow a change

/** @type {WeakMap<Core, number>} When the elements of a canvas changed last. */
const changed = new WeakMap();

/** The elements of a canvas are others from now on. @param {Core} cy */
export function noteChange(cy) {
  changed.set(cy, performance.now());
}

/**
 * @param {Rectangle} one
 * @param {Rectangle} other
 */
function overlap(one, other) {
  return one.x1 <= other.x2 && one.x2 >= other.x1 && one.y1 <= other.y2 && one.y2 >= other.y1;
}

/**
 * Draw a canvas that way from now on.
 * @param {Core} cy
 */
export function bindDrawing(cy) {
  const renderer = /** @type {Renderer} */ (/** @type {any} */ (cy).renderer());
  const fromTextures = renderer.drawLayeredElements;
  renderer.drawLayeredElements = function (context, elements, ratio, extent) {
    if (performance.now() - (changed.get(cy) ?? -Infinity) > SETTLING) {
      fromTextures.call(renderer, context, elements, ratio, extent);
      return;
    }
    for (const element of elements) {
      if (element.visible() && overlap(element.boundingBox(), extent)) {
        renderer.drawElement(context, element);
      }
    }
  };
}
