// What leaves the page: a link to the exact view, pictures of it, and the graph for other tools.

import { register } from "./actions.js";
import { viewport } from "./canvas/camera.js";
import { cytoscape } from "./canvas/instance.js";
import { copy } from "./clipboard.js";
import { byId } from "./dom.js";
import { fail } from "./notices.js";
import { theme } from "./theme.js";

const LARGEST = 12_000; // pixels a side that browsers draw without failing
const KEPT = 10_000; // ms that a file is kept for its download

function fileStem() {
  const name = byId("model-title").textContent || "graph";
  return name.replace(/\.onnx$/, "").replace(/[^\w.-]+/g, "-");
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}

function copyLink() {
  const cy = cytoscape();
  if (cy) {
    const address = new URL(window.location.href);
    address.searchParams.set("at", viewport(cy));
    void copy(address.href, "Link copied", "It leads to exactly this view.");
  }
}

async function savePng() {
  const cy = cytoscape();
  if (cy) {
    const box = cy.elements(":visible").boundingBox();
    const scale = Math.min(2, LARGEST / Math.max(box.w, box.h, 1));
    const bg = getComputedStyle(document.documentElement).getPropertyValue("--page").trim();
    save(await cy.png({ full: true, scale, bg, output: "blob-promise" }), `${fileStem()}.png`);
  }
}

/**
 * Save what the server makes of the page's address, or say why it makes nothing.
 * @param {string} what
 * @param {string} suffix
 */
async function saveMade(what, suffix) {
  const query = new URLSearchParams(window.location.search);
  query.set("theme", theme());
  const response = await fetch(`${what}.${suffix}?${query}`);
  if (response.ok) {
    save(await response.blob(), `${fileStem()}.${suffix}`);
  } else {
    fail((await response.text()).trim());
  }
}

register({
  "copy-link": copyLink,
  "save-png": () => void savePng(),
  "save-svg": () => void saveMade("picture", "svg"),
  "save-graph": (suffix) => void saveMade("graph", suffix ?? "json"),
});
