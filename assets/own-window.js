// The page in a window of its own (hexviz --desktop): models are chosen in the system's dialog and
// opened where they lie, without an upload. See hexviz/app/own_window.py for what the window answers.

import { setProps } from "./dash.js";
import { around } from "./dom.js";
import { send } from "./events.js";
import { fail } from "./notices.js";
import { compareWith } from "./panels/compare.js";
import { parityWith } from "./panels/measure.js";

/** Whether the page stands in such a window. */
export const isOwnWindow = document.documentElement.dataset.window !== undefined;

/** @type {() => string | null} */
let openModel = () => null;

/** What becomes of a model that was chosen in a field. @type {Record<string, (key: string) => void>} */
const TAKERS = {
  upload: (key) => send({ type: "visit", value: `?model=${encodeURIComponent(key)}` }),
  "tags-upload": (key) => setProps("tags-wanted", { data: { before: key, after: openModel() } }),
  "compare-upload": compareWith,
  "parity-upload": parityWith,
};

/**
 * What the window answers: the key of a model, why there is none, or neither if it knows of none.
 * @typedef {{key?: string, error?: string}} Answer
 *
 * @param {"choose" | "dropped"} what
 * @param {Record<string, string>} body
 * @returns {Promise<Answer>}
 */
async function ask(what, body = {}) {
  try {
    const response = await fetch(`window/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return response.ok ? await response.json() : { error: (await response.text()).trim() };
  } catch {
    return { error: "The server did not answer: see whether hexviz is still running." };
  }
}

/**
 * Give a field the model that the window has opened for it.
 * @param {string} field
 * @param {Answer} answer
 */
function give(field, { key, error }) {
  if (error !== undefined) {
    fail(error);
  }
  if (key !== undefined) {
    TAKERS[field](key);
  }
}

/** Let a person choose a model for a field. @param {string} field */
async function choose(field) {
  give(field, await ask("choose"));
}

/**
 * Open a model that was dropped, where it lies.
 * @param {string} name
 * @param {string} field that it was dropped on
 * @returns {Promise<boolean>} whether the window knows where: what another program holds in memory
 *   can be dropped, too
 */
export async function takeDropped(name, field = "upload") {
  const answer = await ask("dropped", { name });
  give(field, answer);
  return answer.key !== undefined || answer.error !== undefined;
}

/** @param {Event} event @returns {string | undefined} the field for a model that it is about */
function fieldOf(event) {
  const field = around(event, ".upload")?.closest("[id]")?.id;
  return field !== undefined && field in TAKERS ? field : undefined;
}

/** @param {Event} event */
function onClick(event) {
  const field = fieldOf(event);
  if (field !== undefined) {
    event.preventDefault();
    event.stopImmediatePropagation();
    void choose(field);
  }
}

/** @param {DragEvent} event */
function onDrop(event) {
  const field = fieldOf(event);
  const file = event.dataTransfer?.files[0];
  if (field !== undefined && file && /\.onnx$/i.test(file.name)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    void takeDropped(file.name, field).then((isKnown) => {
      if (!isKnown) {
        fail(`${file.name} lies in no folder of this machine: save it to one first.`);
      }
    });
  }
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey !== event.metaKey && !event.altKey && !event.shiftKey && event.key === "o") {
    event.preventDefault();
    void choose("upload");
  }
}

/**
 * Begin, if the page stands in a window of its own.
 * @param {() => string | null} model the key of the model that is open
 */
export function bindOwnWindow(model) {
  if (isOwnWindow) {
    openModel = model;
    document.addEventListener("click", onClick, true);
    document.addEventListener("drop", onDrop, true);
    document.addEventListener("keydown", onKey, true);
  }
}
