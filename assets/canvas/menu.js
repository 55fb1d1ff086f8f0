// The context menu: a list of entries at a point, worked by mouse, finger and keyboard.

import { placeMenu } from "./placement.js";

/** @import { Entry } from "./entries.js" */

/** @type {(() => void) | null} Closes the menu that is open, and gives the keyboard back. */
let close = null;

/**
 * Open a menu at a point of the window. It closes by Escape, Tab, a press elsewhere, and once an
 * entry was chosen; what had the keyboard has it again.
 * @param {string} title what it is of
 * @param {Entry[][]} groups
 * @param {{x: number, y: number}} at
 * @param {(entry: Entry) => void} choose
 */
export function openMenu(title, groups, at, choose) {
  close?.();
  const before = document.activeElement;
  const menu = document.createElement("div");
  menu.className = "context-menu";
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", title || "The graph");
  const leave = new AbortController();
  close = function () {
    close = null;
    leave.abort();
    menu.remove();
    if (before instanceof HTMLElement && before.isConnected) {
      before.focus({ preventScroll: true });
    }
  };
  if (title) {
    const head = document.createElement("div");
    head.className = "title";
    head.textContent = title;
    menu.append(head);
  }
  groups.forEach(function (group, number) {
    if (number) {
      const line = document.createElement("hr");
      line.setAttribute("role", "separator");
      menu.append(line);
    }
    menu.append(...group.map((entry) => item(entry, choose)));
  });
  menu.addEventListener("keydown", (event) => onKey(event, menu), { signal: leave.signal });
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  const elsewhere = function (/** @type {Event} */ event) {
    // The window loses the keyboard as well as an element in it does, which is none of this.
    const isInside = event.target instanceof Element &&
      (event.type === "blur" || menu.contains(event.target));
    if (!isInside) {
      close?.();
    }
  };
  for (const kind of ["pointerdown", "wheel", "resize", "blur"]) {
    window.addEventListener(kind, elsewhere, { capture: true, signal: leave.signal });
  }
  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  const corner = placeMenu(
    at, { width, height }, { width: window.innerWidth, height: window.innerHeight },
  );
  menu.style.left = `${corner.x}px`;
  menu.style.top = `${corner.y}px`;
  items(menu)[0]?.focus({ preventScroll: true });
}

/**
 * @param {Entry} entry
 * @param {(entry: Entry) => void} choose
 */
function item(entry, choose) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "menuitem");
  button.tabIndex = -1;
  button.append(entry.label);
  if (entry.keys) {
    const keys = document.createElement("kbd");
    keys.textContent = entry.keys;
    button.append(keys);
    button.setAttribute("aria-keyshortcuts", entry.keys);
    button.setAttribute("aria-label", entry.label);
  }
  button.addEventListener("click", function () {
    close?.();
    choose(entry);
  });
  return button;
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function items(menu) {
  return Array.from(menu.querySelectorAll("[role=menuitem]"));
}

/**
 * The keys of a menu; none of them is the page's.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 */
function onKey(event, menu) {
  const all = items(menu);
  const at = all.findIndex((one) => one === document.activeElement);
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowDown: () => all[(at + 1) % all.length].focus(),
    ArrowUp: () => all[(at - 1 + all.length) % all.length].focus(),
    Home: () => all[0].focus(),
    End: () => all[all.length - 1].focus(),
    Escape: () => close?.(),
    Tab: () => close?.(),
  };
  event.stopPropagation();
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
}
