// The part of a view that runs in the notebook's own document: a frame with a page of its own, as the
// page's ids are global, and the messages between that page and Python. anywidget calls `render`.
//
//   assets/notebook.js ──port── this file ──the widget's messages── hexviz/notebook/widget.py

/**
 * @typedef {object} Model What anywidget gives of a widget.
 * @property {(name: string) => any} get
 * @property {(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]) => void} send
 * @property {(event: string, callback: (...values: any[]) => void) => void} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 */

const PATIENCE = 4000; // ms in which a kernel says that it is there, once that is in doubt
const LEAST = 240; // pixels of height
const GONE = "The kernel that answered here has ended: this is a still picture. Run the cell again.";

/** The pages' HTML by its digest: once in a document, however many views. */
const PAGES = /** @type {Map<string, string>} */ (
  /** @type {any} */ (globalThis).hexvizPages ??= new Map()
);

let counter = 0;

/** @returns {"light" | "dark"} the theme of the notebook */
function themeNow() {
  const { body, documentElement: page } = document;
  const said = [
    body.dataset.jpThemeLight && (body.dataset.jpThemeLight === "true" ? "light" : "dark"),
    body.dataset.vscodeThemeKind && (/dark|contrast$/.test(body.dataset.vscodeThemeKind) ? "dark" : "light"),
    page.getAttribute("theme"), // Colab
    page.dataset.theme ?? body.dataset.theme, // marimo
    /\bdark\b/.test(`${page.className} ${body.className}`) ? "dark" : null,
  ].find((one) => one === "light" || one === "dark");
  if (said) {
    return /** @type {"light" | "dark"} */ (said);
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * Call a function when the notebook's theme may be another.
 * @param {() => void} changed
 * @returns {() => void} ends that
 */
function followTheme(changed) {
  const watched = new MutationObserver(changed);
  const options = { attributes: true };
  watched.observe(document.body, options);
  watched.observe(document.documentElement, options);
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  return function () {
    watched.disconnect();
    system.removeEventListener("change", changed);
  };
}

/**
 * A text from bytes beside a message.
 * @param {DataView} buffer
 * @param {boolean} isPacked
 * @returns {Promise<string>}
 */
async function textOf(buffer, isPacked = false) {
  const { buffer: bytes, byteOffset, byteLength } = buffer;
  const own = new Uint8Array(/** @type {ArrayBuffer} */ (bytes), byteOffset, byteLength);
  if (!isPacked) {
    return new TextDecoder().decode(own);
  }
  const stream = new Blob([own]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/**
 * An element with a style of its own: a notebook may show the widget where no style sheet reaches.
 * @param {string} tag
 * @param {string} style
 */
function styled(tag, style) {
  const element = document.createElement(tag);
  element.style.cssText = style;
  return element;
}

/**
 * Let a bar below the view change its height, by pointer and by keys.
 * @param {HTMLElement} bar
 * @param {HTMLElement} whole
 * @param {HTMLElement} frame takes no pointer meanwhile
 */
function bindHeight(bar, whole, frame) {
  const set = (/** @type {number} */ height) => {
    whole.style.height = `${Math.max(LEAST, height)}px`;
  };
  bar.addEventListener("pointerdown", function (start) {
    const height = whole.offsetHeight;
    const onMove = (/** @type {PointerEvent} */ event) => set(height + event.clientY - start.clientY);
    frame.style.pointerEvents = "none";
    bar.setPointerCapture(start.pointerId);
    bar.addEventListener("pointermove", onMove);
    bar.addEventListener("lostpointercapture", function () {
      bar.removeEventListener("pointermove", onMove);
      frame.style.pointerEvents = "";
    }, { once: true });
  });
  bar.addEventListener("keydown", function (event) {
    const step = { ArrowDown: 32, ArrowUp: -32 }[event.key];
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      set(whole.offsetHeight + step);
    }
  });
}

/**
 * Show a view.
 * @param {{model: Model, el: HTMLElement}} where
 * @returns {() => void} what to do when it is gone
 */
function render({ model, el }) {
  counter += 1;
  const view = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}-${counter}`;
  const whole = styled("div", "position:relative;box-sizing:border-box;width:100%;padding-bottom:7px;" +
    `height:${model.get("_height")}px`);
  whole.className = "hexviz-view";
  const frame = /** @type {HTMLIFrameElement} */ (styled("iframe", "display:block;width:100%;" +
    "height:100%;box-sizing:border-box;border:1px solid #8884;border-radius:6px"));
  // An origin of its own: nothing that a model's file says can reach the notebook.
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.setAttribute("allow", "clipboard-write; fullscreen");
  frame.title = "hexviz";
  const bar = styled("div", "position:absolute;left:0;right:0;bottom:0;height:7px;cursor:ns-resize;" +
    "touch-action:none;background:linear-gradient(#8888,#8888) center/36px 2px no-repeat");
  bar.tabIndex = 0;
  bar.setAttribute("role", "separator");
  bar.setAttribute("aria-orientation", "horizontal");
  bar.setAttribute("aria-label", "Height of the view");
  bar.title = "Drag to resize";
  whole.append(frame, bar);
  bindHeight(bar, whole, frame);

  /** @type {MessagePort | null} */
  let port = null;
  let doubt = 0; // the timer that runs while it is in doubt whether the kernel is there
  let last = themeNow();
  const tell = (/** @type {object} */ what) => port?.postMessage(what);

  /** Say something to Python, if its kernel is there. @param {object} content */
  function say(content) {
    try {
      model.send({ ...content, view });
    } catch {
      tell({ kind: "end", text: GONE });
    }
  }

  function ask() {
    window.clearTimeout(doubt);
    doubt = window.setTimeout(() => tell({ kind: "end", text: GONE }), PATIENCE);
    say({ kind: "hello" });
  }

  frame.addEventListener("pointerleave", () => tell({ kind: "left" }));

  /** @param {string} html */
  function begin(html) {
    PAGES.set(model.get("_page"), html);
    frame.srcdoc = html.replace("<html ", `<html data-theme="${themeNow()}" `);
  }

  /**
   * @param {any} what
   * @param {DataView[]} buffers
   */
  async function hear(what, buffers) {
    if (what.view !== undefined && what.view !== view) {
      return; // another page's of this view
    }
    window.clearTimeout(doubt);
    switch (what.kind) {
      case "page":
        begin(await textOf(buffers[0], true));
        break;
      case "answer":
        tell({ kind: "answer", id: what.id, text: await textOf(buffers[0]) });
        break;
      case "moved":
        if (what.besides !== view) {
          tell({ kind: "moved" });
        }
        break;
      case "refused":
      case "say":
      case "end":
        tell(what);
    }
  }

  frame.addEventListener("load", function () {
    // Moved to elsewhere in the document, a frame begins anew.
    port?.close();
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data }) => say(data);
    frame.contentWindow?.postMessage("hexviz", "*", [channel.port2]);
  });

  model.on("msg:custom", hear);
  model.on("comm_live_update", ask); // ipywidgets: the kernel restarts, or its connection comes back
  const unfollow = followTheme(function () {
    const now = themeNow();
    if (now !== last) {
      last = now;
      tell({ kind: "theme", theme: now });
    }
  });
  el.append(whole);
  for (const still of document.getElementsByClassName(model.get("_name"))) {
    /** @type {HTMLElement} */ (still).style.display = "none"; // see hexviz/notebook/still.py
  }
  say({ kind: "hello" });
  const known = PAGES.get(model.get("_page"));
  if (known) {
    begin(known);
  } else {
    say({ kind: "page" });
  }

  return function () {
    window.clearTimeout(doubt);
    unfollow();
    model.off("msg:custom", hear);
    model.off("comm_live_update", ask);
    port?.close();
    try {
      model.send({ kind: "left", view });
    } catch {
      // then nobody counts the pages any more
    }
    whole.remove();
  };
}

export default { render };
