// Dash's controls above the graph: what a person chooses, and what the server says they show.

import { setProps } from "./dash.js";
import { send } from "./events.js";
import { canColourByComparison } from "./panels/compare.js";
import { showTab } from "./tabs.js";

/**
 * @import { PageState, ViewState } from "./protocol.js"
 * @typedef {{tab: PageState["tab"], placement: ViewState["placement"], colour: ViewState["colour"]}}
 *   Controls
 */

/** @type {Controls} What the controls show. Their properties come back from Dash as they change;
 * only what differs from this was chosen by a person. */
const shown = { tab: "graph", placement: "module", colour: "module" };

/**
 * Show where the page is.
 * @param {PageState} state
 */
export function showControls({ tab, view }) {
  if (shown.tab !== tab) {
    showTab(tab);
  }
  const wanted = { tab, placement: view.placement, colour: view.colour };
  for (const name of /** @type {(keyof Controls)[]} */ (Object.keys(wanted))) {
    if (shown[name] !== wanted[name]) {
      setProps(name, { value: wanted[name] });
    }
  }
  Object.assign(shown, wanted);
}

/** @param {Controls["tab"]} tab */
export function chooseTab(tab) {
  if (tab && tab !== shown.tab) {
    shown.tab = tab;
    showTab(tab);
    send({ type: "tab", value: tab });
  }
}

/** @param {Controls["placement"]} placement */
export function choosePlacement(placement) {
  if (placement && placement !== shown.placement) {
    shown.placement = placement;
    send({ type: "placement", value: placement });
  }
}

/** Ask for a file with numbers to colour by. */
export function chooseNumbers() {
  const input = document.querySelector("#numbers input");
  if (input instanceof HTMLInputElement) {
    input.click();
  }
}

/** @param {Controls["colour"]} colour */
export function chooseColour(colour) {
  if (!colour || colour === shown.colour) {
    return;
  }
  if (colour === "numbers") {
    // There may be none yet: a file is asked for, and its numbers are taken then.
    setProps("colour", { value: shown.colour });
    chooseNumbers();
  } else if (colour === "compared" && !canColourByComparison()) {
    setProps("colour", { value: shown.colour });
    setProps("tab", { value: "compare" });
  } else {
    shown.colour = colour;
    send({ type: "colour", value: colour });
  }
}
