// Files that an upload component would refuse in silence: too large, or no .onnx file.

import { around } from "./dom.js";
import { fail } from "./notices.js";
import { isOwnWindow } from "./own-window.js";

const MB = 1024 * 1024;

/**
 * Why a file is refused; `null` lets it through.
 * @param {{name: string, size: number}} file
 * @param {number} most bytes that it may have
 */
export function refusal(file, most) {
  if (!file.name.toLowerCase().endsWith(".onnx")) {
    return `${file.name} is not an .onnx file: export the model to ONNX first.`;
  }
  if (file.size > most) {
    const limit = `${Math.floor(most / MB)} MB`;
    return `${file.name} is over ${limit}: open it with \`hexviz view FILE\`.`;
  }
  return null;
}

/** @param {Event} event */
function onFile(event) {
  const box = around(event, "#upload-box, #tags-box, #compare-box, #parity-box");
  if (!box) {
    return;
  }
  const input = event.target instanceof HTMLInputElement ? event.target : null;
  const files = event instanceof DragEvent ? event.dataTransfer?.files : input?.files;
  const most = isOwnWindow ? Infinity : Number(box.dataset.most);
  const reason = files?.length ? refusal(files[0], most) : null;
  if (reason) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (input) {
      input.value = "";
    }
    fail(reason);
  }
}

document.addEventListener("change", onFile, true);
document.addEventListener("drop", onFile, true);
