// Answers from the server of the page.

/**
 * @import { EventRequest, PanelRequest } from "../protocol.js"
 * @import { Transport } from "../queue.js"
 */

const PATIENCE = 15_000; // ms after which an answer counts as lost
const OPENING = 600_000; // the same where the server may have to open a model first
const LONGEST = 300; // characters of a line that the server says

/** The server refused a request; the message is its own line. */
export class Refused extends Error {}

/**
 * A transport by HTTP.
 * @param {(n: number, timing: string | null) => void} measured takes what the server says an event
 *   took, as the header `Server-Timing` has it
 * @returns {Transport}
 */
export function http(measured = () => {}) {
  let isOpen = false; // a first picture may be older than the server, which then opens the model

  /**
   * @param {"event" | "panel"} path
   * @param {EventRequest | PanelRequest} body
   * @param {number} patience
   * @returns {Promise<{answer: any, timing: string | null}>}
   */
  async function post(path, body, patience) {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    if (!response.ok) {
      const line = (await response.text()).trim();
      throw new Refused(line.slice(0, LONGEST) || `The server answered with ${response.status}.`);
    }
    return { answer: await response.json(), timing: response.headers.get("Server-Timing") };
  }

  return {
    async event(request) {
      const isVisit = request.event.type === "visit";
      const { answer, timing } = await post(
        "event", request, isOpen && !isVisit ? PATIENCE : OPENING,
      );
      isOpen = !isVisit;
      measured(request.n, timing);
      return answer;
    },
    async panel(request) {
      const { answer } = await post("panel", request, isOpen ? PATIENCE : OPENING);
      isOpen = true;
      return answer;
    },
  };
}
