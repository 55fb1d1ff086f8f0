import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

page('<div id="upload-box" data-most="2097152"><input type="file"></div><div id="notice-bar"></div>');
const { refusal } = await import("../../assets/uploads.js");

test("files that are too large or no model are refused in words", () => {
  const most = 2 * 1024 * 1024;
  assert.equal(refusal({ name: "net.onnx", size: most }, most), null);
  assert.equal(refusal({ name: "NET.ONNX", size: 1 }, most), null);
  assert.equal(
    refusal({ name: "net.onnx", size: most + 1 }, most),
    "net.onnx is over 2 MB: open it with `hexviz view FILE`.",
  );
  assert.equal(
    refusal({ name: "note.txt", size: 1 }, most),
    "note.txt is not an .onnx file: export the model to ONNX first.",
  );
});

test("a refused file never reaches the upload component", () => {
  const notices = () => [...document.querySelectorAll(".notice > div")].map((one) => one.textContent);
  const input = document.querySelector("input");
  let heard = 0;
  input.addEventListener("change", () => { heard += 1; });
  const choose = (files) => {
    Object.defineProperty(input, "files", { value: files, configurable: true });
    input.dispatchEvent(new Event("change", { bubbles: true, cancelable: true }));
  };
  choose([{ name: "note.txt", size: 1 }]);
  assert.equal(heard, 0);
  assert.equal(notices().length, 1);
  assert.match(notices()[0], /^That did not work note\.txt is not an \.onnx file/);
  choose([{ name: "net.onnx", size: 1 }]);
  assert.equal(heard, 1);
  assert.equal(notices().length, 1);
});
