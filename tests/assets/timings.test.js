import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page('<p id="last-click"></p>');
const { durations, notePainted, noteServer, stagesIn } =
  await import("../../assets/panels/timings.js");

test("the stages that the server names are read, and nothing else is", () => {
  assert.deepEqual(
    stagesIn('answer;dur=12.5, layout;dur=3;desc="x", odd, serialise;dur=0.25'),
    { answer: 12.5, layout: 3, serialise: 0.25 },
  );
  assert.deepEqual(stagesIn(null), {});
});

test("what an event took is taken apart, without negative parts", () => {
  const moments = { sent: 0, asked: 1, answered: 31, shown: 32, painted: 72 };
  assert.deepEqual(
    durations(moments, { answer: 20, layout: 5, serialise: 2 }),
    { layout: 5, serialise: 2, "the rest on the server": 15, transfer: 8, paint: 40 },
  );
  assert.equal(durations(moments, { answer: 90 }).transfer, 0);
});

test("the last click is told in a line; a visit is no click", () => {
  const moments = { sent: 0, asked: 0, answered: 30, shown: 30, painted: 70 };
  const shown = (n, type) => ({
    request: { n, event: { type } }, answer: { n }, isFirst: false, moments,
  });
  notePainted(shown(1, "visit"));
  const line = () => document.getElementById("last-click").textContent;
  assert.equal(line(), "No click yet: the next one is taken apart here.");
  noteServer(2, "answer;dur=20, layout;dur=20");
  notePainted(shown(2, "op"));
  assert.equal(line(), "The last click: 70 ms, of which layout 20, transfer 10, paint 40.");
});
