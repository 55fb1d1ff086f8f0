// Names of boxes cut to the room there is for them, so that what tells siblings apart is left.

const TAIL = /(?: ×\d+|\.[^.]+|_\d+)$/; // what siblings of a kind differ in: ".0", " ×11", ".query"
const WORD = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=_)(?=.)/g;
const CUT = 11; // pixels of type from which there is rather more of a name

const START = 3; // letters of a name's start that say anything before its end

/** Pixels of type that can be read. */
export const SMALLEST = 9;

/**
 * @typedef {(text: string) => number} Measure width of a text, in parts of its type's size
 *
 * @typedef {object} Fitted
 * @property {string} text
 * @property {number} size of its type, in pixels
 * @property {number} width in pixels
 */

/**
 * A name in a room: whole in smaller type if need be, else cut; `null` where nothing of it fits.
 * @param {string} name
 * @param {string[]} siblings names of what stands beside it, its own may be among them
 * @param {number} room pixels
 * @param {number} largest type, in pixels
 * @param {Measure} measure
 * @returns {Fitted | null}
 */
export function fitted(name, siblings, room, largest, measure) {
  const whole = measure(name);
  for (let size = largest; size >= SMALLEST; size -= 1) {
    if (whole * size <= room) {
      return { text: name, size, width: whole * size };
    }
  }
  /** @type {Fitted | null} */
  let ambiguous = null;
  for (const [start, end] of cuts(name)) {
    const text = start ? `${start}…${end}` : end.replace(/^ /, "").replace(/^(?=\w)/, "…");
    const width = measure(text);
    const size = Math.min(largest, CUT, Math.floor(room / width));
    if (size < SMALLEST) {
      continue;
    }
    const isLike = (/** @type {string} */ other) =>
      other !== name && other.startsWith(start) && other.endsWith(end);
    if (!siblings.some(isLike)) {
      return { text, size, width: width * size };
    }
    ambiguous ??= { text, size, width: width * size };
  }
  return ambiguous;
}

/**
 * What may be left of a name, its start and its end, the most telling first: whole words up to its
 * end, its end with some of its start, its end alone, its start alone.
 * @param {string} name
 * @returns {Generator<[start: string, end: string]>}
 */
function* cuts(name) {
  const tail = TAIL.exec(name)?.[0] ?? "";
  const stem = name.slice(0, name.length - tail.length);
  for (const { index } of stem.matchAll(WORD)) {
    yield ["", name.slice(index)];
  }
  if (tail) {
    for (let length = stem.length - 1; length >= START; length -= 1) {
      yield [stem.slice(0, length), tail];
    }
    yield ["", tail];
  }
  for (let length = name.length - 1; length > 1; length -= 1) {
    yield [name.slice(0, length), ""];
  }
}
