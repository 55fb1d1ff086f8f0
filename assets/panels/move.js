// The field in the inspector that moves ops to another module, opened from elsewhere.

import { byId } from "../dom.js";
import { send } from "../events.js";

/** @import { EventQueue } from "../queue.js" */

let isWanted = false;

/** Open it now. */
function openMoveField() {
  const details = byId("inspector").querySelector("details:has(.move)");
  const input = details?.querySelector("input");
  if (details instanceof HTMLDetailsElement && input) {
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    input.focus({ preventScroll: true });
  }
}

/**
 * Open it for an op or a module, once the inspector shows that.
 * @param {EventQueue} queue
 * @param {"op" | "module"} kind
 * @param {string} what
 */
export function moveFrom(queue, kind, what) {
  const [shownKind, shown] = queue.at?.state.selection ?? [];
  if (shownKind === kind && shown === what && queue.isIdle) {
    openMoveField();
  } else {
    isWanted = true;
    send({ type: kind, value: what });
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

/** The inspector shows something: open the field, if that was wanted. */
export function fieldWanted() {
  if (isWanted) {
    isWanted = false;
    openMoveField();
  }
}
