// What the browser remembers of how the page looks, in a cookie: so that the server can send the page
// as it will be, before any script runs. hexviz/app/index_html.py reads it.

const NAME = "hexviz";
const YEAR = 31536000; // seconds

/** @typedef {"theme" | "canvas" | "left" | "right"} Remembered */

/**
 * Remember something beside what is remembered already; nothing for what is to be forgotten.
 * @param {Partial<Record<Remembered, string>>} more
 */
export function remember(more) {
  try {
    const said = document.cookie.split("; ").find((one) => one.startsWith(`${NAME}=`)) ?? "";
    const before = new URLSearchParams(said.slice(NAME.length + 1));
    const now = { ...Object.fromEntries(before), ...more };
    const pairs = Object.entries(now).filter(([, value]) => value);
    const text = pairs.map(([name, value]) => `${name}=${value}`).join("&");
    document.cookie = `${NAME}=${text}; path=/; max-age=${YEAR}; samesite=lax`;
  } catch {
    // cookies may be forbidden, and a report has none: then the page begins as it does for anybody
  }
}
