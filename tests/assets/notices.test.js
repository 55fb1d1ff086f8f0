import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { page } from "./page.js";

const window = page('<div id="notice-bar"></div>');
const { fail, notify } = await import("../../assets/notices.js");

const shown = () => [...document.querySelectorAll(".notice > div")].map((one) => one.textContent);
const dismiss = () => document.querySelectorAll(".notice button").forEach((one) => one.click());

beforeEach(dismiss);

test("a notice is text, says what it is about, and can be dismissed", () => {
  notify("Copied", "<b>the link</b>", "teal");
  assert.deepEqual(shown(), ["Copied <b>the link</b>"]);
  assert.ok(document.querySelector(".notice").classList.contains("teal"));
  dismiss();
  assert.deepEqual(shown(), []);
});

test("the same again is counted and not stacked", () => {
  fail("No such model.");
  fail("No such model.");
  fail("No such model.");
  assert.deepEqual(shown(), ["That did not work No such model. (3 times)"]);
});

test("of more than three, the oldest goes", () => {
  ["a", "b", "c", "d"].forEach((message) => notify("Said", message));
  assert.deepEqual(shown(), ["Said b", "Said c", "Said d"]);
});

test("one that is pointed at stays until it is left", (context) => {
  const set = context.mock.method(window, "setTimeout");
  const cleared = context.mock.method(window, "clearTimeout");
  notify("Said", "a");
  const notice = document.querySelector(".notice");
  const before = [set.mock.callCount(), cleared.mock.callCount()];
  notice.dispatchEvent(new window.Event("pointerenter"));
  assert.equal(cleared.mock.callCount(), before[1] + 1);
  assert.equal(set.mock.callCount(), before[0]);
  notice.dispatchEvent(new window.Event("pointerleave"));
  assert.equal(set.mock.callCount(), before[0] + 1);
});
