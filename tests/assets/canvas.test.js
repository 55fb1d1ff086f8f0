// The canvas on a graph without a screen: Cytoscape itself, headless.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import cytoscape from "cytoscape";

import { collectEvents, page } from "./page.js";

page(`<div id="graph"></div><div id="path"></div><div id="badges"></div><div id="match-counts"></div><div id="tree"></div>
  <div id="trace"></div><div id="trace-note"></div><div id="notice-bar"></div>`);
const events = await collectEvents();
const { backInSight, shiftInto, viewportIn } = await import("../../assets/canvas/camera.js");
const { chevronArea } = await import("../../assets/canvas/chevrons.js");
const { isDouble } = await import("../../assets/canvas/taps.js");
const { draw } = await import("../../assets/canvas/draw.js");
const { bindCanvas } = await import("../../assets/canvas/gestures.js");
const { markShown, showHighlight } = await import("../../assets/canvas/marks.js");
const { trace } = await import("../../assets/canvas/trace.js");
const { leave, neighbour, openSelected } = await import("../../assets/canvas/walk.js");

function node(id, x, y, data) {
  const [width, height] = data.open ? [300, 300] : [80, 40];
  return { data: { id, width, height, ...data }, position: { x, y } };
}

const op = (name, x, y, box = "box") =>
  node(`o:${name}`, x, y, { kind: "op", op: name, parent_key: box });
const edge = (source, target, data = {}) =>
  ({ data: { id: `e:${source}->${target}`, source, target, fan: 0, ...data } });

/**
 *      [i:x]            box (open)
 *        │        ┌───────────────────┐
 *        └────────▶ a ──▶ c           │──▶ [m:after]
 *                 │ └───▶ b  ◀ stub   │
 *                 └───────────────────┘
 */
const GRAPH = [
  node("i:x", 0, -300, { kind: "input", value: "x" }),
  node("m:box", 0, 0, { kind: "module", open: 1, key: "box", fqn: "box" }),
  op("a", 0, -80), op("b", -40, 60), op("c", 60, 20),
  node("s:1", -120, 60, {
    kind: "stub", from: ["m:enc.layer.0~4"], to: "o:b", parent_key: "box",
  }),
  node("m:after", 0, 300, { kind: "module", open: 0, key: "after", fqn: "after" }),
  edge("i:x", "o:a"), edge("o:a", "o:b"), edge("o:a", "o:c"), edge("o:c", "m:after"),
  edge("i:x", "m:after", { fan: 1 }),
  { data: { id: "e:s:1", source: "s:1", target: "o:b", fan: 0 } },
];
const NOTHING = {
  selected: null, row: null, evidence: [], traced: null, lit: null, note: "", steps: null,
  place: [], look: null,
};

let cy;

beforeEach(() => {
  const style = { width: "data(width)", height: "data(height)" };
  cy = cytoscape({ headless: true, styleEnabled: true, style: [{ selector: "node", style }] });
  document.getElementById("graph")._cyreg = { cy };
  draw([], false);
  draw(GRAPH, false);
  bindCanvas();
  showHighlight(NOTHING);
  events.length = 0;
});

afterEach(() => cy.destroy());

const tap = (id, position = { x: 0, y: 0 }) => cy.getElementById(id).emit({ type: "tap", position });
const tapNothing = () => cy.emit({ type: "tap", position: { x: 0, y: 0 } });
const step = (id, way) => neighbour(cy, cy.getElementById(id), way)?.id();

test("a double click on what a stack feeds sends the element it comes from, whatever its id", () => {
  tap("s:1");
  events.length = 0;
  tap("s:1");
  assert.deepEqual(events, [{ type: "element", value: "m:enc.layer.0~4" }]);
});

test("clicks select what was clicked", () => {
  tap("o:a");
  tap("i:x");
  tap("m:after");
  tap("m:box", { x: 0, y: -140 }); // its title
  tap("m:box", { x: 0, y: 0 });
  tap("s:1");
  tap("e:o:a->o:b");
  tapNothing();
  assert.deepEqual(events, [
    { type: "op", value: "a" }, { type: "value", value: "x" }, { type: "module", value: "after" },
    { type: "module", value: "box" }, { type: "module", value: "box" },
    { type: "edge", value: "e:s:1" }, { type: "edge", value: "e:o:a->o:b" }, { type: "clear" },
  ]);
});

test("a second click at the same spot opens what the first one selected, a third is a first", () => {
  tap("m:after");
  tap("m:after");
  tap("m:after");
  tap("o:a");
  tap("m:after"); // after something else
  assert.deepEqual(events.map(({ type }) => type), ["module", "toggle", "module", "op", "module"]);
});

test("two taps are a double tap if they are near in time and place", () => {
  const first = { id: "m:a", time: 1000, x: 50, y: 50 };
  assert.ok(isDouble(first, { ...first, time: 1400, x: 60 }));
  assert.ok(!isDouble(null, first));
  assert.ok(!isDouble(first, { ...first, time: 1600 }));
  assert.ok(!isDouble(first, { ...first, x: 80 }));
  assert.ok(!isDouble(first, { ...first, id: "m:b" }));
});

test("one click on a chevron opens and closes; a box too small for one has none", () => {
  const box = cy.getElementById("m:box");
  tap("m:box", { x: -141, y: -138 }); // in its upper left corner
  tap("e:o:a->o:b", { x: -141, y: -138 }); // a line runs over it
  tap("o:b", { x: -141, y: -138 }); // what stands before it is what is clicked
  assert.deepEqual(events, [
    { type: "toggle", value: "box" }, { type: "toggle", value: "box" }, { type: "op", value: "b" },
  ]);
  const { left, right, top, bottom } = chevronArea(box);
  assert.ok(right - left >= 20 && bottom - top >= 20);
  cy.zoom(0.15);
  assert.equal(chevronArea(box), null);
  assert.equal(chevronArea(cy.getElementById("o:a")), null);
});

test("the arrows walk along edges, into boxes and out of them", () => {
  assert.equal(step("i:x", "down"), "o:a"); // not along the lines of a value used all over
  assert.equal(step("o:a", "down"), "o:c"); // the nearer one
  assert.equal(step("o:b", "up"), "o:a");
  assert.equal(step("o:a", "right"), "o:c");
  assert.equal(step("o:c", "left"), "o:b"); // what stands at the same height rather
  assert.equal(step("m:box", "down"), "o:a"); // what stands highest in it
  assert.equal(step("i:x", "up"), undefined);
  cy.getElementById("e:i:x->o:a").remove();
  assert.equal(step("o:a", "up"), "m:box"); // out of the box
});

test("enter opens the selected box, escape leaves", () => {
  showHighlight({ ...NOTHING, selected: "m:after" });
  openSelected();
  leave();
  assert.deepEqual(events, [{ type: "toggle", value: "after" }, { type: "escape" }]);
});

test("a trace between two ops takes the next click; escape gives it up", () => {
  trace("up");
  assert.equal(document.querySelector("#notice-bar .notice b").textContent, "Nothing to trace");
  showHighlight({ ...NOTHING, selected: "o:a" });
  trace("up");
  trace("between");
  tap("o:c");
  trace("between");
  leave();
  tap("o:c");
  assert.deepEqual(events, [
    { type: "trace", value: { way: "up", op: "a", to: "" } },
    { type: "trace", value: { way: "between", op: "a", to: "c" } }, { type: "op", value: "c" },
  ]);
});

test("only what differs is drawn again", () => {
  const kept = cy.getElementById("o:a");
  const touched = [];
  cy.on("data position", (event) => touched.push(event.target.id()));
  const next = GRAPH.filter(({ data }) => data.id !== "o:c" && !data.id.includes("o:c"))
    .map((one) => (one.data.id === "o:b" ? { ...one, position: { x: 5, y: 6 } } : one));
  draw([...next, op("new", 1, 1)], false);
  assert.equal(cy.getElementById("o:c").length, 0);
  assert.equal(cy.getElementById("o:new").length, 1);
  assert.deepEqual(cy.getElementById("o:b").position(), { x: 5, y: 6 });
  assert.ok(kept.same(cy.getElementById("o:a")));
  assert.deepEqual([...new Set(touched)], ["o:b"]);
});

test("what is neither traced nor lit steps back", () => {
  showHighlight({ ...NOTHING, selected: "o:a", evidence: ["o:c"], traced: ["o:a", "o:c"] });
  markShown(cy);
  const has = (name) => cy.elements(`.${name}`).map((one) => one.id()).sort();
  assert.deepEqual(has("selected"), ["o:a"]);
  assert.deepEqual(has("evidence"), ["e:o:a->o:c", "o:c"]);
  assert.ok(!has("dimmed").includes("m:box")); // open boxes stay
  assert.ok(has("dimmed").includes("o:b"));
  assert.ok(has("dimmed").includes("s:1"));
  assert.ok(has("dimmed").includes("e:o:a->o:b"));
  assert.ok(!has("dimmed").includes("e:o:a->o:c"));
  showHighlight(NOTHING);
  markShown(cy);
  assert.deepEqual(has("dimmed"), []);
});

test("a line that was selected elsewhere is marked; nothing is moved for it", () => {
  showHighlight({ ...NOTHING, selected: "e:o:a->o:b" });
  backInSight(cy, "e:o:a->o:b");
  markShown(cy);
  assert.ok(cy.getElementById("e:o:a->o:b").hasClass("selected"));
});

test("a link's zoom and middle are read, and nothing else is", () => {
  assert.deepEqual(viewportIn("?model=m&at=0.83,-40,90.5"), [0.83, -40, 90.5]);
  for (const query of ["", "?at=", "?at=1,2", "?at=0,1,2", "?at=-1,1,2", "?at=a,1,2",
    "?at=Infinity,1,2", "?at=1,2,3,4"]) {
    assert.equal(viewportIn(query), null, query);
  }
});

test("the smallest shift brings a stretch into the window", () => {
  assert.equal(shiftInto(100, 200, 500), 0);
  assert.equal(shiftInto(450, 550, 500), -70);
  assert.equal(shiftInto(-30, 70, 500), 50);
  assert.equal(shiftInto(100, 900, 500), -80); // too large: its beginning
});
