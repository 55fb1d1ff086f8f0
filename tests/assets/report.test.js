// What a report works out in the browser: searches, traces, and which recorded state to show.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.js";

const { Scenes } = await import("../../assets/report/scenes.js");
const { hits, search } = await import("../../assets/report/search.js");
const { traced } = await import("../../assets/report/traces.js");
const { modulePage, opPage } = await import("../../assets/report/pages.js");
const { ranges } = await import("../../assets/transport/static.js");

// root { a { b: op x }  c: a stack of c, d { op y, op z } }, x → y
const tables = {
  ops: {
    id: ["x", "y", "z"], type: ["Relu", "Add", "Add"], module: [2, 3, 4], box: [2, 4, 5],
    slot: [0, 1, 2],
  },
  modules: {
    fqn: ["", "a", "a.b", "c", "d"], tag: ["/M", "/M/A", "/M/A/B", "/M/C.0", "/M/C.1"],
    label: ["M", "A", "B", "C.0", "C.1"], box: [0, 1, 2, 4, 5],
  },
  boxes: {
    key: ["", "a", "a.b", "c~2", "c", "d", "c.e", "d.e"], module: [0, 1, 2, 3, 3, 4, 3, 4],
    parent: [-1, 0, 1, 0, 3, 3, 4, 5], members: [[], [], [], [4, 5], [], [], [], []],
    low: [0, 0, 0, 1, 1, 2, 1, 2], high: [3, 1, 1, 3, 2, 3, 2, 3],
  },
  inputs: [], outputs: [], edges: { source: [0, 1], target: [1, 2], value: [0, 1] },
};

/** @param {number[][]} states the open boxes, and after a -1 the stacks that are apart */
function scenes(...states) {
  const pictures = {
    elements: [
      { id: "m:a", key: "a", open: 0, swatch: 0 }, { id: "m:c~2", key: "c~2", open: 1 },
      { id: "o:y", op: "y" }, { id: "e:m:a->o:y", source: "m:a", target: "o:y" },
    ],
    swatches: [["white", "grey", "black", "black", "grey", "white"]], rows: [], legends: [],
    levels: [[0, 1]],
    states: states.map((numbers) => {
      const cut = numbers.includes(-1) ? numbers.indexOf(-1) : numbers.length;
      return {
        open: numbers.slice(0, cut), apart: numbers.slice(cut + 1), tree: [], legend: [0, 0],
        elements: [0, 10, 25, 1, 0, 0, 2, 5, 5, 3],
      };
    }),
  };
  return new Scenes({ tables, pictures });
}

test("elements are restored in both themes", function () {
  const [box, , , edge] = scenes([3]).elements(0, "dark");
  assert.deepEqual(box, {
    data: { id: "m:a", key: "a", open: 0, fill: "black", border: "grey", ink: "white" },
    position: { x: 1, y: 2.5 },
  });
  assert.equal(edge.position, undefined);
});

test("a closed box shows its ops, and the first of a stack the others'", function () {
  assert.deepEqual(scenes([3]).owners(0), ["m:a", "o:y", "o:y"]);
});

test("the nearest state with a box open is shown", function () {
  const some = scenes([], [1], [1, 2], [3], [1, 3]);
  assert.equal(some.toggle(1, 3), 4);
  assert.equal(some.toggle(4, 1), 3);
  assert.equal(some.toggle(2, 3), 4); // a.b is closed by it: that state is not there
  assert.equal(some.toggle(0, 5), null);
});

test("an op in a stack is shown by the first member, or by its own where that is recorded", () => {
  assert.equal(scenes([], [3]).reveal(0, 5, true), 1);
  assert.equal(scenes([], [3], [3, 5, -1, 3]).reveal(0, 5, true), 2);
  assert.equal(scenes([], [3], [3, 6]).reveal(0, 7, true), 2); // what is in the first member
  assert.equal(scenes([], [1]).reveal(0, 2, true), 1); // as deep as there is
});

test("words are searched in ids, types and tags", function () {
  assert.deepEqual(search(tables, "type:add").ops, [1, 2]);
  assert.deepEqual(search(tables, "add tag:c.1"), { ops: [2], modules: [] });
  assert.deepEqual(search(tables, "b").modules, [2]);
  assert.deepEqual(search(tables, " "), { ops: [], modules: [] });
  assert.match(JSON.stringify(hits(tables, search(tables, "nowhere"))), /Nothing found/);
});

test("a trace follows edges both ways", function () {
  const at = (/** @type {string} */ id) => tables.ops.id.indexOf(id);
  const trace = (way, op, to = "") => traced(tables, { way, op, to }, at);
  assert.deepEqual(trace("up", "z"), { slots: [2, 1, 0], note: "2 ops that Add needs" });
  assert.equal(trace("down", "y").note, "1 op that need Add");
  assert.deepEqual(trace("between", "z", "x").slots.sort(), [0, 1, 2]);
});

test("recorded pages follow what is on the canvas", function () {
  const button = (value) => ({
    type: "button", props: { "data-event": "path", "data-value": value, className: "badge" },
  });
  const list = {
    type: "ol", props: { className: "path", children: [1, 2].map((at) => (
      { type: "li", props: { children: [button(`context:${at}`)] } })) },
  };
  const page = JSON.stringify(opPage([button("context"), list], "context", 2));
  assert.match(page, /"className":"path shown"/);
  assert.equal(page.match(/"aria-current":"step"/g)?.length, 1);
  assert.match(page, /"data-value":"context:2","className":"badge current"/);
  const stack = { type: "button", props: { "data-event": "stack", "data-value": "c~2", children: "" } };
  assert.match(JSON.stringify(modulePage(stack, () => true)), /Show one for all/);
});

test("numbers are written as ranges", () => assert.equal(ranges([1, 2, 3, 5]), "1–3, 5"));
