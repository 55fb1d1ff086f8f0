// What the server describes as HTML components, built without React: for a thousand small
// components React would compare every one of them at each change of the page.

/**
 * A component as JSON: an element with its properties, text, or several of these.
 * @typedef {{type: string, props: Record<string, unknown>}} Component
 * @typedef {null | undefined | boolean | number | string | unknown[] | Component} Part
 */

/** @type {Record<string, string>} */
const ATTRIBUTES = { className: "class", tabIndex: "tabindex", colSpan: "colspan" };

/**
 * The element with an id, which the page's layout promises.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) {
    throw new Error(`the page has no #${id}`);
  }
  return element;
}

/**
 * The field with an id.
 * @param {string} id
 * @returns {HTMLInputElement}
 */
export function field(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/**
 * The element around an event's target, or itself, that matches a selector.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function around(event, selector) {
  const target = event.target;
  return target instanceof Element ? target.closest(selector) : null;
}

/**
 * Nodes of the page from a component. Text stays text: nothing is read as markup, and attributes
 * that are code are left out.
 * @param {Part} part
 * @returns {Node}
 */
export function build(part) {
  if (part === null || part === undefined || typeof part === "boolean") {
    return document.createTextNode("");
  }
  if (Array.isArray(part)) {
    const all = document.createDocumentFragment();
    all.append(...part.map((one) => build(/** @type {Part} */ (one))));
    return all;
  }
  if (typeof part !== "object") {
    return document.createTextNode(String(part));
  }
  const element = document.createElement(part.type);
  for (const [name, value] of Object.entries(part.props)) {
    if (name === "children") {
      element.append(build(/** @type {Part} */ (value)));
    } else if (name === "style") {
      Object.assign(element.style, value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && !/^on/i.test(name)) {
      element.setAttribute(ATTRIBUTES[name] || name, String(value));
    }
  }
  return element;
}

/**
 * A selector for the button in an element that has the keyboard, which its successor takes over.
 * @param {HTMLElement} element
 */
function focusedButton(element) {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || active === element || !element.contains(active)) {
    return null;
  }
  const { event, value } = active.dataset;
  if (!event) {
    return null;
  }
  const withValue = value === undefined ? "" : `[data-value="${CSS.escape(value)}"]`;
  return `[data-event="${CSS.escape(event)}"]${withValue}`;
}

/** @type {Map<string, boolean>} Which details a person has opened or closed, by their names. */
const folds = new Map();

document.addEventListener("toggle", function (event) {
  const details = event.target;
  if (details instanceof HTMLDetailsElement && details.dataset.fold && details.isConnected) {
    folds.set(details.dataset.fold, details.open);
  }
}, true);

/**
 * Details stay as a person left them, also those of another op.
 * @param {ParentNode} content
 */
function keepFolds(content) {
  for (const details of content.querySelectorAll("details[data-fold]")) {
    const isOpen = folds.get(/** @type {HTMLElement} */ (details).dataset.fold ?? "");
    if (isOpen !== undefined && !details.hasAttribute("open")) {
      details.toggleAttribute("open", isOpen);
    }
  }
}

/**
 * Replace what the element with an id holds. A button that was pressed keeps the keyboard.
 * @param {string} id
 * @param {Part} content
 */
export function put(id, content) {
  const element = byId(id);
  const focused = focusedButton(element);
  element.replaceChildren(build(content));
  keepFolds(element);
  const button = focused ? element.querySelector(focused) : null;
  if (button instanceof HTMLElement) {
    button.focus({ preventScroll: true });
  }
}
