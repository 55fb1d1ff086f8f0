import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page("");
const { sort } = await import("../../assets/drop.js");

const MOST = { model: 5_000_000, numbers: 2_000_000, json: 4_000_000 };
const file = (name, size = 10) => ({ name, size });
const dropped = (...files) => sort(files, MOST, true);

test("a model opens, numbers colour", () => {
  assert.deepEqual(dropped(file("a.onnx")), { at: 0, as: "model", note: "" });
  assert.deepEqual(dropped(file("a.JSON")), { at: 0, as: "numbers", note: "" });
  assert.deepEqual(dropped(file("a.csv")), { at: 0, as: "numbers", note: "" });
});

test("of several, the first model is taken, and that is said", () => {
  assert.deepEqual(dropped(file("n.csv"), file("a.onnx"), file("b.onnx")), {
    at: 1, as: "model", note: "Of 3 files, a.onnx is taken.",
  });
});

test("anything else says why not, in one line", () => {
  const reason = (...files) => dropped(...files).reason;
  assert.equal(
    reason(file("note.txt")),
    "note.txt is no model (.onnx), and no numbers or overrides (.json, .csv).",
  );
  assert.match(reason(file("a.txt"), file("b.pt")), /^None of these files is a model/);
  assert.match(reason(file("a.onnx", 6_000_000)), /^a\.onnx is over 4 MB: open it with/);
  assert.equal(reason(file("a.csv", 3_000_000)), "a.csv is over 1 MB: leave ops out.");
  assert.equal(reason(file("a.json", 5_000_000)), "a.json is over 3 MB: leave ops or runs out.");
  assert.deepEqual(dropped(file("a.json", 3_000_000)), { at: 0, as: "numbers", note: "" });
  assert.equal(
    sort([file("a.csv")], MOST, false).reason,
    "Open a model first: a.csv is for one that is open.",
  );
});
