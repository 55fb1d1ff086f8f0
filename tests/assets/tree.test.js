import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { collectEvents, page } from "./page.js";

page('<div id="tree" role="tree"></div><button id="other"></button>');
const events = await collectEvents();
await import("../../assets/actions.js");
const { put } = await import("../../assets/dom.js");
const { markRow, pressKey, rowsReplaced } = await import("../../assets/tree.js");

function row(key, level, { open = false, section = false } = {}) {
  return {
    type: "div",
    props: {
      role: "treeitem", "data-key": key, "data-fqn": key, tabIndex: -1, "aria-level": level,
      "aria-expanded": String(open), className: section ? "row section-row" : "row",
      children: [
        { type: "span", props: {
          className: "chevron", ...(key ? { "data-event": "toggle", "data-value": key } : {}),
        } },
        { type: "span", props: {
          className: "mark-box", "data-event": "check", "data-value": key,
        } },
      ],
    },
  };
}

const ROWS = [
  row("", 1, { open: true }), row("encoder", 2, { open: true }), row("encoder.0", 3),
  row("encoder~1", 3, { section: true }), row("pooler", 2),
];
const at = (key) => document.querySelector(`#tree [data-key="${key}"]`);
const focused = () => document.activeElement.dataset.key;

beforeEach(() => {
  put("tree", ROWS);
  events.length = 0;
});

test("the arrows go from row to row, in and out", () => {
  const steps = [
    ["", "ArrowDown", "encoder"], ["encoder", "ArrowRight", "encoder.0"],
    ["encoder.0", "ArrowLeft", "encoder"], ["encoder", "End", "pooler"],
    ["pooler", "ArrowUp", "encoder~1"], ["pooler", "Home", ""],
  ];
  for (const [from, key, to] of steps) {
    assert.equal(pressKey(at(from), key), true);
    assert.equal(focused(), to, key);
    assert.equal(at(to).getAttribute("tabindex"), "0");
  }
  assert.deepEqual(events, []);
});

test("keys open, close, choose and tick", () => {
  pressKey(at("pooler"), "ArrowRight");
  pressKey(at("encoder"), "ArrowLeft");
  pressKey(at("pooler"), "Enter");
  pressKey(at("encoder~1"), "Enter");
  pressKey(at("pooler"), " ");
  pressKey(at("encoder~1"), " "); // a section is not hidden
  assert.deepEqual(events, [
    { type: "toggle", value: "pooler" }, { type: "toggle", value: "encoder" },
    { type: "reveal-module", value: "pooler" }, { type: "toggle", value: "encoder~1" },
    { type: "check", value: "pooler" },
  ]);
});

test("other keys mean nothing to the tree", () => {
  assert.equal(pressKey(at("pooler"), "f"), false);
});

test("new rows take over the mark and the keyboard", () => {
  markRow("pooler");
  at("encoder.0").focus();
  put("tree", ROWS);
  rowsReplaced();
  assert.equal(at("pooler").getAttribute("aria-selected"), "true");
  assert.equal(at("encoder").getAttribute("aria-selected"), "false");
  assert.equal(focused(), "encoder.0");
});
