import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { page } from "./page.js";

page('<div id="box"></div>');
const { build, byId, put } = await import("../../assets/dom.js");

beforeEach(() => put("box", []));

const button = (value, label = "go") => ({
  type: "button", props: { "data-event": "step", "data-value": value, children: label },
});

test("text stays text", () => {
  put("box", ["<b>bold</b>", " & ", 7, null, true, undefined]);
  assert.equal(byId("box").textContent, "<b>bold</b> & 7");
  assert.equal(byId("box").children.length, 0);
});

test("components become elements, with their properties as attributes", () => {
  const element = build({
    type: "td",
    props: {
      className: "wide", colSpan: 2, tabIndex: 0, hidden: true, disabled: false, title: null,
      style: { color: "red" }, "aria-label": "cell",
      children: [{ type: "b", props: { children: "x" } }, "y"],
    },
  });
  assert.equal(
    element.outerHTML,
    '<td class="wide" colspan="2" tabindex="0" hidden="" style="color: red;" aria-label="cell">' +
      "<b>x</b>y</td>",
  );
});

test("attributes that are code are left out", () => {
  const element = build({ type: "img", props: { onerror: "alert(1)", onClick: "x", src: "a" } });
  assert.deepEqual(element.getAttributeNames(), ["src"]);
});

test("a button that was pressed keeps the keyboard when its element is new", () => {
  put("box", [button("1"), button('say "2"')]);
  const before = byId("box").children[1];
  before.focus();
  put("box", [button('say "2"', "again"), button("1")]);
  assert.notEqual(document.activeElement, before);
  assert.equal(document.activeElement.textContent, "again");
});

test("an element that the page has not is an error with its name", () => {
  assert.throws(() => byId("gone"), /the page has no #gone/);
});
