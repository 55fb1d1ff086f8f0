// What a screen reader says when something happens that can only be seen.

/** @type {HTMLElement | null} */
let line = null;

/**
 * Say a line, once whatever is being said is finished.
 * @param {string} text
 */
export function announce(text) {
  if (!line) {
    line = document.createElement("div");
    line.id = "announcements";
    line.className = "unseen";
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
    document.body.append(line);
  }
  line.textContent = text;
}
