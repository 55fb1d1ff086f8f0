// From what a person does to what the page shows: one event at a time, each sent from where the one
// before it led, and then one question for the panels. A double click does not wait for its first click.

/**
 * @import { At, EventAnswer, EventRequest, PanelAnswer, PanelRequest } from "./protocol.js"
 * @import { Event } from "./events.js"
 * @import { Theme } from "./theme.js"
 *
 * @typedef {object} Transport Where answers come from: a server, or what a report brings along.
 * @property {(request: EventRequest) => Promise<EventAnswer>} event
 * @property {(request: PanelRequest) => Promise<PanelAnswer>} panel
 *
 * @typedef {object} Moments When what happened, in ms since the page began.
 * @property {number} sent
 * @property {number} asked
 * @property {number} answered
 * @property {number} shown when the page began to show the answer
 * @property {number} painted
 *
 * @typedef {object} Shown An event whose answer is on the page.
 * @property {EventRequest} request
 * @property {EventAnswer} answer
 * @property {boolean} isFirst whether the answer is of a model that was not on the page
 * @property {Moments} moments
 *
 * @typedef {Omit<PanelRequest, "n" | "at" | "theme" | "holds">} PanelExtras
 *
 * @typedef {object} Page What a queue does with answers.
 * @property {Transport} transport
 * @property {() => Theme} theme
 * @property {() => [width: number, height: number] | null} [canvas] its size in pixels; nothing
 *   for the usual one
 * @property {(answer: EventAnswer, request: EventRequest, isFirst: boolean) => void} show
 * @property {(shown: Shown) => void} painted what can wait until the picture is on the screen
 * @property {(answer: PanelAnswer, request: PanelRequest) => void} showPanel
 * @property {(error: unknown, request: EventRequest | PanelRequest) => void} failed
 * @property {() => PanelExtras} panelExtras what else the panels are to show
 * @property {Promise<void>} [ready] before it, nothing can be shown
 * @property {(answer: EventAnswer, request: EventRequest) => void} [arrived] an answer is there
 *   before it can be shown
 * @property {() => Promise<void>} [nextPaint]
 */

/** Two frames: the first draws what was changed, the second begins once it is on the screen. */
function twoFrames() {
  return new Promise(function (done) {
    requestAnimationFrame(() => requestAnimationFrame(() => done(undefined)));
  });
}

/** @type {Set<Event["type"]>} What the first click of a double click sends. */
const FIRST_CLICKS = new Set(["module", "call", "edge"]);
/** @type {Set<Event["type"]>} What the second one sends. */
const SECOND_CLICKS = new Set(["toggle", "element"]);

export class EventQueue {
  /** @type {At | null} Where the page is, as the last answer said. */
  at = null;
  /** @type {string | null} Key of the model on the page. */
  model = null;

  /** @type {Page} */
  #page;
  /** @type {{event: Event, sent: number}[]} */
  #waiting = [];
  /** @type {EventRequest | null} What the page waits for the answer to. */
  #asked = null;
  #counter = 0;
  /** @type {Record<string, string>} What the panels hold, by what the server said of it. */
  #holds = {};
  #panelNumber = 0; // of the last question for the panels
  #panelKey = ""; // what it was asked for
  #audited = ""; // the model whose audit was asked for
  /** @type {(() => void)[] | null} What is to be shown, in order, once the page can show it. */
  #held = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    if (page.ready) {
      this.#held = [];
      void page.ready.then(() => this.#release());
    }
  }

  #release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const show of held) {
      show();
    }
    void this.#next();
  }

  /** Whether no event waits for its answer. */
  get isIdle() {
    return !this.#asked && !this.#waiting.length;
  }

  /**
   * Take an event.
   * @param {Event} event
   */
  send(event) {
    this.#waiting.push({ event, sent: performance.now() });
    void this.#next();
  }

  /**
   * Whether the event that waits is the second click, and what was asked for the first. The answer to
   * both takes no longer than the one, and the picture comes an answer earlier.
   * @returns {boolean}
   */
  #isSecondClick() {
    return FIRST_CLICKS.has(this.#asked?.event.type ?? "redraw") &&
      SECOND_CLICKS.has(this.#waiting[0]?.event.type ?? "redraw");
  }

  async #next() {
    const first = this.#isSecondClick() ? this.#asked?.event : undefined;
    const next = this.#asked && !first ? undefined : this.#waiting.shift();
    if (!next) {
      return;
    }
    this.#counter += 1;
    /** @type {EventRequest} */
    const request = {
      n: this.#counter, event: next.event, theme: this.#page.theme(), shown: this.model,
      at: this.at,
      ...(next.event.type === "visit" ? { canvas: this.#page.canvas?.() ?? null } : {}),
      ...(first ? { earlier: /** @type {any} */ (first) } : {}),
    };
    this.#asked = request;
    const asked = performance.now();
    /** @type {EventAnswer | null} */
    let answer = null;
    /** @type {unknown} */
    let failure = null;
    try {
      answer = await this.#page.transport.event(request);
    } catch (error) {
      failure = error;
    }
    const answered = performance.now();
    if (this.#asked !== request) {
      return; // the second click's answer says what became of both
    }
    this.#asked = null;
    if (first && (failure || answer?.error !== undefined)) {
      this.#waiting.unshift({ event: first, sent: next.sent }); // without the second
    }
    const isFirst = answer !== null && this.#arrived(answer);
    const show = () => {
      if (answer) {
        this.#show(request, answer, isFirst, { sent: next.sent, asked, answered });
      } else {
        this.#page.failed(failure, request);
      }
    };
    try {
      if (this.#held) {
        this.#held.push(show); // the next event need not wait for that
        if (answer) {
          this.#page.arrived?.(answer, request);
        }
      } else {
        show();
      }
    } finally {
      void this.#next();
    }
  }

  /**
   * Be where an answer leads.
   * @param {EventAnswer} answer
   * @returns {boolean} whether it is of a model that was not on the page
   */
  #arrived(answer) {
    const isOther = answer.model !== undefined && answer.model.key !== this.model;
    this.model = answer.model?.key ?? this.model;
    this.at = answer.at ?? this.at;
    return isOther && !answer.edited; // corrected, it is what a person looks at already
  }

  /**
   * @param {EventRequest} request
   * @param {EventAnswer} answer
   * @param {boolean} isFirst
   * @param {Pick<Moments, "sent" | "asked" | "answered">} before
   */
  #show(request, answer, isFirst, before) {
    const shown = performance.now();
    this.#page.show(answer, request, isFirst);
    void this.#afterPaint({
      request, answer, isFirst, moments: { ...before, shown, painted: shown },
    });
  }

  /** @param {Shown} shown */
  async #afterPaint(shown) {
    await (this.#page.nextPaint ?? twoFrames)();
    shown.moments.painted = performance.now();
    this.#page.painted(shown);
    if (this.isIdle) {
      await this.askPanel();
    }
  }

  /**
   * Ask what the panels show of where the page is, unless they show that already.
   * @param {boolean} [audit] whether the audit may be made for it
   */
  async askPanel(audit = false) {
    const { at } = this;
    const extras = this.#page.panelExtras();
    const theme = this.#page.theme();
    const isDrawn = extras.timings || at?.state.tab === "measure"; // in the theme's colours
    const key = JSON.stringify([at, extras, isDrawn ? theme : null]);
    if (!at || key === this.#panelKey) {
      return;
    }
    this.#panelKey = key;
    this.#panelNumber += 1;
    /** @type {PanelRequest} */
    const request = { n: this.#panelNumber, at, theme, holds: this.#holds, audit, ...extras };
    try {
      const answer = await this.#page.transport.panel(request);
      if (answer.n === this.#panelNumber) {
        this.#holds = { ...this.#holds, ...answer.holds };
        this.#page.showPanel(answer, request);
        if (answer.unaudited && this.isIdle) {
          await this.#askAudit();
        }
      } else if (answer.marks && this.at && at.model === this.at.model) {
        // A person went on meanwhile; what was found of the model holds wherever they are.
        this.#holds = { ...this.#holds, marks: answer.holds.marks };
        const { n, marks } = answer;
        this.#page.showPanel({ n, marks, parts: {}, holds: {} }, { ...request, at: this.at });
      }
    } catch (error) {
      if (request.n === this.#panelNumber) {
        this.#panelKey = "";
        this.#page.failed(error, request);
      }
    }
  }

  /** Ask for the audit of a model that is large: nothing waits for it. */
  async #askAudit() {
    const { at } = this;
    if (at && this.#audited !== at.model) {
      this.#audited = at.model;
      this.#panelKey = "";
      await this.askPanel(true);
    }
  }

  /** Ask anew: something that the panels show has changed on the server. */
  async refreshPanel() {
    this.#panelKey = "";
    await this.askPanel();
  }
}
