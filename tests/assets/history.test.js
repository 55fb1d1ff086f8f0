import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { collectEvents, page } from "./page.js";

const window = page("");
const { followHistory, visitAddress, visited, writeAddress } = await import("../../assets/history.js");
const events = await collectEvents();
let left = 0;
followHistory(() => { left += 1; });

const go = (query) => window.history.replaceState(null, "", `/${query}`);
const length = () => window.history.length;
const query = () => window.location.search;

beforeEach(() => {
  go("?model=m&open=");
  events.length = 0;
});

test("what an event leads to can be gone back from", () => {
  const before = length();
  writeAddress("?model=m&open=a", { type: "toggle", value: "a" });
  assert.equal(query(), "?model=m&open=a");
  assert.equal(length(), before + 1);
});

test("what an address asked for is only spelled out", () => {
  go("?model=m");
  const before = length();
  writeAddress("?model=m&open=a", { type: "visit", value: "?model=m" });
  assert.equal(query(), "?model=m&open=a");
  assert.equal(length(), before);
});

test("a model that was opened on the page can be gone back from", () => {
  const before = length();
  writeAddress("?model=other&open=", { type: "visit", value: "?model=other" });
  assert.equal(query(), "?model=other&open=");
  assert.equal(length(), before + 1);
});

test("a link to an exact view keeps it until something happens", () => {
  go("?model=m&open=&at=1%2C2%2C3");
  writeAddress("?model=m&open=", { type: "visit", value: query() });
  assert.equal(query(), "?model=m&open=&at=1%2C2%2C3");
  writeAddress("?model=m&open=a", { type: "toggle", value: "a" });
  assert.equal(query(), "?model=m&open=a");
});

test("nothing is written where the address says it already, or the server says nothing", () => {
  const before = length();
  writeAddress("?model=m&open=", { type: "clear" });
  writeAddress(undefined, { type: "clear" });
  assert.equal(length(), before);
});

test("until a step back is shown, what still comes in has no address", () => {
  go("?model=m&open=b");
  window.dispatchEvent(new window.PopStateEvent("popstate"));
  assert.deepEqual(events, [{ type: "visit", value: "?model=m&open=b" }]);
  writeAddress("?model=m&open=late", { type: "toggle", value: "late" });
  assert.equal(query(), "?model=m&open=b");
  visited();
  writeAddress("?model=m&open=next", { type: "toggle", value: "next" });
  assert.equal(query(), "?model=m&open=next");
});

test("a step back to an address without a model holds no other address up", () => {
  go("");
  window.dispatchEvent(new window.PopStateEvent("popstate"));
  assert.deepEqual([left, events], [1, []]);
  writeAddress("?model=m&open=", { type: "visit", value: "?model=m" });
  assert.equal(query(), "?model=m&open=");
});

test("an address without a model is the one that the server was started with", () => {
  document.documentElement.dataset.first = "";
  go("");
  assert.equal(visitAddress(), true);
  assert.deepEqual(events, [{ type: "visit", value: "?model=" }]);
  const before = length();
  writeAddress("?model=first&open=", { type: "visit", value: "?model=" });
  assert.deepEqual([query(), length()], ["?model=first&open=", before]);
  delete document.documentElement.dataset.first;
});

test("without one, nothing is asked", () => {
  go("");
  assert.equal(visitAddress(), false);
  assert.deepEqual(events, []);
});
