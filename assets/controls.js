// What Dash calls in the browser: the controls around the canvas, address and theme.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const MOVING = ["check", "show-all", "close-all", "place", "open-level", "stack", "visit"];
  let shown = null; // digest of the model on the page

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

  // The address names the model, and the place in it.
  function arrive() {
    const query = window.location.search;
    if (new URLSearchParams(query).get("model")) {
      hexviz.send("visit", query);
    } else {
      window.dash_clientside.set_props("opener", { opened: true });
    }
  }
  window.addEventListener("popstate", arrive);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.hexviz = {
    start: arrive,
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
    answered: function (number) {
      if (number) {
        hexviz.answered();
      }
    },
    sent: function (event) {
      if (event && MOVING.includes(event.type)) {
        hexviz.canvas.lookAround();
      }
    },
    controls: function (wanted, placement, colour) {
      const skip = window.dash_clientside.no_update;
      if (!wanted) {
        return [skip, skip];
      }
      given = wanted;
      // Only what differs is set: setting what a person changes just now would undo it.
      return [
        wanted.placement === placement ? skip : wanted.placement,
        wanted.colour === colour ? skip : wanted.colour,
      ];
    },
    placed: function (placement) {
      byPerson("placement", placement, "place");
    },
    coloured: function (mode) {
      if (mode === "numbers" && given.colour !== "numbers") {
        // There may be none yet: a file is asked for, and its numbers are taken then.
        window.dash_clientside.set_props("colour", { value: given.colour });
        hexviz.local["choose-numbers"]();
      } else {
        byPerson("colour", mode, "colour");
      }
    },
    row: function (rows) {
      // The server marks the row of what is selected: only another one was clicked.
      if (rows && rows.length && !hexviz.canvas.isSelected("o:" + rows[0].id)) {
        hexviz.send("reveal", rows[0].id);
      }
    },
    picture: function (picture) {
      if (picture) {
        hexviz.saveSvg(picture);
      }
    },
    highlight: function (wanted) {
      hexviz.canvas.highlight(wanted);
    },
    drawn: function (elements, place) {
      const model = place ? place.model : null;
      if (model && elements && elements.length && model !== shown) {
        shown = model;
        hexviz.canvas.welcome();
      }
    },
    tab: function (tab) {
      const graph = tab === "graph";
      document.querySelector(".tools").classList.toggle("table", !graph);
      if (graph) {
        requestAnimationFrame(hexviz.canvas.shown);
      }
      return [!graph, graph];
    },
    address: function (query) {
      if (!query || query === window.location.search) {
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
      }
      const same = theme === (before || "light");
      return [theme, theme, same ? skip : stylesheets[theme]];
    },
  };
})();
