import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { EventQueue } from "../../assets/queue.js";

let calls, queue, log, extras, theme;

/** Lets all promises that can go on do so. */
const turn = () => new Promise((done) => setImmediate(done));

beforeEach(() => {
  calls = [];
  log = [];
  extras = { query: "", timings: null };
  theme = "light";
  const ask = (kind) => (request) =>
    new Promise((answer, fail) => calls.push({ kind, request, answer, fail }));
  queue = new EventQueue({
    transport: { event: ask("event"), panel: ask("panel") },
    theme: () => theme,
    show: (answer, request, isFirst) => log.push(["show", request.event.type, isFirst]),
    painted: ({ answer }) => log.push(["painted", answer.n]),
    showPanel: (answer) => log.push(["panel", answer.n]),
    failed: (error, request) => log.push(["failed", error.message, request.n]),
    panelExtras: () => extras,
    nextPaint: async () => {},
  });
});

const at = (name) => ({ model: "m", state: { tab: name } });

/** Answer the last request. */
async function reply(content) {
  const call = calls.at(-1);
  call.answer({ n: call.request.n, ...content });
  await turn();
}

async function visit(name = "start") {
  queue.send({ type: "visit", value: "?model=m" });
  await reply({ at: at(name), model: { key: "m", modules: [] }, graph: [] });
  await reply({ holds: { inspector: "1" }, parts: {} });
  log.length = 0;
  calls.length = 0;
}

test("events are sent one at a time, each from where the one before it led", async () => {
  await visit();
  queue.send({ type: "toggle", value: "a" });
  queue.send({ type: "toggle", value: "b" });
  assert.equal(calls.length, 1);
  assert.deepEqual(calls[0].request.at, at("start"));
  assert.equal(calls[0].request.shown, "m");
  await reply({ at: at("a") });
  assert.equal(calls.length, 2);
  assert.equal(calls[1].kind, "event");
  assert.deepEqual(calls[1].request.at, at("a"));
  assert.ok(calls[1].request.n > calls[0].request.n);
});

test("one event asks once for the panels, after painting", async () => {
  await visit();
  queue.send({ type: "op", value: "x" });
  await reply({ at: at("x") });
  assert.deepEqual(calls.map((call) => call.kind), ["event", "panel"]);
  assert.deepEqual(calls[1].request.at, at("x"));
  await reply({ parts: {}, holds: {} });
  assert.deepEqual(calls.length, 2);
  assert.deepEqual(log.map(([what]) => what), ["show", "painted", "panel"]);
});

test("several events in a row ask once, for where the last of them led", async () => {
  await visit();
  for (const value of ["a", "b", "c"]) {
    queue.send({ type: "toggle", value });
  }
  for (const value of ["a", "b", "c"]) {
    await reply({ at: at(value) });
  }
  assert.deepEqual(calls.map((call) => call.kind), ["event", "event", "event", "panel"]);
  assert.deepEqual(calls[3].request.at, at("c"));
});

test("nothing is asked for where nothing has changed", async () => {
  await visit();
  queue.send({ type: "redraw" });
  await reply({ at: at("start"), graph: [] });
  assert.deepEqual(calls.map((call) => call.kind), ["event"]);
  extras = { query: "gelu", timings: null };
  await Promise.race([queue.askPanel(), turn()]);
  assert.equal(calls.at(-1).request.query, "gelu");
  theme = "dark"; // the panels have no colours of their own
  await reply({ parts: {}, holds: {} });
  await queue.askPanel();
  assert.equal(calls.length, 2);
});

test("the dialog of timings is asked for again in another theme", async () => {
  await visit();
  extras = { query: "", timings: { run: null } };
  void queue.askPanel();
  await reply({ parts: {}, holds: {} });
  theme = "dark";
  void queue.askPanel();
  await turn();
  assert.deepEqual(calls.map((call) => call.request.theme), ["light", "dark"]);
});

test("what the panels hold is handed back, the later over the earlier", async () => {
  await visit();
  queue.send({ type: "tab", value: "audit" });
  await reply({ at: at("audit") });
  assert.deepEqual(calls[1].request.holds, { inspector: "1" });
  await reply({ holds: { inspector: "2", audit: "m" }, parts: {} });
  void queue.refreshPanel();
  await turn();
  assert.deepEqual(calls[2].request.holds, { inspector: "2", audit: "m" });
});

test("panels of a place that has been left are not shown", async () => {
  await visit();
  queue.send({ type: "op", value: "x" });
  await reply({ at: at("x") });
  const late = calls[1];
  queue.send({ type: "op", value: "y" });
  await reply({ at: at("y") });
  assert.equal(calls[3].kind, "panel");
  late.answer({ n: late.request.n, parts: {}, holds: { inspector: "x" } });
  await turn();
  assert.ok(!log.some(([what]) => what === "panel"));
  await reply({ parts: {}, holds: {} });
  assert.ok(log.some(([what]) => what === "panel"));
});

test("an event without an answer is told, and the next is sent from the same place", async () => {
  await visit();
  queue.send({ type: "op", value: "x" });
  queue.send({ type: "op", value: "y" });
  calls[0].fail(new Error("gone"));
  await turn();
  assert.deepEqual(log, [["failed", "gone", calls[0].request.n]]);
  assert.deepEqual(calls[1].request.at, at("start"));
});

test("a panel without an answer is told, and asked for again with the next event", async () => {
  await visit();
  queue.send({ type: "op", value: "x" });
  await reply({ at: at("x") });
  calls[1].fail(new Error("gone"));
  await turn();
  assert.equal(log.at(-1)[0], "failed");
  queue.send({ type: "clear" });
  await reply({});
  assert.equal(calls.at(-1).kind, "panel");
});

test("a model is new on the page once, and not because it was corrected", async () => {
  queue.send({ type: "visit", value: "?model=m" });
  await reply({ at: at("a"), model: { key: "m", modules: [] } });
  queue.send({ type: "undo" });
  await reply({ at: at("a"), model: { key: "corrected", modules: [] }, edited: true });
  queue.send({ type: "visit", value: "?model=other" });
  await reply({ at: at("a"), model: { key: "other", modules: [] } });
  assert.deepEqual(
    log.filter(([what]) => what === "show").map(([, , isFirst]) => isFirst), [true, false, true],
  );
  assert.equal(queue.model, "other");
});

test("an answer waits until the page can show it; the request does not", async () => {
  let stand;
  const shown = [];
  queue = new EventQueue({
    transport: {
      event: async ({ n }) => ({ n, at: at("a") }), panel: async ({ n }) => ({ n, parts: {}, holds: {} }),
    },
    theme: () => "light", ready: new Promise((done) => { stand = done; }),
    show: (answer) => shown.push(answer.n), painted: () => {}, showPanel: () => {},
    failed: (error) => assert.fail(error), panelExtras: () => extras, nextPaint: async () => {},
  });
  queue.send({ type: "visit", value: "?model=m" });
  await turn();
  assert.deepEqual(shown, []);
  stand();
  await turn();
  assert.deepEqual(shown, [1]);
});

test("a double click does not wait for its first click", async () => {
  await visit();
  queue.send({ type: "module", value: "enc" });
  queue.send({ type: "toggle", value: "enc" });
  queue.send({ type: "toggle", value: "other" }); // which has to wait
  assert.equal(calls.length, 2);
  assert.deepEqual(calls[1].request.at, at("start"));
  assert.deepEqual(calls[1].request.earlier, { type: "module", value: "enc" });
  calls[0].answer({ n: calls[0].request.n, at: at("selected") });
  await turn();
  assert.deepEqual(log, []);
  assert.equal(queue.isIdle, false);
  await reply({ at: at("opened") });
  assert.deepEqual(log[0], ["show", "toggle", false]);
  assert.equal(calls.length, 3);
  assert.deepEqual(calls[2].request.at, at("opened"));
  assert.equal(calls[2].request.earlier, undefined);
});

test("the answer to a first click may come late, and is not looked at", async () => {
  await visit();
  queue.send({ type: "edge", value: "e:a->b" });
  queue.send({ type: "element", value: "o:a" });
  await reply({ at: at("led") });
  await reply({ parts: {}, holds: {} });
  calls[0].answer({ n: calls[0].request.n, at: at("selected") });
  await turn();
  assert.deepEqual(queue.at, at("led"));
  assert.equal(queue.isIdle, true);
});

test("where a box cannot be opened, its click has still selected it", async () => {
  await visit();
  queue.send({ type: "module", value: "enc" });
  queue.send({ type: "toggle", value: "enc" });
  await reply({ error: "The page is full." });
  assert.equal(calls.length, 3);
  assert.deepEqual(calls[2].request.event, { type: "module", value: "enc" });
});
