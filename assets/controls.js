// What Dash calls in the browser: the controls around the canvas, address and theme.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const MOVING = ["checked", "close-all", "show-all", "place", "open-level"];
  let shown = null; // digest of the model on the page

  // Back and forward lead to another model: the address says which.
  window.addEventListener("popstate", function () {
    if (new URLSearchParams(window.location.search).get("model") !== shown) {
      window.location.reload();
    }
  });

  // What the server last gave to the controls. Their properties come back as
  // events as well; only what differs from this was done by a person.
  let given = {};

  function same(one, other) {
    const spelled = (value) => JSON.stringify([].concat(value || []).sort());
    return spelled(one) === spelled(other);
  }

  function byPerson(name, value) {
    if (value === undefined || value === null || same(given[name], value)) {
      return false;
    }
    given[name] = value;
    return true;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.hexviz = {
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
    controls: function (wanted, expanded, checked, placement) {
      const skip = window.dash_clientside.no_update;
      if (!wanted) {
        return [skip, skip, skip, skip];
      }
      given = wanted;
      // Only what differs is set: setting what a person changes just now would undo it.
      const unless = (shown, value) => (wanted.tree || !same(shown, value) ? value : skip);
      return [
        wanted.tree || skip,
        unless(expanded, wanted.expanded),
        unless(checked, wanted.checked),
        unless(placement, wanted.placement),
      ];
    },
    expanded: function (keys) {
      if (byPerson("expanded", keys)) {
        hexviz.send("expanded", keys);
      }
    },
    checked: function (leaves) {
      if (byPerson("checked", leaves)) {
        hexviz.send("checked", leaves);
      }
    },
    placed: function (placement) {
      if (byPerson("placement", placement)) {
        hexviz.send("place", placement);
      }
    },
    row: function (rows) {
      if (rows && rows.length) {
        hexviz.send("reveal", rows[0].id);
      }
    },
    highlight: function (wanted) {
      hexviz.canvas.highlight(wanted);
    },
    drawn: function (elements, view) {
      const model = view ? view.model : null;
      if (model && elements && elements.length && model !== shown) {
        shown = model;
        hexviz.canvas.welcome();
      }
    },
    fit: function () {
      hexviz.canvas.fit();
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
      if (!query) {
        return;
      }
      const now = new URLSearchParams(window.location.search).get("model");
      const then = new URLSearchParams(query).get("model");
      const target = window.location.pathname + query;
      // Another model is another page to go back from; a changed view of one is not.
      if (now !== then) {
        window.history.pushState(null, "", target);
      } else {
        window.history.replaceState(null, "", target);
      }
    },
    theme: function (clicks, stored) {
      let theme = stored;
      if (theme !== "light" && theme !== "dark") {
        theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      }
      if (window.dash_clientside.callback_context.triggered.length && clicks) {
        theme = theme === "dark" ? "light" : "dark";
      }
      document.documentElement.dataset.theme = theme;
      document.body.dataset.agThemeMode = theme;
      return [theme, theme];
    },
  };
})();
