// The field in the inspector that moves ops to another module, opened from elsewhere.

import { byId } from "../dom.js";

let isWanted = false;

/** Open it now. */
export function openMoveField() {
  const details = byId("inspector").querySelector("details:has(.move)");
  const input = details?.querySelector("input");
  if (details instanceof HTMLDetailsElement && input) {
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    input.focus({ preventScroll: true });
  }
}

/** Open it once the inspector shows what is selected next. */
export function openMoveFieldNext() {
  isWanted = true;
}

/** The inspector shows something: open the field, if that was wanted. */
export function fieldWanted() {
  if (isWanted) {
    isWanted = false;
    openMoveField();
  }
}
