// What a person does, from whoever notices it: the canvas, the tree, a button. The page and the
// report each connect a queue that answers.

/**
 * @import { EventRequest } from "./protocol.js"
 * @typedef {EventRequest["event"]} Event
 */

/** @type {((event: Event) => void) | null} */
let receiver = null;

/**
 * Say who takes events.
 * @param {(event: Event) => void} to
 */
export function connect(to) {
  receiver = to;
}

/**
 * Send an event.
 * @param {Event} event
 */
export function send(event) {
  if (!receiver) {
    throw new Error(`nobody takes events yet: ${event.type}`);
  }
  receiver(event);
}
