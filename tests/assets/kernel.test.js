// A view's page and the kernel of its notebook: answers, refusals, and when none comes any more.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { page } from "./page.js";

const window = page("");
const { Refused, kernel } = await import("../../assets/transport/kernel.js");

let posted, told, said, port, transport;

/** Lets all promises that can go on do so. */
const turn = () => new Promise((done) => setImmediate(done));

beforeEach(() => {
  posted = [];
  said = [];
  const hear = (name) => (...what) => said.push([name, ...what]);
  transport = kernel({
    moved: hear("moved"), left: hear("left"), say: hear("say"), theme: hear("theme"),
    kernel: hear("kernel"),
  });
  port = { postMessage: (what) => posted.push(what) };
  told = (what) => port.onmessage({ data: what });
});

/** The notebook's side hands a port in. */
function connect(source = window.parent, data = "hexviz") {
  const event = new window.Event("message");
  Object.assign(event, { source, data, ports: [port] });
  window.dispatchEvent(event);
}

test("requests wait for the port; answers come to who asked", async () => {
  const first = transport.event({ n: 1 });
  const second = transport.panel({ n: 2 });
  await turn();
  assert.deepEqual(posted, []);
  connect();
  await turn();
  assert.deepEqual(posted, [
    { kind: "event", id: 1, body: '{"n":1}' }, { kind: "panel", id: 2, body: '{"n":2}' },
  ]);
  told({ kind: "answer", id: 2, text: '{"n":22}' });
  told({ kind: "answer", id: 1, text: '{"n":11}' });
  told({ kind: "answer", id: 7, text: "nobody asked" });
  assert.deepEqual(await Promise.all([first, second]), [{ n: 11 }, { n: 22 }]);
});

test("only the notebook's document can hand a port in", async () => {
  connect({}, "hexviz");
  connect(window.parent, "something else");
  void transport.event({ n: 1 });
  await turn();
  assert.deepEqual(posted, []);
  assert.equal(port.onmessage, undefined);
});

test("a refusal is an error with its line", async () => {
  connect();
  const asked = transport.event({ n: 1 });
  await turn();
  told({ kind: "refused", id: 1, text: "There is no such op." });
  await assert.rejects(asked, new Refused("There is no such op."));
});

test("a kernel that is busy is waited for, and the page says so as long as it is", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  window.setTimeout = setTimeout;
  window.clearTimeout = clearTimeout;
  connect();
  const asked = transport.event({ n: 1 });
  await turn();
  mock.timers.tick(2400);
  assert.deepEqual(said, []);
  mock.timers.tick(200);
  assert.match(said[0][1], /^Waiting for the kernel/);
  told({ kind: "answer", id: 1, text: "{}" });
  await asked;
  assert.deepEqual(said[1], ["kernel", "", false]);
  mock.timers.reset();
});

test("when the kernel ends, what waits is refused, and all that is asked later", async () => {
  connect();
  const asked = transport.event({ n: 1 });
  await turn();
  told({ kind: "end", text: "It has ended." });
  await assert.rejects(asked, new Refused("It has ended."));
  await assert.rejects(transport.panel({ n: 2 }), new Refused("It has ended."));
  assert.equal(posted.length, 1);
  assert.deepEqual(said, [["kernel", "It has ended.", true]]);
});

test("what the page is told besides goes to who hears it", async () => {
  connect();
  told({ kind: "moved" });
  told({ kind: "left" });
  told({ kind: "theme", theme: "dark" });
  told({ kind: "say", text: "a line" });
  assert.deepEqual(said, [["moved"], ["left"], ["theme", "dark"], ["say", "a line"]]);
});
