// The fields in the inspector that move ops to another module, or rename one that was recovered,
// opened from elsewhere.

import { byId } from "../dom.js";
import { send } from "../events.js";
import { notify } from "../notices.js";

/** @import { EventQueue } from "../queue.js" */

/** @type {Record<"move" | "rename", string>} Where each field stands. */
const FIELDS = { move: ".move:not(.rename)", rename: ".rename" };

/** @type {"move" | "rename" | null} */
let wanted = null;

/** Open it now. @param {"move" | "rename"} purpose */
function openField(purpose) {
  const details = byId("inspector").querySelector(`details:has(${FIELDS[purpose]})`);
  const input = details?.querySelector("input");
  if (details instanceof HTMLDetailsElement && input) {
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    input.focus({ preventScroll: true });
    input.select();
  } else if (purpose === "rename") {
    notify("It keeps its name", "Only modules that were found, and not named by the file, can be renamed.", "blue");
  }
}

/**
 * Open it for an op or a module, once the inspector shows that.
 * @param {EventQueue} queue
 * @param {"op" | "module"} kind
 * @param {string} what
 * @param {"move" | "rename"} [purpose]
 */
export function moveFrom(queue, kind, what, purpose = "move") {
  const [shownKind, shown] = queue.at?.state.selection ?? [];
  if (shownKind === kind && shown === what && queue.isIdle) {
    openField(purpose);
  } else {
    wanted = purpose;
    send({ type: kind, value: what });
  }
}

/**
 * Rename a module, or the one that is selected.
 * @param {EventQueue} queue
 * @param {string | null} fqn
 */
export function renameFrom(queue, fqn) {
  const [kind, selected = ""] = queue.at?.state.selection ?? [];
  const module = fqn ?? (kind === "module" ? selected : null);
  const shown = byId("inspector").querySelector(".rename button");
  if (shown instanceof HTMLElement && shown.dataset.value === module) {
    openField("rename"); // whatever is on its way: it may bring nothing new
  } else if (module !== null) {
    moveFrom(queue, "module", module, "rename");
  }
}

/**
 * Move ops to the module that stands in the field beside the button.
 * @param {string} which "kind:what" says which ops move
 * @param {HTMLElement} button
 */
export function moveOps(which, button) {
  const input = button.closest(".move")?.querySelector("input");
  const [kind] = which.split(":", 1);
  if (input && (kind === "op" || kind === "ops" || kind === "own" || kind === "found")) {
    const what = which.slice(kind.length + 1);
    send({ type: "move-ops", value: { kind, what, to: input.value } });
  }
}

/**
 * Give a recovered module the name that stands in the field beside the button.
 * @param {string} module
 * @param {HTMLElement} button
 */
export function rename(module, button) {
  const input = button.closest(".rename")?.querySelector("input");
  if (input) {
    send({ type: "rename", value: { module, to: input.value } });
  }
}

/** The inspector shows something: open the field, if that was wanted. */
export function fieldWanted() {
  if (wanted) {
    const purpose = wanted;
    wanted = null;
    openField(purpose);
  }
}
