// The search of a report: words in an op's id, type and tag, and in the tags of modules.

import { cutPath } from "../paths.js";

/**
 * @import { Tables } from "./data.js"
 * @import { Part } from "../dom.js"
 * @typedef {{ops: number[], modules: number[]}} Found rows of their tables
 */

const MOST = 40; // that are listed
const FIELDS = ["id", "type", "tag"];

/**
 * Whether all words are in some texts; `type:`, `id:` and `tag:` say in which one.
 * @param {string[]} words in small letters
 * @param {Record<string, string>} texts
 */
function fits(words, texts) {
  return words.every(function (word) {
    const [field, rest] = word.split(/:(.*)/s);
    return rest !== undefined && FIELDS.includes(field)
      ? texts[field]?.toLowerCase().includes(rest)
      : Object.values(texts).some((text) => text.toLowerCase().includes(word));
  });
}

/**
 * @param {Tables} tables
 * @param {string} query
 * @returns {Found}
 */
export function search({ ops, modules }, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) {
    return { ops: [], modules: [] };
  }
  const isOfOps = words.some((word) => /^(id|type):/.test(word));
  const rows = (/** @type {unknown[]} */ column) => column.map((_, at) => at);
  return {
    modules: isOfOps ? [] : rows(modules.fqn).filter(
      (at) => at > 0 && fits(words, { tag: modules.tag[at] }) &&
        words.some((word) => fits([word], { tag: modules.label[at] })),
    ),
    ops: rows(ops.id).filter((at) =>
      fits(words, { id: ops.id[at], type: ops.type[at], tag: modules.tag[ops.module[at]] })),
  };
}

/**
 * @param {string} type
 * @param {Record<string, unknown>} props
 * @param {...Part} children
 */
function element(type, props, ...children) {
  return { type, props: { ...props, children } };
}

/**
 * What was found, as content.
 * @param {Tables} tables
 * @param {Found} found
 * @returns {Part}
 */
export function hits({ ops, modules }, found) {
  if (!found.ops.length && !found.modules.length) {
    return element("div", { className: "quiet", role: "status" }, "Nothing found.");
  }
  const counted = (/** @type {number} */ count, /** @type {string} */ noun) =>
    `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  const counts = [
    ...(found.modules.length ? [counted(found.modules.length, "module")] : []),
    counted(found.ops.length, "op"),
  ];
  const step = (/** @type {string} */ sign, /** @type {string} */ event, /** @type {string} */ name) =>
    element("button", { className: "tool", title: name, "data-event": event, "aria-label": name }, sign);
  const hit = (/** @type {Record<string, string>} */ leads, /** @type {string} */ title,
    /** @type {string} */ detail) => element("button", { className: "hit", title: `${title}\n${detail}`, "aria-label": `${title}, ${detail}`, ...leads },
    element("b", {}, title), element("span", { className: "quiet" }, cutPath(detail)));
  return [
    element("div", { className: "found" },
      element("span", { className: "quiet", role: "status" }, counts.join(", ")),
      step("‹", "previous-match", "Previous op found (N)"),
      step("›", "next-match", "Next op found (n)")),
    ...found.modules.slice(0, MOST).map((at) =>
      hit({ "data-module": modules.fqn[at] }, modules.label[at], modules.tag[at])),
    ...found.ops.slice(0, MOST).map((at) =>
      hit({ "data-op": ops.id[at] }, `${ops.type[at]} ${ops.id[at]}`, modules.tag[ops.module[at]])),
  ];
}
