// Short notices, in a line of their own below the panes.

/**
 * @typedef {{title: string, message: string, color: "red" | "blue" | "teal"}} Notice
 */

const STAYS = 9000; // ms, and longer while it is pointed at or has the keyboard
const MOST = 3; // at a time

/** @type {{element: HTMLElement, said: string, times: number, timer: number}[]} */
let shown = [];

/**
 * Say something. The same again is counted, and not said twice.
 * @param {string} title
 * @param {string} message
 * @param {Notice["color"]} color
 */
export function notify(title, message, color = "red") {
  const bar = document.getElementById("notice-bar");
  if (!bar) {
    console.warn(`${title}: ${message}`); // the page is yet to be put together
    return;
  }
  const said = JSON.stringify([title, message, color]);
  const again = shown.find((notice) => notice.said === said);
  const times = again ? again.times + 1 : 1;
  if (again) {
    close(again.element);
  } else if (shown.length === MOST) {
    close(shown[0].element);
  }
  const element = build(title, message, color, times);
  bar.append(element);
  shown.push({ element, said, times, timer: 0 });
  start(element);
  makeRoom();
}

/**
 * Something a person asked for failed.
 * @param {string} message
 */
export function fail(message) {
  notify("That did not work", message);
}

/**
 * @param {string} title
 * @param {string} message
 * @param {Notice["color"]} color
 * @param {number} times
 */
function build(title, message, color, times) {
  const element = document.createElement("div");
  element.className = `notice ${color}`;
  const text = document.createElement("div");
  const heading = document.createElement("b");
  heading.textContent = title;
  text.append(heading, " ", message, times > 1 ? ` (${times} times)` : "");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", "Dismiss");
  button.addEventListener("click", () => close(element));
  element.append(text, button);
  for (const event of ["pointerenter", "focusin"]) {
    element.addEventListener(event, () => stop(element));
  }
  for (const event of ["pointerleave", "focusout"]) {
    element.addEventListener(event, () => start(element));
  }
  return element;
}

/** @param {HTMLElement} element */
function stop(element) {
  const notice = shown.find((one) => one.element === element);
  window.clearTimeout(notice?.timer);
}

/** @param {HTMLElement} element */
function start(element) {
  stop(element);
  const notice = shown.find((one) => one.element === element);
  if (notice) {
    notice.timer = window.setTimeout(() => close(element), STAYS);
  }
}

/** @param {HTMLElement} element */
function close(element) {
  stop(element);
  shown = shown.filter((notice) => notice.element !== element);
  element.remove();
  makeRoom();
}

/** Dialogs end above the notices. */
function makeRoom() {
  const height = document.getElementById("notice-bar")?.offsetHeight ?? 0;
  document.documentElement.style.setProperty("--notices-height", `${height}px`);
}
