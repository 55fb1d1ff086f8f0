// Short notices in a corner. The page and the report each say how they show one.

/**
 * @typedef {{title: string, message: string, color: "red" | "blue" | "teal"}} Notice
 */

/** @type {(notice: Notice) => void} */
let showNotice = (notice) => console.warn(`${notice.title}: ${notice.message}`);

/**
 * Say how notices are shown.
 * @param {(notice: Notice) => void} how
 */
export function showNoticesBy(how) {
  showNotice = how;
}

/**
 * @param {string} title
 * @param {string} message
 * @param {Notice["color"]} color
 */
export function notify(title, message, color = "red") {
  showNotice({ title, message, color });
}

/**
 * Something a person asked for failed.
 * @param {string} message
 */
export function fail(message) {
  notify("That did not work", message);
}
