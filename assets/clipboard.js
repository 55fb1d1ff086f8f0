// Names into the clipboard, by the buttons beside them.

import { register } from "./actions.js";
import { announce } from "./announce.js";
import { notify } from "./notices.js";

const SHOWN = 1200; // ms that a button says that it has copied

/**
 * Put a text into the clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} whether the browser allowed it
 */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeSelected(text); // over plain HTTP there is no clipboard but this way
  }
}

/** @param {string} text */
function writeSelected(text) {
  const field = document.createElement("textarea");
  const active = document.activeElement;
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  let isCopied = false;
  try {
    isCopied = document.execCommand("copy");
  } catch {
    isCopied = false;
  }
  field.remove();
  if (active instanceof HTMLElement) {
    active.focus({ preventScroll: true });
  }
  return isCopied;
}

/**
 * Put a text into the clipboard, and say so in a notice.
 * @param {string} text
 * @param {string} title
 * @param {string} message
 */
export async function copy(text, title, message) {
  if (await write(text)) {
    notify(title, message, "teal");
  } else {
    notify("The browser did not allow copying", text);
  }
}

/**
 * Copy the name that stands beside a button, which says for a moment that it did.
 * @param {string} text
 * @param {HTMLElement} button
 */
async function copyName(text, button) {
  if (!(await write(text))) {
    notify("The browser did not allow copying", text);
    return;
  }
  announce("Copied");
  button.classList.add("copied");
  window.setTimeout(() => button.classList.remove("copied"), SHOWN);
}

register({ copy: (text, button) => void copyName(text ?? "", button) });
