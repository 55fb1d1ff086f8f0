// The data that a report brings along: blocks of the page, packed by hexviz/app/report/page.py.

/**
 * @import { Part } from "../dom.js"
 * @import { Marks } from "../protocol.js"
 *
 * @typedef {object} Picture A recorded state of the view, see hexviz/app/report/pictures.py.
 * @property {number[]} open rows of the table of boxes
 * @property {number[]} apart
 * @property {number[]} elements
 * @property {number[]} tree
 * @property {[light: number, dark: number]} legend
 *
 * @typedef {object} Pictures
 * @property {Record<string, any>[]} elements
 * @property {string[][]} swatches
 * @property {Part[]} rows
 * @property {Part[]} legends
 * @property {Picture[]} states
 * @property {number[][]} levels
 *
 * @typedef {object} Tables Columns, see hexviz/app/report/texts.py.
 * @property {{id: string[], type: string[], module: number[], box: number[], slot: number[]}} ops
 * @property {{fqn: string[], tag: string[], label: string[], box: number[]}} modules
 * @property {{key: string[], label: string[], module: number[], parent: number[], members: number[][],
 *   low: number[], high: number[]}} boxes
 * @property {number[]} calls rows of the table of boxes
 * @property {string[]} inputs
 * @property {string[]} outputs
 * @property {{source: number[], target: number[], value: number[]}} edges
 *
 * @typedef {object} Start All that is needed to begin.
 * @property {string} title
 * @property {Part} figures
 * @property {Part} about
 * @property {Part} audit
 * @property {Part} measure figures by module, see hexviz/app/report/measures.py
 * @property {number} findings
 * @property {Marks} marks
 * @property {Record<string, Part>} ends
 * @property {number} chunk
 * @property {Tables} tables
 * @property {Pictures} pictures
 *
 * @typedef {object} OpPage
 * @property {Part} content
 * @property {Partial<Record<"module" | "context", {ops: string[], notes: string[]}>>} paths
 */

/**
 * What a block of the page holds.
 * @param {string} id
 * @returns {Promise<any>}
 */
async function unpack(id) {
  const block = document.getElementById(id);
  const bytes = Uint8Array.from(atob(block?.textContent ?? ""), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** @returns {Promise<Start>} */
export function unpackStart() {
  return unpack("start");
}

/** Pages of ops, modules, calls and values: many are packed together, and unpacked when one is needed. */
export class Pages {
  /** @type {Map<string, Promise<any[]>>} */
  #chunks = new Map();
  #size;

  /** @param {number} size of a chunk */
  constructor(size) {
    this.#size = size;
  }

  /**
   * @param {"ops" | "modules" | "calls" | "values"} kind
   * @param {number} at
   * @returns {Promise<any>}
   */
  async page(kind, at) {
    const name = `${kind}-${Math.floor(at / this.#size)}`;
    const chunk = this.#chunks.get(name) ?? unpack(name);
    this.#chunks.set(name, chunk);
    return (await chunk)[at % this.#size];
  }
}
