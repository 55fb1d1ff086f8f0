// Paths lose their middle where there is no room, as `middle_cut` of app/panels/parts.py has them.

const LONGEST_END = 22; // characters of a path that always stay in sight
const SHORTEST_START = 4; // characters that are worth giving way, as the sign of the cut takes two

/**
 * What of a path may give way, and its end, which stays in sight; the first is empty for a short one.
 * @param {string} path
 * @param {number} longest characters of the end
 * @returns {[start: string, end: string]}
 */
export function splitPath(path, longest = LONGEST_END) {
  const first = Math.max(0, path.length - longest);
  const after = path.slice(first).search(/[/.]/);
  const at = first + Math.max(0, after);
  return at < SHORTEST_START ? ["", path] : [path.slice(0, at), path.slice(at)];
}

/**
 * A path as content.
 * @param {string} path
 */
export function cutPath(path) {
  const [start, end] = splitPath(path);
  const part = (/** @type {string} */ text) => ({ type: "span", props: { children: text } });
  return start
    ? { type: "span", props: { className: "cut", children: [part(start), part(end)] } }
    : path;
}
