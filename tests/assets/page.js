// A page without a browser, for modules that touch one: import this first.

import { JSDOM } from "jsdom";

/**
 * Put a document where modules look for it.
 * @param {string} body HTML
 * @param {string} url
 */
export function page(body, url = "http://localhost/") {
  const { window } = new JSDOM(`<!doctype html><body>${body}`, { url });
  // jsdom lays nothing out.
  window.Element.prototype.scrollIntoView = () => {};
  for (const name of [
    "document", "DragEvent", "Element", "Event", "HTMLCanvasElement", "HTMLElement",
    "HTMLInputElement", "HTMLSelectElement", "KeyboardEvent", "MutationObserver",
  ]) {
    globalThis[name] = window[name] ?? class {};
  }
  globalThis.window = window;
  globalThis.requestAnimationFrame = (frame) => setTimeout(frame, 0);
  globalThis.CSS = { escape: (text) => text.replace(/["\\]/g, "\\$&") };
  return window;
}

/** Collects events instead of a queue. */
export async function collectEvents() {
  const { connect } = await import("../../assets/events.js");
  const events = [];
  connect((event) => events.push(event));
  return events;
}
