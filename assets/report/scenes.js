// The recorded states of the view: which one to show, what is drawn in it, and which element of it
// shows an op. The page's server works the same out for any state, in hexviz/view.

/**
 * @import { ElementDefinition } from "cytoscape"
 * @import { ViewState } from "../protocol.js"
 * @import { Theme } from "../theme.js"
 * @import { Start } from "./data.js"
 *
 * @typedef {object} Way The boxes that show a box if all of them are open, outermost first.
 * @property {number[]} boxes
 * @property {boolean} isWhole whether they end with the box, not with a stack that stands for it
 */

const COLOURS = ["fill", "border", "ink"];

/**
 * In how many members two sets differ.
 * @param {ReadonlySet<number>} one
 * @param {ReadonlySet<number>} other
 */
function difference(one, other) {
  let count = one.size + other.size;
  for (const member of one) {
    count -= other.has(member) ? 2 : 0;
  }
  return count;
}

export class Scenes {
  #tables;
  #pictures;
  /** @type {{open: Set<number>, apart: Set<number>}[]} */
  #states;
  /** @type {Map<string, number>} */
  #boxAt;
  /** @type {Map<string, number>} */
  #opAt;

  /** @param {Start} start */
  constructor(start) {
    this.#tables = start.tables;
    this.#pictures = start.pictures;
    this.#states = this.#pictures.states.map(({ open, apart }) => ({
      open: new Set(open), apart: new Set(apart),
    }));
    this.#boxAt = new Map(this.#tables.boxes.key.map((key, at) => [key, at]));
    this.#opAt = new Map(this.#tables.ops.id.map((id, at) => [id, at]));
  }

  /** The position of an op. @param {string} id */
  opAt(id) {
    return this.#opAt.get(id);
  }

  /** The row of a box. @param {string} key */
  boxAt(key) {
    return this.#boxAt.get(key);
  }

  /**
   * The view of a state, as the page's state holds it.
   * @param {number} scene
   * @returns {ViewState}
   */
  view(scene) {
    const { key } = this.#tables.boxes;
    const { open, apart } = this.#states[scene];
    return {
      open: [...open].map((at) => key[at]), apart: [...apart].map((at) => key[at]),
      placement: "module", hidden: [], colour: "module", gather: "mean", columns: 1,
    };
  }

  /**
   * The state that a view is of.
   * @param {ViewState} view
   */
  scene({ open, apart }) {
    const rows = (/** @type {string[]} */ keys) => new Set(keys.map((key) => this.boxAt(key) ?? -1));
    const [opened, taken] = [rows(open), rows(apart)];
    const at = this.#states.findIndex(
      (state) => !difference(state.open, opened) && !difference(state.apart, taken),
    );
    return Math.max(0, at);
  }

  /**
   * What is drawn in a state.
   * @param {number} scene
   * @param {Theme} theme
   * @returns {ElementDefinition[]}
   */
  elements(scene, theme) {
    const { elements, swatches, states } = this.#pictures;
    const numbers = states[scene].elements;
    /** @type {ElementDefinition[]} */
    const drawn = [];
    for (let at = 0; at < numbers.length; ) {
      const { swatch, ...data } = elements[numbers[at]];
      COLOURS.forEach((name, colour) => {
        if (swatch !== undefined) {
          data[name] = swatches[swatch][colour + (theme === "dark" ? COLOURS.length : 0)];
        }
      });
      if ("source" in data) {
        drawn.push({ data });
        at += 1;
      } else {
        drawn.push({ data, position: { x: numbers[at + 1] / 10, y: numbers[at + 2] / 10 } });
        at += 3;
      }
    }
    return drawn;
  }

  /**
   * The rows of the tree and the legend of a state.
   * @param {number} scene
   * @param {Theme} theme
   */
  around(scene, theme) {
    const { rows, legends, states } = this.#pictures;
    const { tree, legend } = states[scene];
    return { tree: tree.map((at) => rows[at]), legend: legends[legend[theme === "dark" ? 1 : 0]] };
  }

  /**
   * For each slot, the id of the element that shows it.
   * @param {number} scene
   * @returns {(string | undefined)[]}
   */
  owners(scene) {
    const { ops, boxes, inputs, outputs } = this.#tables;
    const { elements, states } = this.#pictures;
    const ends = [...inputs.map((id) => `i:${id}`), ...outputs.map((id) => `u:${id}`)];
    /** @type {(string | undefined)[]} */
    const owner = [...new Array(ops.id.length), ...ends];
    /** @type {number[]} */
    const stacks = [];
    const numbers = states[scene].elements;
    for (let at = 0; at < numbers.length; ) {
      const data = elements[numbers[at]];
      at += "source" in data ? 1 : 3;
      const box = data.key === undefined ? undefined : this.boxAt(data.key);
      if (data.op !== undefined && !("source" in data)) {
        owner[ops.slot[this.opAt(data.op) ?? -1]] = data.id;
      } else if (box !== undefined && !data.open) {
        owner.fill(data.id, boxes.low[box], boxes.high[box]);
      } else if (box !== undefined && boxes.members[box].length) {
        stacks.push(box);
      }
    }
    // Inner stacks first: outer ones hold copies of them.
    stacks.sort((one, other) => this.path(other).length - this.path(one).length);
    for (const stack of stacks.filter((at) => !this.#states[scene].apart.has(at))) {
      const size = (boxes.high[stack] - boxes.low[stack]) / boxes.members[stack].length;
      for (let slot = boxes.low[stack] + size; slot < boxes.high[stack]; slot += 1) {
        owner[slot] = owner[slot - size];
      }
    }
    return owner;
  }

  /**
   * The boxes around one and the one itself, outermost first, without the root.
   * @param {number} box
   */
  path(box) {
    const path = [];
    for (let at = box; this.#tables.boxes.parent[at] >= 0; at = this.#tables.boxes.parent[at]) {
      path.unshift(at);
    }
    return path;
  }

  /**
   * The way to a box in a state.
   * @param {number} scene
   * @param {number} box
   * @returns {Way}
   */
  way(scene, box) {
    const { members } = this.#tables.boxes;
    const { apart } = this.#states[scene];
    /** @type {number[]} */
    const drawn = [];
    let skipping = -1;
    for (const step of this.path(box)) {
      if (skipping >= 0) {
        // Inside a stack: sections and the first member are not drawn as boxes.
        if (members[skipping].includes(step)) {
          if (step !== members[skipping][0]) {
            return { boxes: drawn, isWhole: false };
          }
          skipping = -1;
        }
        continue;
      }
      drawn.push(step);
      if (members[step].length && !apart.has(step)) {
        skipping = step;
      }
    }
    return { boxes: drawn, isWhole: true };
  }

  /**
   * The way to a box, or to the box that stands for it in the first member of a stack.
   * @param {number} scene
   * @param {number} box
   * @returns {Way} whole, if no other box stands for it
   */
  #wayToTwin(scene, box) {
    const { members, low, high } = this.#tables.boxes;
    const own = this.way(scene, box);
    let [way, twin] = [own, box];
    while (!way.isWhole) {
      const [first, ...others] = members[way.boxes[way.boxes.length - 1]];
      const member = others.find((one) => low[one] <= low[twin] && high[twin] <= high[one]);
      const shift = low[member ?? first] - low[first];
      const depth = this.path(twin).length;
      const [from, to] = [low[twin] - shift, high[twin] - shift];
      const found = low.findIndex((start, at) =>
        start === from && high[at] === to && this.path(at).length === depth);
      if (!shift || found < 0) {
        break;
      }
      twin = found;
      way = this.way(scene, twin);
    }
    return { boxes: way.boxes, isWhole: own.isWhole };
  }

  /**
   * The box in a state that shows a box: its own, or the closed one around it; -1 for the root.
   * @param {number} scene
   * @param {number} box
   */
  showing(scene, box) {
    const { boxes } = this.way(scene, box);
    return boxes.find((step) => !this.#states[scene].open.has(step)) ?? boxes.at(-1) ?? -1;
  }

  /**
   * Whether a box is open, or a stack apart, in a state.
   * @param {number} scene
   * @param {number} box
   */
  isOpen(scene, box) {
    return this.#states[scene].open.has(box);
  }

  /**
   * @param {number} scene
   * @param {number} box
   */
  isApart(scene, box) {
    return this.#states[scene].apart.has(box);
  }

  /**
   * The recorded state with the least to pay: how it differs from the one before, except in what
   * was asked for, and what `price` says; `null` where that is infinite for all.
   * @param {number} before
   * @param {(scene: number) => number} price
   */
  #nearest(before, price) {
    let [best, least] = [-1, Infinity];
    for (const [scene, { open, apart }] of this.#states.entries()) {
      const extra = price(scene);
      if (extra === Infinity) {
        continue;
      }
      const from = this.#states[before];
      const cost = extra + difference(open, from.open) + 8 * difference(apart, from.apart);
      if (cost < least) {
        [best, least] = [scene, cost];
      }
    }
    return best < 0 ? null : best;
  }

  /**
   * The state with a box opened, or closed.
   * @param {number} before
   * @param {number} box
   */
  toggle(before, box) {
    const opens = !this.isOpen(before, box);
    return this.#nearest(before, (scene) => {
      const isWanted = this.isOpen(scene, box) === opens;
      const isShown = !opens || this.way(scene, box).boxes.every((step) => this.isOpen(scene, step));
      return isWanted && isShown ? 0 : Infinity;
    });
  }

  /**
   * The state in which the inside of a box can be seen (`isInside`), or the box; where there is
   * none, the one in which most of the boxes around it are open.
   * @param {number} before
   * @param {number} box
   * @param {boolean} isInside
   */
  reveal(before, box, isInside) {
    const whole = this.path(box).length;
    const scene = this.#nearest(before, (at) => {
      const { boxes, isWhole } = this.#wayToTwin(at, box);
      const wanted = isInside ? boxes : boxes.slice(0, -1);
      const closed = wanted.findIndex((step) => !this.isOpen(at, step));
      return closed < 0 ? (isWhole ? 0 : 100) : 1000 * (1 + whole - closed);
    });
    return scene ?? before;
  }

  /**
   * The state with the members of a stack one by one, or one for all.
   * @param {number} before
   * @param {number} stack
   */
  turnStack(before, stack) {
    const wanted = !this.isApart(before, stack);
    return this.#nearest(before, (scene) =>
      this.isApart(scene, stack) === wanted && this.isOpen(scene, stack) ? 0 : Infinity);
  }

  /**
   * The state with a level more open.
   * @param {number} before
   */
  openLevel(before) {
    const { levels } = this.#pictures;
    const chain = levels.find((scenes) => scenes.includes(before));
    return chain ? chain[chain.indexOf(before) + 1] ?? before : levels[0][1] ?? before;
  }
}
