import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Refused, http } from "../../assets/transport/http.js";

let sent, patience;

beforeEach(() => {
  sent = [];
  patience = [];
  mock.restoreAll();
  mock.method(AbortSignal, "timeout", (ms) => {
    patience.push(ms);
    return new AbortController().signal;
  });
});

function server(status, body, headers = {}) {
  mock.method(globalThis, "fetch", async (url, options) => {
    sent.push({ url, ...options });
    return new Response(body, { status, headers });
  });
}

const event = (type) => ({ n: 3, theme: "light", event: { type, value: "x" } });

test("an event is one request with JSON, and its answer comes back", async () => {
  server(200, '{"n": 3}', { "Server-Timing": "answer;dur=2.5" });
  const measured = mock.fn();
  assert.deepEqual(await http(measured).event(event("op")), { n: 3 });
  assert.equal(sent.length, 1);
  assert.equal(sent[0].url, "event");
  assert.equal(sent[0].method, "POST");
  assert.equal(sent[0].headers["Content-Type"], "application/json");
  assert.deepEqual(JSON.parse(sent[0].body), event("op"));
  assert.deepEqual(measured.mock.calls[0].arguments, [3, "answer;dur=2.5"]);
});

for (const status of [400, 401, 403, 413, 429, 500, 503]) {
  test(`a refusal with ${status} is the server's own line`, async () => {
    server(status, "One line that says why.\n");
    await assert.rejects(
      http().event(event("op")),
      (error) => error instanceof Refused && error.message === "One line that says why.",
    );
    await assert.rejects(http().panel({ n: 1 }), Refused);
  });
}

test("a refusal without a line has its number", async () => {
  server(502, "");
  await assert.rejects(http().event(event("op")), /The server answered with 502\./);
});

test("a server that is away is no refusal", async () => {
  mock.method(globalThis, "fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(http().event(event("op")), (error) => !(error instanceof Refused));
});

test("a model may have to be opened first; later answers come soon", async () => {
  server(200, "{}");
  const transport = http();
  await transport.event(event("visit"));
  await transport.event(event("op")); // a first picture may be older than the server
  await transport.event(event("op"));
  await transport.event(event("visit"));
  await transport.panel({ n: 1 });
  await transport.event(event("op"));
  assert.deepEqual(patience, [600_000, 600_000, 15_000, 600_000, 600_000, 15_000]);
});
