// Paths are cut in the middle; tests/app/test_paths.py holds the server's half to the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { cutPath, splitPath } from "../../assets/paths.js";

const cases = JSON.parse(readFileSync(new URL("paths.json", import.meta.url), "utf8"));

test("the end of a path stays, from a separator on where one is near", function () {
  for (const [path, longest, start] of cases) {
    assert.deepEqual(splitPath(path, longest), [start, path.slice(start.length)], path);
  }
});

test("a path that is short is just its text", function () {
  assert.equal(cutPath("/A/B"), "/A/B");
  assert.equal(cutPath("/BertModel/BertEncoder/BertLayer.0").props.className, "cut");
});
