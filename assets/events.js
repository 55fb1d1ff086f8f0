// What a person does becomes events for the server, one at a time: each is
// computed from the place that the one before it led to.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const PATIENCE = 15000; // ms after which an answer counts as lost
  const OPENING = 600000; // the same for a model that may have to be opened first
  const MOVING = ["tour", "check", "show-all", "close-all", "place", "open-level", "stack", "visit"];
  const waiting = [];
  let busy = false;
  let counter = 0;
  // Whether the server has the model open: a first picture may be older than that.
  let stands_open = false;
  let place = null; // where the page is, as the server told it last
  let returning = 0; // steps back or forward in the browser that are yet to be shown
  let model = null; // digest of the model that the bar tells of
  let stand; // to be called when the page stands: the first event leaves before that
  const stands = new Promise(function (done) {
    stand = done;
  });
  hexviz.stand = stand;

  // Not by a callback of Dash's: going through its own state takes longer than the answer.
  function next() {
    if (busy || !waiting.length) {
      return;
    }
    busy = true;
    const { sent, ...what } = waiting.shift();
    const event = Object.assign(what, { place: place, shown: model });
    const at = { sent: sent, asked: performance.now() };
    let timing = null; // what the server says it took
    const asked = fetch("event", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(stands_open && event.type !== "visit" ? PATIENCE : OPENING),
    }).then(function (response) {
      if (!response.ok) {
        throw new Error(response.status);
      }
      stands_open = event.type !== "visit";
      timing = response.headers.get("Server-Timing");
      return response.json();
    }).finally(function () {
      at.answered = performance.now();
    });
    Promise.all([asked, stands])
      .then(([changes]) => answered(event, changes, at, timing), () => stands.then(lost))
      .finally(function () {
        busy = false;
        next();
      });
  }

  function lost() {
    returning = 0;
    if (!model) {
      hexviz.put("empty", "Open a model to begin.");
    }
    hexviz.notify(
      "The server did not answer", "See whether hexviz is still running, and try again.", "red",
    );
  }

  // Whether a person has gone back or forward to a place that is yet to be shown: until then, what
  // still comes in tells of the place before.
  hexviz.returning = () => returning > 0;

  // Whether the graph shows what the filter would keep.
  hexviz.filtering = () => Boolean(place && place.filtering);
  hexviz.model = () => model;

  hexviz.send = function (type, value) {
    counter += 1;
    waiting.push({
      type: type, value: value, n: counter, theme: hexviz.theme(), sent: performance.now(),
    });
    next();
  };

  // What an answer changes is on the page at once; what follows from the new place (the
  // inspector, the address, the table) waits until that has been painted.
  function answered(event, changes, at, timing) {
    const other = "model" in changes && changes.model !== model;
    const fresh = other && !changes.edited; // edited, it is still what a person looks at
    if (other) {
      model = changes.model;
    }
    if (changes.view) {
      place = changes.view;
    }
    if (MOVING.includes(event.type)) {
      hexviz.canvas.lookAround();
    }
    at.begun = performance.now();
    hexviz.show(changes, fresh);
    requestAnimationFrame(function () {
      requestAnimationFrame(function () {
        at.painted = performance.now();
        hexviz.performance.note(event.type, at, timing, other ? model : null);
        if (changes.view) {
          window.dash_clientside.set_props("view", { data: changes.view });
        }
        if (event.type === "visit" && returning) {
          returning -= 1;
        }
        if (other) {
          window.dash_clientside.set_props("model", { data: model });
        }
      });
    });
  }

  // The address names the model, and the place in it: asked for while the page is put together.
  function arrive() {
    if (new URLSearchParams(window.location.search).has("model")) {
      hexviz.send("visit", window.location.search);
      stands.then(function () {
        if (!model) {
          hexviz.put("empty", "Opening the model…");
        }
      });
    } else {
      stands.then(() => window.dash_clientside.set_props("opener", { opened: true }));
    }
  }
  window.addEventListener("popstate", function () {
    returning += 1;
    arrive();
  });
  arrive();

  hexviz.notify = function (title, message, color) {
    window.dash_clientside.set_props("notices", {
      sendNotifications: [
        { action: "show", title: title, message: message, color: color, autoClose: 9000 },
      ],
    });
  };

  // What needs no server.
  Object.assign((hexviz.local = hexviz.local || {}), {
    back: function () {
      window.history.back();
    },
    forward: function () {
      window.history.forward();
    },
    fit: function () {
      hexviz.canvas.fit();
    },
    "open-dialog": function () {
      window.dash_clientside.set_props("opener", { opened: true });
    },
    "choose-numbers": function () {
      document.querySelector("#numbers input").click();
    },
    goto: function (op) {
      window.dash_clientside.set_props("tab", { value: "graph" });
      hexviz.send("reveal", op);
    },
    "start-tour": function () {
      window.dash_clientside.set_props("tab", { value: "graph" });
      hexviz.send("tour", "start");
    },
    // "kind:what" says which ops move; where to stands in the field beside the button.
    "move-to": function (value, button) {
      const cut = value.indexOf(":");
      const field = button.closest(".move").querySelector("input");
      hexviz.send("move-ops", [value.slice(0, cut), value.slice(cut + 1), field.value]);
    },
    "audit-filter": function (severity) {
      document.getElementById("audit-pane").classList.toggle("no-" + severity);
      hexviz.markFilters();
    },
    "show-keys": function () {
      window.dash_clientside.set_props("keys", { opened: true });
    },
  });

  // Buttons and links say in their data what they do.
  const LINKS = { op: "reveal", module: "reveal-module", toggle: "toggle" };

  hexviz.act = function (type, value, element) {
    if (hexviz.local[type]) {
      hexviz.local[type](value, element);
    } else {
      hexviz.send(type, value);
    }
  };

  document.addEventListener("click", function (event) {
    const element = event.target;
    const link =
      element.closest &&
      element.closest("[data-op], [data-module], [data-toggle], [data-event], [data-key]");
    if (!link) {
      return;
    }
    const kind = Object.keys(LINKS).find((name) => link.dataset[name] !== undefined);
    if (kind) {
      hexviz.send(LINKS[kind], link.dataset[kind]);
    } else if (link.dataset.event !== undefined) {
      const value = link.dataset.value;
      hexviz.act(link.dataset.event, value === undefined ? null : value, link);
    } else {
      hexviz.tree.choose(link);
    }
  });

  // The upload component refuses in silence what is too large or no .onnx file.
  function refusal(file, most) {
    if (!file.name.toLowerCase().endsWith(".onnx")) {
      return file.name + " is not an .onnx file: export the model to ONNX first.";
    }
    if (file.size > most) {
      const limit = Math.floor(most / 1048576) + " MB";
      return file.name + " is over " + limit + ": open it with `hexviz view FILE`.";
    }
    return null;
  }

  function guard(event) {
    const target = event.target;
    const box = target.closest && target.closest("#upload-box, #tags-box, #compare-box");
    if (!box) {
      return;
    }
    const files = event.dataTransfer ? event.dataTransfer.files : target.files;
    const reason = files && files.length ? refusal(files[0], Number(box.dataset.most)) : null;
    if (reason) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (target.value) {
        target.value = "";
      }
      hexviz.notify("That did not work", reason, "red");
    }
  }
  document.addEventListener("change", guard, true);
  document.addEventListener("drop", guard, true);
})();
