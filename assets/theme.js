// Light or dark: as chosen on the page, in an earlier visit, or by the system.

/** @typedef {"light" | "dark"} Theme */

function remembered() {
  try {
    return JSON.parse(window.localStorage.getItem("theme") || "null");
  } catch {
    return null; // storage may be forbidden, or hold something else
  }
}

/**
 * The theme that the page has, or is about to have.
 * @returns {Theme}
 */
export function theme() {
  const chosen = document.documentElement.dataset.theme || remembered();
  if (chosen === "light" || chosen === "dark") {
    return chosen;
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
