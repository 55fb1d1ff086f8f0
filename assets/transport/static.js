// Answers from what a report brings along, in place of a server's.

import { Pages } from "../report/data.js";
import { change, linePage, modulePage, opPage } from "../report/pages.js";
import { Scenes } from "../report/scenes.js";
import { hits, search } from "../report/search.js";
import { traced } from "../report/traces.js";

/**
 * @import { Part } from "../dom.js"
 * @import { Event } from "../events.js"
 * @import { EventAnswer, EventRequest, Highlight, Matches, PageState, PanelAnswer, PanelRequest, Steps }
 *   from "../protocol.js"
 * @import { Transport } from "../queue.js"
 * @import { OpPage, Start } from "../report/data.js"
 * @import { Found } from "../report/search.js"
 */

const MODEL = "report";
const MOST_BADGES = 32;
const NOT_HERE = "This report holds no picture of that: open the model in hexviz.";
const NOT_SO_DEEP = "This report holds no picture that deep: it shows the box around it.";

/**
 * Rising numbers as a person writes them: `1–3, 5`.
 * @param {number[]} numbers
 */
export function ranges(numbers) {
  /** @type {number[][]} */
  const runs = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run && number === run[run.length - 1] + 1) {
      run.push(number);
    } else {
      runs.push([number]);
    }
  }
  return runs
    .map((run) => (run.length > 1 ? `${run[0]}–${run[run.length - 1]}` : String(run[0])))
    .join(", ");
}

/** @implements {Transport} */
export class StaticTransport {
  #start;
  #tables;
  #scenes;
  #pages;

  /** @param {Start} start */
  constructor(start) {
    this.#start = start;
    this.#tables = start.tables;
    this.#scenes = new Scenes(start);
    this.#pages = new Pages(start.chunk);
  }

  /**
   * What an event changes.
   * @param {EventRequest} request
   * @returns {Promise<EventAnswer>}
   */
  async event({ n, event, theme = "light", shown, at, earlier }) {
    const before = at?.state ?? this.#first();
    const here = earlier ? (await this.#next(before, earlier)).state : before;
    const next = await this.#next(here, event);
    const state = next.state;
    const scene = this.#scenes.scene(state.view);
    const isRedrawn = !at || event.type === "redraw";
    const isOther = isRedrawn || scene !== this.#scenes.scene(before.view);
    const { tree, legend } = this.#scenes.around(scene, theme);
    /** @type {EventAnswer} */
    const answer = {
      n, at: { model: MODEL, state }, highlight: await this.#highlight(state, scene), parts: {},
    };
    answer.error = next.error;
    if (isOther) {
      answer.graph = this.#scenes.elements(scene, theme);
      answer.parts = { tree };
    }
    if (isOther || before.lit !== state.lit) {
      answer.parts = { ...answer.parts, legend: lightUp(legend, state.lit) };
    }
    if (shown !== MODEL) {
      answer.parts = {
        ...answer.parts, "model-title": this.#start.title, "model-figures": this.#start.figures,
      };
      answer.model = { key: MODEL, modules: [], moved: 0 };
    }
    return answer;
  }

  /**
   * What the panel shows.
   * @param {PanelRequest} request
   * @returns {Promise<PanelAnswer>}
   */
  async panel({ n, at, query = "" }) {
    const { state } = at;
    const found = search(this.#tables, query);
    /** @type {Record<string, Part>} */
    const parts = { hits: query.trim() ? hits(this.#tables, found) : [], inspector: await this.#page(state) };
    if (state.tab === "audit") {
      parts["audit-pane"] = this.#start.audit;
    }
    if (state.tab === "measure") {
      parts["figures-pane"] = this.#start.measure;
    }
    const matches = this.#matches(state, found);
    return { n, parts, holds: {}, marks: this.#start.marks, matches };
  }

  /**
   * Which elements of the canvas show what was found.
   * @param {PageState} state
   * @param {Found} found
   * @returns {Matches}
   */
  #matches(state, { ops, modules }) {
    const { ops: known, modules: names, boxes } = this.#tables;
    /** @type {Record<string, number>} */
    const elements = {};
    if (ops.length) {
      const owners = this.#scenes.owners(this.#scenes.scene(state.view));
      for (const at of ops) {
        const owner = owners[known.slot[at]];
        if (owner !== undefined) {
          elements[owner] = (elements[owner] ?? 0) + 1;
        }
      }
    }
    const named = modules.map((at) => names.box[at]).filter((box) => box >= 0);
    return { elements, named: named.map((box) => boxes.key[box]) };
  }

  /** @returns {PageState} */
  #first() {
    return {
      view: this.#scenes.view(0), selection: ["", ""], trace: null, lit: [], numbers: "",
      redo: [], tour: -1, path: "", step: 0, compared: "", tab: "graph", difference: -1,
      other: { open: [], selection: ["", ""] }, figures: { profile: "", parity: "", symbols: [] },
      figure: "", divergence: -1,
      choice: {
        selected: { modules: [], exclude: [], ops: [] }, policy: "include_context", fill: false,
      },
    };
  }

  /**
   * The state after an event; the same where an event means nothing here.
   * @param {PageState} before
   * @param {Event} event
   * @returns {Promise<{state: PageState, error?: string}>}
   */
  async #next(before, event) {
    const next = await this.#step(before, event);
    // A path is of the op it explains, and ends with its selection.
    const isSame = String(next.state.selection) === String(before.selection);
    return isSame ? next : { ...next, state: { ...next.state, path: "", step: 0 } };
  }

  /**
   * @param {PageState} state
   * @param {Event} event
   * @returns {Promise<{state: PageState, error?: string}>}
   */
  async #step(state, event) {
    const scenes = this.#scenes;
    const scene = scenes.scene(state.view);
    const to = (/** @type {Partial<PageState>} */ changes) => ({ state: { ...state, ...changes } });
    switch (event.type) {
      case "visit":
        return this.#visit(state, event.value);
      case "tab":
        return to({ tab: event.value });
      case "op":
        return to({ selection: ["op", event.value] });
      case "module":
        return to({ selection: ["module", event.value] });
      case "call":
        return this.#revealBox(state, scenes.boxAt(event.value) ?? -1);
      case "value":
        return to({ selection: ["value", event.value] });
      case "edge":
        return to({ selection: ["edge", event.value] });
      case "reveal":
        return this.#revealOp(state, event.value);
      case "goto":
        return this.#revealOp({ ...state, tab: "graph" }, event.value);
      case "reveal-module":
        return this.#revealModule(state, event.value);
      case "show-module":
        return this.#revealModule({ ...state, tab: "graph" }, event.value);
      case "element":
        return this.#follow(state, event.value);
      case "search":
        return this.#firstHit(state, search(this.#tables, event.value));
      case "match":
        return this.#match(state, search(this.#tables, event.value.query), event.value.step);
      case "toggle":
        return this.#toggle(state, event.value);
      case "stack": {
        const stack = scenes.boxAt(event.value);
        const turned = stack === undefined ? null : scenes.turnStack(scene, stack);
        return turned === null ? { state, error: NOT_HERE } : to({ view: scenes.view(turned) });
      }
      case "open-level":
        return to({ view: scenes.view(scenes.openLevel(scene)) });
      case "close-all":
        return to({ view: scenes.view(1) });
      case "lit": {
        const lit = new Set(state.lit);
        if (!lit.delete(event.value)) {
          lit.add(event.value);
        }
        return to({ lit: [...lit] });
      }
      case "unlit":
        return to({ lit: [] });
      case "trace":
        return to({ trace: event.value });
      case "untrace":
        return to({ trace: null });
      case "path": {
        const [path, step] = event.value.split(":");
        if (step === undefined && state.path === path) {
          return to({ path: "", step: 0 }); // pressed once more
        }
        return this.#walk(state, /** @type {"module" | "context"} */ (path), Number(step ?? 0));
      }
      case "step": {
        const { path } = (await this.#evidence(state)) ?? {};
        return path ? this.#walk(state, path, state.step + event.value) : { state };
      }
      case "escape":
        return this.#escape(state, scene);
      case "clear":
        return to({ selection: ["", ""] });
      default:
        return { state };
    }
  }

  /**
   * What an address asks for: `op=…`, `module=…`, `call=…`, `value=…`, or nothing.
   * @param {PageState} state
   * @param {string} address
   */
  #visit(state, address) {
    const [kind, name] = address.split(/=(.*)/s);
    const id = decodeURIComponent(name ?? "");
    if (kind === "op" && this.#scenes.opAt(id) !== undefined) {
      return this.#revealOp(state, id);
    }
    if (kind === "module" && this.#tables.modules.fqn.includes(id)) {
      return this.#revealModule(state, id);
    }
    if (kind === "call" && this.#tables.calls.includes(this.#scenes.boxAt(id) ?? -1)) {
      return this.#revealBox(state, this.#scenes.boxAt(id) ?? -1);
    }
    return {
      state: { ...state, selection: /** @type {PageState["selection"]} */ (
        kind === "value" && id in this.#start.ends ? ["value", id] : ["", ""]) },
    };
  }

  /**
   * @param {PageState} state
   * @param {string} id
   * @returns {{state: PageState, error?: string}}
   */
  #revealOp(state, id) {
    const at = this.#scenes.opAt(id);
    if (at === undefined) {
      return { state };
    }
    return this.#reveal({ ...state, selection: ["op", id] }, this.#tables.ops.box[at], true);
  }

  /**
   * @param {PageState} state
   * @param {string} fqn
   * @returns {{state: PageState, error?: string}}
   */
  #revealModule(state, fqn) {
    const box = this.#tables.modules.box[this.#tables.modules.fqn.indexOf(fqn)] ?? -1;
    /** @type {PageState} */
    const selected = { ...state, selection: ["module", fqn] };
    return box > 0 ? this.#reveal(selected, box, false) : { state: selected };
  }

  /**
   * Select a box, and show it.
   * @param {PageState} state
   * @param {number} box
   * @returns {{state: PageState, error?: string}}
   */
  #revealBox(state, box) {
    return box > 0
      ? this.#reveal({ ...state, selection: this.#meaning(box) }, box, false)
      : { state };
  }

  /**
   * What is selected with a box: its call, or its module.
   * @param {number} box
   * @returns {PageState["selection"]}
   */
  #meaning(box) {
    const { boxes, calls, modules } = this.#tables;
    return calls.includes(box)
      ? ["call", boxes.key[box]] : ["module", modules.fqn[boxes.module[box]]];
  }

  /**
   * @param {PageState} state
   * @param {number} box
   * @param {boolean} isInside
   * @returns {{state: PageState, error?: string}}
   */
  #reveal(state, box, isInside) {
    const scene = this.#scenes.reveal(this.#scenes.scene(state.view), box, isInside);
    const { boxes } = this.#scenes.way(scene, box);
    const wanted = isInside ? boxes : boxes.slice(0, -1);
    const isShown = wanted.every((step) => this.#scenes.isOpen(scene, step));
    return {
      state: { ...state, view: this.#scenes.view(scene) }, error: isShown ? undefined : NOT_SO_DEEP,
    };
  }

  /**
   * What an element of the canvas stands for.
   * @param {PageState} state
   * @param {string} element
   * @returns {{state: PageState, error?: string}}
   */
  #follow(state, element) {
    const [kind, id] = element.split(/:(.*)/s);
    const box = kind === "m" ? this.#scenes.boxAt(id) : undefined;
    if (kind === "o") {
      return this.#revealOp(state, id);
    }
    if (box !== undefined) {
      return this.#revealBox(state, box);
    }
    return kind === "i" ? { state: { ...state, selection: ["value", id] } } : { state };
  }

  /**
   * @param {PageState} state
   * @param {Found} found
   */
  #firstHit(state, { ops, modules }) {
    if (modules.length) {
      return this.#revealModule(state, this.#tables.modules.fqn[modules[0]]);
    }
    return ops.length ? this.#revealOp(state, this.#tables.ops.id[ops[0]]) : { state };
  }

  /**
   * The found op after or before the selected one, round and round.
   * @param {PageState} state
   * @param {Found} found
   * @param {1 | -1} step
   */
  #match(state, { ops }, step) {
    if (!ops.length) {
      return { state };
    }
    const [kind, id] = state.selection;
    const here = kind === "op" ? this.#scenes.opAt(id) ?? -1 : -1;
    const at = step > 0
      ? ops.find((one) => one > here) ?? ops[0]
      : ops.findLast((one) => one < here) ?? ops[ops.length - 1];
    return this.#revealOp(state, this.#tables.ops.id[at]);
  }

  /**
   * @param {PageState} state
   * @param {string} name a key of a box, or the FQN of a module
   * @returns {{state: PageState, error?: string}}
   */
  #toggle(state, name) {
    const scenes = this.#scenes;
    const { boxes, modules } = this.#tables;
    const box = scenes.boxAt(name) ?? modules.box[modules.fqn.indexOf(name)] ?? -1;
    if (box <= 0) {
      return { state };
    }
    const before = scenes.scene(state.view);
    const scene = scenes.toggle(before, box);
    if (scene === null) {
      return { state, error: NOT_HERE };
    }
    /** @type {PageState} */
    const toggled = { ...state, view: scenes.view(scene) };
    const isOpened = !scenes.isOpen(before, box) && !boxes.key[box].includes("@");
    return {
      state: isOpened ? { ...toggled, selection: this.#meaning(box) } : toggled,
    };
  }

  /**
   * The page of the selected op, with the path of evidence that is on the canvas.
   * @param {PageState} state
   */
  async #evidence(state) {
    const [kind, id] = state.selection;
    const at = kind === "op" ? this.#scenes.opAt(id) : undefined;
    if (at === undefined) {
      return null;
    }
    /** @type {OpPage} */
    const page = await this.#pages.page("ops", at);
    const path = state.path || "module";
    const found = page.paths[path];
    return { page, path, found, at: found ? Math.min(state.step, found.ops.length) : 0, id };
  }

  /**
   * Look at a step of a path.
   * @param {PageState} state
   * @param {"module" | "context"} path
   * @param {number} step
   * @returns {Promise<{state: PageState, error?: string}>}
   */
  async #walk(state, path, step) {
    const found = (await this.#evidence(state))?.page.paths[path];
    if (!found) {
      return { state };
    }
    const [, selected] = state.selection;
    const at = Math.min(Math.max(step, 0), found.ops.length);
    const shown = this.#revealOp(state, at ? found.ops[at - 1] : selected);
    return { ...shown, state: { ...shown.state, selection: state.selection, path, step: at } };
  }

  /**
   * Leave what was entered last: a trace, a step, the legend, the box around the selection.
   * @param {PageState} state
   * @param {number} scene
   * @returns {{state: PageState}}
   */
  #escape(state, scene) {
    if (state.trace) {
      return { state: { ...state, trace: null } };
    }
    if (state.step) {
      return { state: { ...state, step: 0 } };
    }
    if (state.lit.length) {
      return { state: { ...state, lit: [] } };
    }
    const scenes = this.#scenes;
    const box = this.#boxOf(state);
    const around = scenes.path(box).findLast((step) => scenes.isOpen(scene, step));
    const closed = around === undefined ? null : scenes.toggle(scene, around);
    if (around === undefined || closed === null) {
      return { state: { ...state, selection: ["", ""] } };
    }
    const selection = this.#meaning(around);
    return { state: { ...state, view: scenes.view(closed), selection } };
  }

  /**
   * The box of what is selected: the one an op stands in, a call's, or a module's; 0 is the root's.
   * @param {PageState} state
   */
  #boxOf({ selection: [kind, what] }) {
    const { ops, modules } = this.#tables;
    if (kind === "op") {
      return ops.box[this.#scenes.opAt(what) ?? -1] ?? 0;
    }
    if (kind === "call") {
      return this.#scenes.boxAt(what) ?? 0;
    }
    return kind === "module" ? Math.max(0, modules.box[modules.fqn.indexOf(what)] ?? 0) : 0;
  }

  /**
   * What a screen reader says of a selection.
   * @param {PageState["selection"][0]} kind
   * @param {string} what
   */
  #said(kind, what) {
    const { ops, modules } = this.#tables;
    const at = kind === "op" ? this.#scenes.opAt(what) : undefined;
    if (at !== undefined) {
      return `Selected ${ops.type[at]} ${what} in ${modules.tag[ops.module[at]]}`;
    }
    if (kind === "module") {
      return `Selected the module ${modules.tag[modules.fqn.indexOf(what)] ?? what}`;
    }
    return kind === "value" ? `Selected the value ${what}` : kind === "edge" ? "Selected a line" : "";
  }

  /**
   * What the canvas marks.
   * @param {PageState} state
   * @param {number} scene
   * @returns {Promise<Highlight>}
   */
  async #highlight(state, scene) {
    const { boxes, inputs, ops } = this.#tables;
    const [kind, what] = state.selection;
    const owners = this.#scenes.owners(scene);
    const shownBy = (/** @type {string} */ id) => {
      const at = this.#scenes.opAt(id);
      return at === undefined ? null : owners[ops.slot[at]] ?? null;
    };
    const showing = this.#scenes.showing(scene, this.#boxOf(state));
    /** @type {Highlight} */
    const marked = {
      selected: null, row: null, evidence: [], traced: null, note: "", steps: null,
      said: this.#said(kind, what), place: [], look: null,
      lit: state.lit.length ? state.lit : null,
    };
    if (kind === "op" || kind === "module" || kind === "call") {
      marked.row = showing < 0 ? "" : boxes.key[showing];
      marked.selected = kind === "op" ? shownBy(what) : showing < 0 ? null : `m:${marked.row}`;
    } else if (kind === "value") {
      marked.selected = `${inputs.includes(what) ? "i" : "u"}:${what}`;
    } else if (kind === "edge") {
      marked.selected = what;
    }
    const evidence = await this.#evidence(state);
    if (evidence?.found) {
      marked.steps = steps(evidence.id, evidence.path, evidence.found, evidence.at, shownBy);
      marked.evidence = marked.steps.badges.map((badge) => badge.id);
    }
    if (state.trace && state.trace.way !== "given") {
      const { slots, note } = traced(this.#tables, state.trace, (id) => this.#scenes.opAt(id) ?? 0);
      marked.traced = [...new Set(slots.flatMap((slot) => owners[slot] ?? []))];
      marked.note = note;
    }
    return marked;
  }

  /**
   * The inspector's page of what is selected.
   * @param {PageState} state
   * @returns {Promise<Part>}
   */
  async #page(state) {
    const { modules } = this.#tables;
    const [kind, what] = state.selection;
    const scene = this.#scenes.scene(state.view);
    switch (kind) {
      case "op": {
        const evidence = await this.#evidence(state);
        return evidence
          ? opPage(evidence.page.content, evidence.path, evidence.at)
          : this.#start.about;
      }
      case "module": {
        const page = await this.#pages.page("modules", modules.fqn.indexOf(what));
        return modulePage(page, (key) => this.#scenes.isApart(scene, this.#scenes.boxAt(key) ?? -1));
      }
      case "call": {
        const at = this.#tables.calls.indexOf(this.#scenes.boxAt(what) ?? -1);
        return at < 0 ? this.#start.about : this.#pages.page("calls", at);
      }
      case "value":
        return this.#start.ends[what] ?? this.#start.about;
      case "edge":
        return linePage(this.#start, this.#scenes, scene, what, (at) =>
          this.#pages.page("values", at));
      default:
        return this.#start.about;
    }
  }
}

/**
 * A path of evidence on the canvas.
 * @param {string} op
 * @param {string} path
 * @param {{ops: string[], notes: string[]}} found
 * @param {number} at
 * @param {(id: string) => string | null} shownBy
 * @returns {Steps}
 */
function steps(op, path, { ops, notes }, at, shownBy) {
  /** @type {Map<string, number[]>} */
  const numbers = new Map();
  ops.forEach(function (id, number) {
    const element = shownBy(id);
    if (element !== null) {
      numbers.set(element, [...(numbers.get(element) ?? []), number + 1]);
    }
  });
  return {
    op, path, at, of: ops.length, note: notes[at], look: shownBy(at ? ops[at - 1] : op),
    badges: [...numbers].slice(0, MOST_BADGES).map(([id, shown]) => ({
      id, numbers: ranges(shown), current: shown.includes(at),
    })),
  };
}

/**
 * A recorded legend, its entries pressed that are lit.
 * @param {Part} legend
 * @param {string[]} lit
 * @returns {Part}
 */
function lightUp(legend, lit) {
  if (!lit.length) {
    return legend;
  }
  const pressed = change(legend, (props) => (props["data-event"] === "lit"
    ? { ...props, "aria-pressed": String(lit.includes(String(props["data-value"]))) }
    : props));
  const all = { type: "button", props: { className: "link", "data-event": "unlit", children: "all" } };
  return [pressed, all];
}
