// The inspector's recorded pages, as they look for what is on the canvas.

/**
 * @import { Component, Part } from "../dom.js"
 * @import { Start } from "./data.js"
 * @import { Scenes } from "./scenes.js"
 */

const MOST_VALUES = 40;

/**
 * The same content with other properties.
 * @param {Part} part
 * @param {(props: Record<string, unknown>, type: string) => Record<string, unknown>} how
 * @returns {Part}
 */
export function change(part, how) {
  if (Array.isArray(part)) {
    return part.map((one) => change(/** @type {Part} */ (one), how));
  }
  if (part === null || typeof part !== "object") {
    return part;
  }
  const { type, props } = /** @type {Component} */ (part);
  const { children, ...others } = how(props, type);
  return { type, props: { ...others, children: change(/** @type {Part} */ (children), how) } };
}

/**
 * A button's text is replaced, as it does the opposite now.
 * @param {Part} page
 * @param {(stack: string) => boolean} isApart
 * @returns {Part}
 */
export function modulePage(page, isApart) {
  return change(page, (props) =>
    props["data-event"] === "stack" && isApart(String(props["data-value"]))
      ? { ...props, children: "Show one for all" }
      : props);
}

/**
 * An op's page, with the path that is on the canvas and the step of it that is looked at.
 * @param {Part} page
 * @param {string | undefined} path
 * @param {number} at
 * @returns {Part}
 */
export function opPage(page, path, at) {
  const current = `${path}:${at}`;
  const isOf = (/** @type {unknown} */ part, /** @type {string} */ value) =>
    JSON.stringify(part ?? null).includes(`"data-event":"path","data-value":${JSON.stringify(value)}`);
  return change(page, function (props, type) {
    const isPath = props["data-event"] === "path";
    if (isPath && !String(props["data-value"]).includes(":")) {
      return { ...props, "aria-pressed": String(props["data-value"] === path) };
    }
    if (isPath) {
      return { ...props, className: props["data-value"] === current ? "badge current" : "badge" };
    }
    if (type === "details" && path === "context" && props["data-fold"] === path) {
      return { ...props, open: true };
    }
    if (type === "ol" && String(props.className).startsWith("path")) {
      return { ...props, className: isOf(props.children, `${path}:1`) ? "path shown" : "path" };
    }
    if (type === "li" && isOf(props.children, current)) {
      return { ...props, "aria-current": "step" };
    }
    return props;
  });
}

/**
 * @param {string} type
 * @param {Record<string, unknown>} props
 * @param {...Part} children
 * @returns {Component}
 */
function element(type, props, ...children) {
  return { type, props: { ...props, children } };
}

/**
 * What runs along a line: its ends, and the values.
 * @param {Start} start
 * @param {Scenes} scenes
 * @param {number} scene
 * @param {string} id of the line
 * @param {(at: number) => Promise<Part>} item an item of the list for a value
 * @returns {Promise<Part>}
 */
export async function linePage({ tables, about }, scenes, scene, id, item) {
  const drawn = scenes.elements(scene, "light");
  const line = drawn.find(({ data }) => data.id === id && "source" in data)?.data;
  if (!line) {
    return about;
  }
  // A line from a stub has the values of all that the stub stands for.
  const stub = drawn.find(({ data }) => data.id === line.source && data.kind === "stub")?.data;
  const sources = new Set(stub ? stub.from : [line.source]);
  const owners = scenes.owners(scene);
  const { source, target, value } = tables.edges;
  const values = [...new Set(value.filter((_, at) =>
    sources.has(owners[source[at]]) && owners[target[at]] === line.target))];
  const items = await Promise.all(values.slice(0, MOST_VALUES).map(item));
  if (values.length > MOST_VALUES) {
    const more = (values.length - MOST_VALUES).toLocaleString("en");
    items.push(element("li", { className: "quiet" }, `and ${more} more`));
  }
  const name = (/** @type {string} */ end) => {
    const [kind, what] = end.split(/:(.*)/s);
    const at = kind === "o" ? scenes.opAt(what) : undefined;
    const box = kind === "m" ? scenes.boxAt(what) : undefined;
    if (at !== undefined) {
      return `${tables.ops.type[at]} ${what} in ${tables.modules.tag[tables.ops.module[at]]}`;
    }
    if (box === undefined) {
      return what;
    }
    const tag = tables.modules.tag[tables.boxes.module[box]];
    return tables.calls.includes(box) ? `${tables.boxes.label[box]} in ${tag}` : tag;
  };
  const counted = `${values.length.toLocaleString("en")} value${values.length === 1 ? "" : "s"}`;
  return [
    element("div", { className: "heading" },
      element("h2", {}, counted), element("span", { className: "pill" }, "edge")),
    element("section", {},
      element("h3", {}, "From and to"),
      ...[...sources].map((one) => element("div", { className: "breakable" }, name(one))),
      element("div", { className: "breakable" }, `→ ${name(line.target)}`)),
    values.length
      ? element("section", {},
        element("h3", {}, "Values"), element("ul", { className: "values" }, ...items))
      : null,
  ];
}
