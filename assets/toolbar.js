// The line of tools above the graph: what does not fit, by measure, stands in the menu behind it.

import { register } from "./actions.js";
import { byId } from "./dom.js";

/** Of Dash's controls that open a list, which is elsewhere on the page. */
const LISTS = ".mantine-Select-dropdown, .mantine-Popover-dropdown";

/** Classes that measuring itself sets. */
const OWN = ["compact", "tightest"];

const GAP = 10; // pixels around tools in the menu

/** @type {HTMLElement[]} In the order in which they go into the menu. They stay where they are in the
 * page, which React keeps an account of: in the menu, they are shown above it. */
let foldables = [];

/** @returns {[tools: HTMLElement, line: HTMLElement] | null} */
function parts() {
  const tools = document.querySelector(".tools");
  const line = tools?.querySelector(".tools-line");
  return tools instanceof HTMLElement && line instanceof HTMLElement ? [tools, line] : null;
}

/** Put each tool where there is room for it: on the line as it is, on it in short, in the menu. */
function arrange() {
  const [tools, line] = parts() ?? [];
  if (!tools || !line) {
    return;
  }
  const isShort = () => line.scrollWidth > line.clientWidth;
  tools.classList.remove("compact", "tightest");
  for (const element of foldables) {
    element.classList.remove("folded");
    element.removeAttribute("style");
  }
  if (isShort()) {
    tools.classList.add("compact");
  }
  for (const element of foldables) {
    if (isShort()) {
      element.classList.add("folded");
    }
  }
  if (isShort()) {
    tools.classList.add("tightest");
  }
  if (openMenu()) {
    place();
  }
}

/** Put the tools that did not fit into the head of the menu, line by line. */
function place() {
  const menu = byId("more-menu");
  const room = byId("more-tools");
  const folded = foldables.filter((element) => getComputedStyle(element).display !== "none")
    .filter((element) => element.classList.contains("folded"));
  room.hidden = !folded.length;
  const { offsetLeft, offsetTop, clientWidth } = menu;
  let [x, y, high] = [GAP, GAP, 0];
  for (const element of folded.reverse()) {
    if (x > GAP && x + element.offsetWidth > clientWidth - GAP) {
      [x, y, high] = [GAP, y + high + GAP, 0];
    }
    element.style.left = `${offsetLeft + x}px`;
    element.style.top = `${offsetTop + y}px`;
    x += element.offsetWidth + GAP;
    high = Math.max(high, element.offsetHeight);
  }
  room.style.height = `${y + high}px`;
}

/**
 * Measure the tools, now and whenever there is more or less room, or more or less of them.
 * @returns {boolean} whether they are on the page
 */
export function bindToolbar() {
  const [tools, line] = parts() ?? [];
  if (!tools || !line) {
    return false;
  }
  foldables = [...line.querySelectorAll(".foldable")]
    .filter((element) => element instanceof HTMLElement)
    .sort((one, other) => Number(one.dataset.turn) - Number(other.dataset.turn));
  const sizes = new ResizeObserver(arrange);
  sizes.observe(tools);
  sizes.observe(line.children[0]); // the tabs, with what is counted on them
  foldables.forEach((element) => sizes.observe(element)); // what they say may grow
  let classes = "";
  new MutationObserver(function () {
    const now = [...tools.classList].filter((name) => !OWN.includes(name)).join(" ");
    if (now !== classes) {
      classes = now;
      arrange();
    }
  }).observe(tools, { attributes: true, attributeFilter: ["class"] });
  return true;
}

/** @param {boolean} isOpen */
function showMenu(isOpen) {
  const menu = byId("more-menu");
  menu.hidden = !isOpen;
  menu.parentElement?.classList.toggle("open", isOpen);
  byId("more").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) {
    place();
    // Tools that did not fit come after the entries: an arrow in one of them may mean something else.
    stops(menu).find((stop) => stop.matches("[role=menuitem]"))?.focus();
  }
}

/** What in the menu takes the keyboard. @param {HTMLElement} menu */
function stops(menu) {
  const folded = foldables.filter((element) => element.classList.contains("folded")).reverse();
  return /** @type {HTMLElement[]} */ (
    [...folded, menu].flatMap((part) => [...part.querySelectorAll("button, input")])
  ).filter((element) => element.getClientRects().length > 0);
}

/** Whether an element is in the menu. @param {Element} element */
function isInMenu(element) {
  return element.closest("#more-menu, .folded") !== null;
}

/** @returns {HTMLElement | null} the menu, if it is open */
function openMenu() {
  const menu = document.getElementById("more-menu");
  return menu && !menu.hidden ? menu : null;
}

register({ more: () => showMenu(!openMenu()) });

document.addEventListener("pointerdown", function ({ target }) {
  const menu = openMenu();
  if (menu && target instanceof Element && !isInMenu(target) && !target.closest(`#more, ${LISTS}`)) {
    showMenu(false);
  }
});

document.addEventListener("click", function ({ target }) {
  const button = openMenu() && target instanceof Element ? target.closest("button") : null;
  if (button && isInMenu(button)) {
    showMenu(false);
  }
});

document.addEventListener("keydown", function (event) {
  const menu = openMenu();
  if (!menu || !(event.target instanceof HTMLElement) || !isInMenu(event.target)) {
    return;
  }
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const isEntry = event.target.matches("[role=menuitem]");
  if (event.key === "Escape" || (event.key === "Tab" && isEntry)) {
    showMenu(false);
    byId("more").focus();
  } else if (way && (isEntry || event.target.matches("input[type=radio]"))) {
    const all = stops(menu);
    all[(all.indexOf(event.target) + way + all.length) % all.length].focus();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}, true);
