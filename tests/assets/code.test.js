// Lines of Python that a view in a notebook copies.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { codeOf, cutCode, keepCode, literal } from "../../assets/notebook/code.js";

test("what is selected is a line that selects it", () => {
  assert.equal(codeOf(["op", "/enc/MatMul"]), 'view.selection = "/enc/MatMul"');
  assert.equal(codeOf(["module", ""]), 'view.selection = ""');
  assert.equal(codeOf(["ops", '["a","b"]']), 'view.selection = ["a","b"]');
  assert.equal(codeOf(["", ""]), "view.graph");
  assert.equal(codeOf(["edge", "e:1"]), "view.graph");
});

test("parts and files are made in code", () => {
  assert.equal(cutCode("encoder.layer.0"), 'part = view.graph.extract(["encoder.layer.0"])');
  assert.equal(keepCode("model/abc.onnx"), 'view.graph.save("tagged.onnx")');
  assert.match(keepCode("tensor/abc.npy?value=w%221"), /tensors\["w\\"1"\]/);
});

test("names are texts to Python, whatever is in them", () => {
  for (const name of ['"', "\\", '"); import os; ("', "é\n\t", "\u2028", "'", "{x}"]) {
    const printed = execFileSync("python3", ["-c", `import json; print(json.dumps(${literal(name)}))`]);
    assert.equal(JSON.parse(printed.toString()), name);
  }
});
