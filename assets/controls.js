// What Dash calls in the browser: the controls around the canvas, address and theme.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  // What the server last gave to the controls. Their properties come back as
  // events as well; only what differs from this was done by a person.
  let given = { placement: "module", colour: "module" };

  function byPerson(name, value, event) {
    if (value && given[name] !== value) {
      given[name] = value;
      hexviz.send(event, value);
    }
  }

  function stored() {
    try {
      return JSON.parse(window.localStorage.getItem("theme"));
    } catch (error) {
      return null;
    }
  }

  hexviz.theme = function () {
    const theme = document.documentElement.dataset.theme || stored();
    if (theme === "light" || theme === "dark") {
      return theme;
    }
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };

  function address(query) {
    if (!query || query === window.location.search || hexviz.returning()) {
      return;
    }
    const target = window.location.pathname + query;
    const now = new URLSearchParams(window.location.search);
    // The first view of a model is spelled out, not gone to; all else can be gone back from.
    if (now.get("model") && !now.has("open")) {
      window.history.replaceState(null, "", target);
    } else {
      window.history.pushState(null, "", target);
    }
  }

  // Dash keeps the values of its own controls: they are told only what differs.
  function give(wanted) {
    ["placement", "colour"].forEach(function (name) {
      if (given[name] !== wanted[name]) {
        given[name] = wanted[name];
        window.dash_clientside.set_props(name, { value: wanted[name] });
      }
    });
  }

  // What the server says has changed: component → what it shows.
  const TEXTS = ["tree", "legend", "empty", "filter-note", "model-title", "model-figures",
    "edits", "tour", "what-if"];
  hexviz.show = function (changes, fresh) {
    TEXTS.filter((name) => name in changes).forEach((name) => hexviz.put(name, changes[name]));
    if ("show-all" in changes) {
      document.getElementById("show-all").hidden = changes["show-all"];
    }
    if ("modules" in changes) {
      hexviz.modules.know(changes.modules);
    }
    if ("highlight" in changes) {
      hexviz.canvas.highlight(changes.highlight);
    }
    if ("graph" in changes) {
      hexviz.canvas.draw(changes.graph, fresh);
    } else {
      hexviz.canvas.settle();
    }
    if ("controls" in changes) {
      give(changes.controls);
    }
    [["opener", "opened"], ["tab", "value"], ["notices", "sendNotifications"]].forEach(
      function ([name, property]) {
        if (name in changes) {
          window.dash_clientside.set_props(name, { [property]: changes[name] });
        }
      },
    );
  };

  // The pane keeps what is left out when its content is new; the buttons say so.
  hexviz.markFilters = function () {
    const pane = document.getElementById("audit-pane");
    pane.querySelectorAll('[data-event="audit-filter"]').forEach(function (button) {
      const hidden = pane.classList.contains("no-" + button.dataset.value);
      button.setAttribute("aria-pressed", String(!hidden));
    });
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.hexviz = {
    start: () => hexviz.stand(),
    visit: function (key) {
      if (key) {
        hexviz.send("visit", "?model=" + encodeURIComponent(key));
      }
    },
    numbered: function (key) {
      if (key) {
        hexviz.send("numbers", key);
      }
    },
    inspected: function (inspection) {
      if (inspection) {
        hexviz.put("inspector", inspection.content);
        const step = document.querySelector("#inspector [aria-current]");
        if (step) {
          step.scrollIntoView({ block: "nearest" });
        }
        address(inspection.address);
      }
    },
    placed: function (placement) {
      byPerson("placement", placement, "place");
    },
    coloured: function (mode) {
      if (mode === "numbers" && given.colour !== "numbers") {
        // There may be none yet: a file is asked for, and its numbers are taken then.
        window.dash_clientside.set_props("colour", { value: given.colour });
        hexviz.local["choose-numbers"]();
      } else if (mode === "compared" && given.colour !== "compared" && !hexviz.compare.known()) {
        window.dash_clientside.set_props("colour", { value: given.colour });
        window.dash_clientside.set_props("tab", { value: "compare" });
      } else {
        byPerson("colour", mode, "colour");
      }
    },
    found: function (hits) {
      hexviz.put("hits", hits || []);
    },
    audited: function (audit) {
      if (audit) {
        hexviz.put("audit-pane", audit.content);
        hexviz.markFilters();
      }
    },
    tabled: function (table) {
      if (table) {
        hexviz.table.show(table);
      }
    },
    grid: function (wanted, component) {
      return wanted ? component : window.dash_clientside.no_update;
    },
    picture: function (picture) {
      if (picture) {
        hexviz.saveSvg(picture);
      }
    },
    filtered: (shown) => shown && hexviz.filter.show(shown),
    hinted: (hints) => hints && hexviz.filter.hint(hints),
    comparedWith: (key) => key && hexviz.compare.with(key),
    comparedAs: (role) => hexviz.compare.turn(role),
    compared: (shown) => shown && hexviz.compare.show(shown),
    made: (made) => made && hexviz.filter.made(made),
    working: (hidden) => hexviz.filter.working(!hidden),
    tab: function (tab) {
      const filtering = tab === "filter";
      const graph = filtering || tab === "graph";
      document.querySelector(".tools").classList.toggle("table", !graph);
      document.querySelector(".tools").classList.toggle("filtering", filtering);
      if (graph) {
        requestAnimationFrame(hexviz.canvas.shown);
      }
      if (filtering !== hexviz.filtering()) {
        hexviz.send("tab", tab);
      }
      if (tab === "performance") {
        requestAnimationFrame(hexviz.performance.look);
      }
      return [!graph, tab !== "ops", tab !== "audit", tab !== "performance",
        tab !== "compare", !filtering, filtering];
    },
    theme: function (clicks, chosen, stylesheets) {
      const skip = window.dash_clientside.no_update;
      const before = document.documentElement.dataset.theme;
      let theme = hexviz.theme();
      const turned = window.dash_clientside.callback_context.triggered.length && clicks;
      if (turned) {
        theme = theme === "dark" ? "light" : "dark";
      }
      document.documentElement.dataset.theme = theme;
      document.body.dataset.agThemeMode = theme;
      if (turned) {
        hexviz.send("redraw", null);
        hexviz.performance.look();
      }
      const same = theme === (before || "light");
      return [theme, theme, same ? skip : stylesheets[theme]];
    },
  };
})();
