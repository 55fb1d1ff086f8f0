// What happens on the canvas without the server: clicks become events, the
// highlight is a matter of classes, and an opened box stays where the eye left it.
(function () {
  "use strict";

  const TITLE = 26; // height of a box's title strip, in model units
  const READABLE = 0.6; // zoom below which labels are too small to read
  const MARKED = ["selected", "evidence", "dimmed", "match"];
  let bound = null;
  let highlight = null;
  let anchor = null;
  let shown = null;
  let counter = 0;
  let clicked = -Infinity; // when the canvas was last clicked
  let wantedInView = null;

  function cytoscape() {
    const element = document.getElementById("graph");
    return element && element._cyreg ? element._cyreg.cy : null;
  }

  function send(type, value) {
    counter += 1;
    window.dash_clientside.set_props("event", { data: { type: type, value: value, n: counter } });
  }

  // What the server last gave to the controls. Their properties come back as
  // events as well; only what differs from this was done by a person.
  let given = {};

  function byPerson(name, value) {
    const before = JSON.stringify([].concat(given[name] || []).sort());
    const now = JSON.stringify([].concat(value || []).sort());
    if (value === undefined || value === null || before === now) {
      return false;
    }
    given[name] = value;
    return true;
  }

  // Of the box itself: a bounding box also grows with borders and highlights.
  function top(node) {
    return node.renderedPosition("y") - node.renderedHeight() / 2;
  }

  function toggle(node) {
    anchor = { id: node.id(), x: node.renderedPosition("x"), y: top(node) };
    send("toggle", node.data("key"));
  }

  function inTitle(node, event) {
    return event.position.y < node.position("y") - node.height() / 2 + TITLE;
  }

  function onTap(event) {
    const node = event.target;
    clicked = performance.now();
    if (node === event.cy) {
      send("clear", "");
      return;
    }
    const kind = node.data("kind");
    if (kind === "module" && (!node.data("open") || inTitle(node, event))) {
      toggle(node);
    } else if (kind === "module") {
      send("module", node.data("fqn"));
    } else if (node.data("op") !== undefined && node.data("op") !== null) {
      send("op", node.data("op"));
    }
  }

  // Positions change after the elements do: wait for the frame in which they settled.
  let waiting = false;
  function onElements() {
    if (waiting) {
      return;
    }
    waiting = true;
    requestAnimationFrame(function () {
      waiting = false;
      settle();
    });
  }

  function settle() {
    const cy = cytoscape();
    if (!cy) {
      return;
    }
    if (anchor) {
      const node = cy.getElementById(anchor.id);
      if (node.nonempty()) {
        cy.panBy({ x: anchor.x - node.renderedPosition("x"), y: anchor.y - top(node) });
      }
      anchor = null;
    }
    mark();
    // What is to be shown may arrive before or after the elements that show it.
    if (wantedInView && performance.now() < wantedInView.until) {
      intoView(wantedInView.id);
    }
  }

  function markRow(module) {
    document.querySelectorAll(".tree .current").forEach(function (row) {
      row.classList.remove("current");
    });
    const row = document.querySelector(`.tree li[data-value="${CSS.escape(module)}"]`);
    if (row) {
      row.classList.add("current");
      row.scrollIntoView({ block: "nearest" });
    }
  }

  function mark() {
    const cy = cytoscape();
    if (!cy) {
      return;
    }
    cy.batch(function () {
      cy.elements().removeClass(MARKED.join(" "));
      if (!highlight) {
        return;
      }
      if (highlight.selected) {
        cy.getElementById(highlight.selected).addClass("selected");
      }
      const chain = cy.collection();
      (highlight.evidence || []).forEach(function (id) {
        chain.merge(cy.getElementById(id));
      });
      chain.addClass("evidence");
      const steps = chain.union(cy.getElementById(highlight.selected || ""));
      steps.edgesWith(steps).addClass("evidence");
    });
  }

  function comfortable(cy) {
    // Fit, but never so far out that labels cannot be read when there is room to pan.
    cy.resize();
    cy.fit(undefined, 28);
    if (cy.zoom() > 1.1) {
      cy.zoom(1.1);
      cy.center();
    }
  }

  function intoView(id) {
    const cy = cytoscape();
    const node = cy && id ? cy.getElementById(id) : null;
    if (!node || node.empty()) {
      return;
    }
    const box = node.renderedBoundingBox();
    const outside = box.x1 < 0 || box.y1 < 0 || box.x2 > cy.width() || box.y2 > cy.height();
    if (cy.zoom() < READABLE) {
      cy.zoom(0.9);
      cy.center(node);
    } else if (outside) {
      cy.center(node);
    }
  }

  function bind() {
    const cy = cytoscape();
    if (!cy || cy === bound) {
      return;
    }
    bound = cy;
    cy.on("tap", onTap);
    cy.on("add remove position", onElements);
    cy.on("mouseover", "node", function (event) {
      event.target.addClass("hover");
      event.target.connectedEdges().addClass("hover");
      cy.container().style.cursor = "pointer";
    });
    cy.on("mouseout", "node", function (event) {
      event.target.removeClass("hover");
      event.target.connectedEdges().removeClass("hover");
      cy.container().style.cursor = "";
    });
    window.addEventListener("resize", function () {
      cy.resize();
    });
  }

  new MutationObserver(bind).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener("click", function (event) {
    const link = event.target.closest && event.target.closest("[data-op], [data-module]");
    if (!link) {
      return;
    }
    if (link.dataset.op !== undefined) {
      send("reveal", link.dataset.op);
    } else {
      send("reveal-module", link.dataset.module);
    }
  });

  document.addEventListener("keydown", function (event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    const cy = cytoscape();
    if (event.key === "Escape" && typing) {
      event.target.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search").focus();
    } else if (event.key === "f" && cy) {
      comfortable(cy);
    } else if (event.key === "Escape") {
      send("clear", "");
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.hexviz = {
    controls: function (wanted) {
      const skip = window.dash_clientside.no_update;
      if (!wanted) {
        return [skip, skip, skip, skip];
      }
      given = wanted;
      return [wanted.tree || skip, wanted.expanded, wanted.checked, wanted.placement];
    },
    expanded: function (keys) {
      if (byPerson("expanded", keys)) {
        send("expanded", keys);
      }
    },
    checked: function (leaves) {
      if (byPerson("checked", leaves)) {
        send("checked", leaves);
      }
    },
    chosen: function (keys) {
      if (keys && keys.length) {
        send("reveal-module", keys[0]);
      }
    },
    placed: function (placement) {
      if (byPerson("placement", placement)) {
        send("place", placement);
      }
    },
    highlight: function (wanted) {
      highlight = wanted;
      // What was clicked is in sight already, at the zoom the person chose.
      const follow = wanted && wanted.selected && performance.now() - clicked > 1500;
      wantedInView = follow ? { id: wanted.selected, until: performance.now() + 2000 } : null;
      markRow(wanted ? wanted.module : "");
      requestAnimationFrame(settle);
    },
    drawn: function (elements, view) {
      const model = view ? view.model : null;
      if (model && elements && elements.length && model !== shown) {
        shown = model;
        anchor = null;
        const tryFit = function (left) {
          const cy = cytoscape();
          if (cy && cy.nodes().length) {
            comfortable(cy);
            mark();
          } else if (left > 0) {
            requestAnimationFrame(function () {
              tryFit(left - 1);
            });
          }
        };
        requestAnimationFrame(function () {
          tryFit(60);
        });
      }
    },
    fit: function () {
      const cy = cytoscape();
      if (cy) {
        comfortable(cy);
      }
    },
    tab: function (tab) {
      const graph = tab === "graph";
      if (graph) {
        requestAnimationFrame(function () {
          const cy = cytoscape();
          if (cy) {
            cy.resize();
          }
        });
      }
      return [!graph, graph];
    },
    address: function (query) {
      if (query) {
        window.history.replaceState(null, "", window.location.pathname + query);
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
      return [theme, theme];
    },
  };
})();
