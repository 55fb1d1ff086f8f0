import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page("");
const { sectorOf } = await import("../../assets/panels/measure.js");

test("what is selected is marked where it is drawn, or in what is around it", () => {
  const ids = ["m:", "m:encoder", "m:encoder.layer.1"];
  assert.equal(sectorOf(ids, "encoder.layer.1"), 2);
  assert.equal(sectorOf(ids, "encoder.layer.10"), 1);
  assert.equal(sectorOf(ids, "encoder.layer.1.attention.self"), 2);
  assert.equal(sectorOf(ids, "pooler"), 0);
  assert.equal(sectorOf(ids, ""), 0);
  assert.equal(sectorOf([], "encoder"), -1);
});
