// Files that are dropped anywhere on the page: a model opens, numbers colour, measurements show,
// overrides correct.
// Fields that take a file of their own keep what is dropped on them.

import { setProps } from "./dash.js";
import { around, byId } from "./dom.js";
import { fail, notify } from "./notices.js";
import { isOwnWindow, takeDropped } from "./own-window.js";
import { refusal } from "./uploads.js";

const OWN = ".upload, .run-drop, input[type=file]";
const NUMBERS = /\.(json|csv)$/i;
const MB = 1024 * 1024;
const SLOW = 4 * MB; // from here on, nothing happens for some seconds

/**
 * What becomes of dropped files: which of them is taken, as what, and what there is to say of it.
 * @param {{name: string, size: number}[]} files
 * @param {{model: number, numbers: number, json: number}} most bytes that each kind may have
 * @param {boolean} isOpen whether a model is open
 * @returns {{at: number, as: "model" | "numbers", note: string} | {reason: string}}
 */
export function sort(files, most, isOpen) {
  const model = files.findIndex(({ name }) => /\.onnx$/i.test(name));
  const at = model < 0 ? files.findIndex(({ name }) => NUMBERS.test(name)) : model;
  const file = files[at];
  if (!file) {
    const reason = files.length === 1
      ? `${files[0].name} is no model (.onnx), and no numbers or overrides (.json, .csv).`
      : "None of these files is a model (.onnx), numbers or overrides (.json, .csv).";
    return { reason };
  }
  const note = files.length > 1 ? `Of ${files.length} files, ${file.name} is taken.` : "";
  if (at === model) {
    const reason = refusal(file, most.model);
    return reason ? { reason } : { at, as: "model", note };
  }
  if (!isOpen) {
    return { reason: `Open a model first: ${file.name} is for one that is open.` };
  }
  const isJson = /\.json$/i.test(file.name); // which may be a trace of all nodes in all runs
  const limit = isJson ? most.json : most.numbers;
  if (file.size > limit) {
    const less = isJson ? "leave ops or runs out" : "leave ops out";
    return { reason: `${file.name} is over ${Math.floor(limit / MB)} MB: ${less}.` };
  }
  return { at, as: "numbers", note };
}

/** @param {File} file @returns {Promise<string>} */
function contentsOf(file) {
  return new Promise(function (done, failed) {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(String(reader.result)));
    reader.addEventListener("error", failed);
    reader.readAsDataURL(file);
  });
}

/**
 * Take what was dropped, as if it had been chosen in its field.
 * @param {File[]} files
 */
async function take(files) {
  const { mostModel, mostNumbers, mostJson } = byId("drop").dataset;
  const isOpen = byId("model-title").textContent !== "";
  const most = {
    model: isOwnWindow ? Infinity : Number(mostModel), numbers: Number(mostNumbers), json: Number(mostJson),
  };
  const sorted = sort(files, most, isOpen);
  if ("reason" in sorted) {
    fail(sorted.reason);
    return;
  }
  const file = files[sorted.at];
  if (isOwnWindow && sorted.as === "model" && await takeDropped(file.name)) {
    return;
  }
  if (sorted.note || file.size > SLOW) {
    notify(`Opening ${file.name}`, sorted.note || "It is on its way to the server.", "blue");
  }
  try {
    const contents = await contentsOf(file);
    setProps(sorted.as === "model" ? "upload" : "numbers", { contents, filename: file.name });
  } catch {
    fail(`${file.name} cannot be read: see whether it is a file that is still there.`);
  }
}

/** @param {DragEvent} event */
function bringsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** @param {boolean} isOver */
function showOverlay(isOver) {
  const overlay = document.getElementById("drop");
  if (overlay) {
    overlay.hidden = !isOver;
  }
}

for (const kind of /** @type {const} */ (["dragenter", "dragover"])) {
  document.addEventListener(kind, function (event) {
    if (bringsFiles(event)) {
      const isOwn = around(event, OWN) !== null;
      showOverlay(!isOwn);
      if (!isOwn && event.dataTransfer) {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      }
    }
  });
}
document.addEventListener("dragleave", function (event) {
  if (!event.relatedTarget) {
    showOverlay(false); // out of the window
  }
});
document.addEventListener("drop", function (event) {
  showOverlay(false);
  if (bringsFiles(event) && !around(event, OWN)) {
    event.preventDefault();
    void take([...(event.dataTransfer?.files ?? [])]);
  }
});
