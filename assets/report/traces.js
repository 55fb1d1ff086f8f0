// What an op needs, what needs it, and what lies between two ops: over the edges of the model.

/**
 * @import { Trace } from "../protocol.js"
 * @import { Tables } from "./data.js"
 */

/**
 * All that can be reached from a slot, itself included.
 * @param {number[]} from
 * @param {number[]} to
 * @param {number} start
 */
function reached(from, to, start) {
  /** @type {Map<number, number[]>} */
  const next = new Map();
  from.forEach(function (slot, at) {
    const known = next.get(slot);
    if (known) {
      known.push(to[at]);
    } else {
      next.set(slot, [to[at]]);
    }
  });
  const found = new Set([start]);
  for (const slot of found) {
    next.get(slot)?.forEach((one) => found.add(one)); // a set is walked to its end as it grows
  }
  return found;
}

/**
 * The slots on a trace, and what it is in words.
 * @param {Tables} tables
 * @param {Trace} trace
 * @param {(id: string) => number} opAt
 */
export function traced({ ops, edges: { source, target } }, { way, op, to }, opAt) {
  const count = ops.id.length;
  const [one, other] = [opAt(op), opAt(to)];
  const [start, end] = [ops.slot[one], ops.slot[other]];
  const up = (/** @type {number} */ slot) => reached(target, source, slot);
  const down = (/** @type {number} */ slot) => reached(source, target, slot);
  const both = (/** @type {Set<number>} */ first, /** @type {Set<number>} */ second) =>
    [...first].filter((slot) => second.has(slot));
  let slots;
  let words;
  if (way === "between") {
    slots = both(down(start), up(end));
    slots = slots.length ? slots : both(down(end), up(start));
    words = `between ${ops.type[one]} and ${ops.type[other]}`;
  } else {
    slots = [...(way === "up" ? up(start) : down(start))];
    words = way === "up" ? `that ${ops.type[one]} needs` : `that need ${ops.type[one]}`;
  }
  const found = slots.filter((slot) => slot < count).length - (way === "between" ? 0 : 1);
  const isNone = way === "between" && !slots.length;
  return {
    slots,
    note: isNone
      ? `There is no way ${words}.`
      : `${found.toLocaleString("en")} ${found === 1 ? "op" : "ops"} ${words}`,
  };
}
