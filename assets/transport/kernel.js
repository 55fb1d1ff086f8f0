// Answers from the kernel of a notebook, by the channel that the notebook's widgets have.
//
//   this page ──port──▶ notebook/widget.js ──the widget's messages──▶ hexviz/notebook/widget.py

/**
 * @import { EventAnswer, PanelAnswer } from "../protocol.js"
 * @import { Theme } from "../theme.js"
 * @import { Transport } from "../queue.js"
 *
 * @typedef {{kind: "answer", id: number, text: string} | {kind: "refused", id: number, text: string}
 *   | {kind: "moved"} | {kind: "left"} | {kind: "say", text: string} | {kind: "theme", theme: Theme}
 *   | {kind: "end", text: string}} Told What the page is told.
 *
 * @typedef {object} Hearing What the page does with what it is told besides answers.
 * @property {() => void} moved the view is elsewhere now: code or another page has moved it
 * @property {() => void} left the pointer has left the page
 * @property {(text: string) => void} say
 * @property {(theme: Theme) => void} theme
 * @property {(line: string, isEnd: boolean) => void} kernel what to say of the kernel; "" for nothing
 */

const PATIENCE = 2500; // ms without an answer after which the page says that it waits

/** The kernel refused a request, or is gone; the message is its own line. */
export class Refused extends Error {}

/**
 * A transport by a port, once the notebook hands one in.
 * @param {Hearing} hearing
 * @returns {Transport}
 */
export function kernel(hearing) {
  /** @type {Map<number, {done: (answer: any) => void, failed: (error: Error) => void, timer: number}>} */
  const waiting = new Map();
  let counter = 0;
  let ended = ""; // why no answer comes any more

  /** @type {Promise<MessagePort>} */
  const connected = new Promise(function (done) {
    window.addEventListener("message", function hear({ source, data, ports }) {
      if (source === window.parent && data === "hexviz" && ports.length === 1) {
        window.removeEventListener("message", hear);
        ports[0].onmessage = (event) => told(event.data);
        done(ports[0]);
      }
    });
  });

  /** @param {Told} what */
  function told(what) {
    switch (what.kind) {
      case "answer":
      case "refused":
        settle(what);
        break;
      case "moved":
        hearing.moved();
        break;
      case "left":
        hearing.left();
        break;
      case "say":
        hearing.say(what.text);
        break;
      case "theme":
        hearing.theme(what.theme);
        break;
      case "end":
        ended = what.text;
        for (const id of [...waiting.keys()]) {
          settle({ kind: "refused", id, text: ended });
        }
        hearing.kernel(ended, true);
    }
  }

  /** @param {Extract<Told, {id: number}>} what */
  function settle({ kind, id, text }) {
    const asked = waiting.get(id);
    if (!asked) {
      return;
    }
    waiting.delete(id);
    window.clearTimeout(asked.timer);
    if (!waiting.size && !ended) {
      hearing.kernel("", false);
    }
    if (kind === "answer") {
      asked.done(JSON.parse(text));
    } else {
      asked.failed(new Refused(text));
    }
  }

  /**
   * @param {"event" | "panel"} kind
   * @param {object} request
   * @returns {Promise<any>}
   */
  async function ask(kind, request) {
    const port = await connected;
    if (ended) {
      throw new Refused(ended);
    }
    counter += 1;
    const id = counter;
    return new Promise(function (done, failed) {
      const timer = window.setTimeout(
        () => hearing.kernel("Waiting for the kernel: a cell is running, or it has ended.", false),
        PATIENCE,
      );
      waiting.set(id, { done, failed, timer });
      port.postMessage({ kind, id, body: JSON.stringify(request) });
    });
  }

  return {
    event: (request) => /** @type {Promise<EventAnswer>} */ (ask("event", request)),
    panel: (request) => /** @type {Promise<PanelAnswer>} */ (ask("panel", request)),
  };
}
