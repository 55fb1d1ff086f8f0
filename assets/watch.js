// The file that the server watches: the page follows to its next version, and says what changed.

import { register } from "./actions.js";
import { build } from "./dom.js";
import { send } from "./events.js";

/**
 * @import { Watched } from "./protocol.js"
 * @import { Component } from "./dom.js"
 *
 * @typedef {object} WatchedPage
 * @property {() => string | null} model the key of the model on it
 * @property {() => boolean} isIdle whether no event waits for its answer
 * @property {() => void} refresh asks anew what the panels show
 */

const OFTEN = 300; // ms between two questions
const SELDOM = 2000; // the same of a page that nobody sees, and where the server does not answer

/** @type {Watched | null} What the server said last. */
let told = null;
let current = ""; // the newest version that the page knows of
let before = ""; // the version that the page showed before it followed
let asked = ""; // the model that the server was asked of last
let wanted = ""; // the version that it followed to last
let isNews = false; // whether what happened is yet to be dismissed

/**
 * Ask from now on, if the server watches a file.
 * @param {WatchedPage} page
 */
export function watch(page) {
  if (document.documentElement.dataset.watches !== undefined) {
    void askAgain(page);
  }
}

/** @param {WatchedPage} page */
async function askAgain(page) {
  let pause = document.hidden ? SELDOM : OFTEN;
  try {
    await ask(page);
  } catch {
    pause = SELDOM; // the server is away, or refuses: whoever clicks is told
  }
  window.setTimeout(() => void askAgain(page), pause);
}

/** @param {WatchedPage} page */
async function ask(page) {
  const model = page.model();
  if (!model || !document.getElementById("watch")) {
    return; // what is watched is yet to be shown
  }
  const known = model === asked ? told?.n ?? 0 : 0;
  asked = model;
  const query = new URLSearchParams({ n: String(known), model, before });
  const response = await fetch(`watch?${query}`, { signal: AbortSignal.timeout(10_000) });
  if (response.status === 200) {
    take(await response.json(), page);
  } else if (!response.ok) {
    throw new Error(String(response.status));
  }
}

/**
 * @param {Watched} news
 * @param {WatchedPage} page
 */
function take(news, page) {
  const last = told;
  told = news;
  // A version may be gone again before the page got there: it goes on from where it is.
  const isOnItsWay = news.base !== "" && news.base === before && wanted === current;
  const wasNewest = current !== "" && (news.base === current || isOnItsWay);
  if (wasNewest && news.key !== current) {
    before = news.base;
    wanted = news.key;
    isNews = true;
    send({ type: "follow", value: news.key });
    told = { ...news, n: 0, base: news.key }; // what changed since is yet to be asked
  } else if (last && news.rewritten !== last.rewritten && wasNewest) {
    before = "";
    isNews = true;
    page.refresh();
  }
  current = news.key;
  show(page.isIdle());
}

/** @param {number} seconds since 1970 */
function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/**
 * What there is to say: how, in which words, and what can be done.
 * @param {Watched} news
 * @param {boolean} isIdle
 * @returns {{kind: "" | "news" | "busy" | "problem", text: string, note?: string, tools?: string[]}}
 */
export function saying(news, isIdle) {
  const { name, key, base, doing, problem, changes, weights } = news;
  const at = clock(news.at);
  if (problem) {
    const note = `The version of ${at} stays. Since ${clock(news.since)}.`;
    return { kind: "problem", text: problem, note };
  }
  if (doing === "exporting") {
    return { kind: "busy", text: "The source has changed: exporting it anew…" };
  }
  if (doing === "writing") {
    return { kind: "busy", text: `${name} is being written…` };
  }
  if (base !== key && isIdle) {
    const text = base ? `An earlier version of ${name} is shown.` : `${name} is watched.`;
    return { kind: "", text, tools: ["newest"] };
  }
  if (isNews && !before) {
    const what = weights ? ": its weights were written anew, the graph is the same." :
      " was written again: nothing changed.";
    return { kind: "news", text: name + what, note: at };
  }
  if (isNews && changes === undefined) {
    return { kind: "news", text: `${name} was written anew.`, note: `${at} · comparing…` };
  }
  if (isNews) {
    const what = changes?.join(", ") || "nothing changed in the graph";
    return { kind: "news", text: `${name}: ${what}.`, note: at, tools: ["compare"] };
  }
  return { kind: "", text: `Watching ${name}`, note: `read at ${at}` };
}

/** @type {Record<string, Component>} */
const TOOLS = {
  newest: tool("watch-newest", "Show the newest", "Show the newest version of the watched file"),
  compare: tool("watch-compare", "Compare…", "Compare with the version before, in the tab Compare"),
};

/**
 * @param {string} event
 * @param {string} label
 * @param {string} title
 * @returns {Component}
 */
function tool(event, label, title) {
  return {
    type: "button",
    props: { type: "button", className: "tool", title, "data-event": event, children: label },
  };
}

/** @param {boolean} isIdle */
function show(isIdle) {
  const box = document.getElementById("watch");
  if (!box || !told) {
    return;
  }
  const { kind, text, note, tools = [] } = saying(told, isIdle);
  const close = {
    type: "button",
    props: {
      type: "button", className: "watch-close", "data-event": "watch-dismiss",
      "aria-label": "Dismiss", children: "×",
    },
  };
  const line = {
    type: "div",
    props: {
      className: `watch-line ${kind}`,
      children: [
        { type: "span", props: { className: "watch-dot", "aria-hidden": "true" } },
        { type: "span", props: { className: "watch-text", title: text, children: text } },
        note ? { type: "span", props: { className: "quiet", children: note } } : null,
        ...tools.map((one) => TOOLS[one]),
        kind === "news" ? close : null,
      ],
    },
  };
  const { details } = told;
  const lines = kind === "problem" && details
    ? { type: "pre", props: { tabIndex: 0, children: details } } : null;
  box.replaceChildren(build([line, lines]));
  speak(kind === "" ? "" : [text, kind === "problem" ? details : ""].join(" "));
}

/** Say to whoever does not see it what is new, once. @param {string} text */
function speak(text) {
  const status = document.getElementById("watch-said");
  if (status && status.textContent !== text) {
    status.textContent = text;
  }
}

register({
  "watch-newest": () => {
    if (told) {
      send({ type: "follow", value: told.key });
      told = { ...told, n: 0 };
    }
  },
  "watch-compare": () => {
    if (before) {
      send({ type: "compare", value: `before:${before}` });
      send({ type: "tab", value: "compare" });
    }
  },
  "watch-dismiss": () => {
    isNews = false;
    show(true);
  },
});
