import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page('<div id="watch"></div>');

const { saying } = await import("../../assets/watch.js");

const NEWS = {
  n: 1, name: "m.onnx", key: "b", at: 0, base: "b", rewritten: 0, weights: false, doing: "",
  problem: "", details: "", since: 0,
};

test("a watched file is said to be, and which version is shown", function () {
  assert.equal(saying(NEWS, true).text, "Watching m.onnx");
  const earlier = saying({ ...NEWS, base: "a" }, true);
  assert.equal(earlier.text, "An earlier version of m.onnx is shown.");
  assert.deepEqual(earlier.tools, ["newest"]);
  assert.equal(saying({ ...NEWS, base: "" }, true).text, "m.onnx is watched.");
});

test("while the page is on its way, an earlier version is none", function () {
  assert.equal(saying({ ...NEWS, base: "a" }, false).text, "Watching m.onnx");
});

test("a problem is said before all else, with what stays", function () {
  const said = saying({ ...NEWS, base: "a", doing: "exporting", problem: "Cut short." }, true);
  assert.equal(said.kind, "problem");
  assert.equal(said.text, "Cut short.");
  assert.match(said.note ?? "", /^The version of .* stays\. Since .*\.$/);
});

test("what takes a while is said to be going on", function () {
  assert.equal(saying({ ...NEWS, doing: "writing" }, true).text, "m.onnx is being written…");
  assert.equal(saying({ ...NEWS, doing: "exporting" }, true).kind, "busy");
});
