// The canvas: clicks, highlight by classes, and an opened box that stays where
// the eye left it. Everything else is the server's.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const TITLE = 26; // height of a box's title strip, in model units
  const READABLE = 0.6; // zoom below which labels are too small to read
  const LARGEST = 1.1; // zoom that fitting a small graph stops at
  const EDGE = 20; // room in pixels kept around what is brought into view
  const MARKED = ["selected", "evidence", "step", "dimmed"];

  let bound = null;
  let highlight = null;
  let anchor = null; // the box that was just opened or closed, and where it was
  let clicked = -Infinity; // when the canvas was last clicked
  let wantedInView = null; // what was selected elsewhere and is to be seen
  let fitLater = false; // fitting was asked for while the canvas was hidden
  let lookAround = false; // much may have moved: look whether anything is in sight
  let center = null; // model point in the middle of the canvas

  function cytoscape() {
    const element = document.getElementById("graph");
    return element && element._cyreg ? element._cyreg.cy : null;
  }

  // Of the box itself: a bounding box also grows with borders and highlights.
  function sides(node) {
    const x = node.renderedPosition("x");
    const y = node.renderedPosition("y");
    const width = node.renderedWidth() / 2;
    const height = node.renderedHeight() / 2;
    return { left: x - width, right: x + width, top: y - height, bottom: y + height, x: x };
  }

  function toggle(node) {
    const box = sides(node);
    anchor = { id: node.id(), x: box.x, y: box.top };
    hexviz.send("toggle", node.data("key"));
  }

  function inTitle(node, event) {
    return event.position.y < node.position("y") - node.height() / 2 + TITLE;
  }

  // An element's id says what it stands for: "o:" an op, "m:" a box.
  function follow(element) {
    const id = element.slice(2);
    if (element.startsWith("o:")) {
      hexviz.send("reveal", id);
    } else if (element.startsWith("m:")) {
      hexviz.send("reveal-module", id.split("@")[0]);
    } else if (element.startsWith("i:")) {
      hexviz.send("value", id);
    }
  }

  function onTap(event) {
    const node = event.target;
    if (node === event.cy) {
      clicked = performance.now();
      hexviz.send("clear", null);
      return;
    }
    if (!node.isNode()) {
      clicked = performance.now();
      hexviz.send("edge", node.id());
      return;
    }
    if (ways && node.data("op") !== undefined) {
      hexviz.send("trace", ["between", ways, node.data("op")]);
      endWays();
      return;
    }
    const kind = node.data("kind");
    const box = kind === "module" || kind === "section";
    if (kind !== "stub") {
      clicked = performance.now();
    }
    if (box && (!node.data("open") || inTitle(node, event))) {
      toggle(node);
    } else if (box) {
      hexviz.send("module", node.data("fqn"));
    } else if (kind === "stub") {
      follow(node.data("from")[0]);
    } else if (kind === "input" || kind === "output") {
      hexviz.send("value", node.data("value"));
    } else if (node.data("op") !== undefined) {
      hexviz.send("op", node.data("op"));
    }
  }

  // The first op of a pair between which all ways are asked for.
  let ways = null;
  function endWays() {
    ways = null;
    const note = document.getElementById("trace-note");
    if (highlight) {
      note.textContent = highlight.note;
      document.getElementById("trace").hidden = !highlight.note;
    }
  }

  let drawn = new Map(); // id of each element on the canvas → what it was drawn from
  let undrawn = null; // what is to be drawn once there is a canvas

  // Only what differs is touched: Cytoscape works out the style of all that is.
  function draw(elements, fresh) {
    const cy = cytoscape();
    if (!cy) {
      undrawn = [elements, fresh];
      return;
    }
    const wanted = new Map(elements.map((one) => [one.data.id, JSON.stringify(one)]));
    cy.batch(function () {
      cy.elements().filter((one) => !wanted.has(one.id())).remove();
      const added = [];
      elements.forEach(function (one) {
        const before = drawn.get(one.data.id);
        const element = cy.getElementById(one.data.id);
        if (element.empty()) {
          added.push(one);
        } else if (before !== wanted.get(one.data.id)) {
          element.data(one.data);
          if (one.position) {
            element.position(one.position);
          }
        }
      });
      cy.add(added);
    });
    drawn = wanted;
    if (fresh) {
      anchor = null;
      firstSight(cy);
    } else {
      settle();
    }
  }

  function settle() {
    const cy = cytoscape();
    if (!cy || !cy.width()) {
      return;
    }
    if (anchor) {
      const node = cy.getElementById(anchor.id);
      if (node.nonempty()) {
        const box = sides(node);
        cy.panBy({ x: anchor.x - box.x, y: anchor.y - box.top });
        bringIn(cy, node);
      }
      anchor = null;
      lookAround = false;
    } else if (lookAround) {
      lookAround = false;
      const seen = cy.extent();
      const nodes = cy.nodes();
      const inSight = nodes.filter(function (node) {
        const at = node.position();
        return at.x > seen.x1 && at.x < seen.x2 && at.y > seen.y1 && at.y < seen.y2;
      });
      if (inSight.length < nodes.length / 3) {
        fit();
      }
    }
    mark();
    hexviz.minimap.read(cy);
    // What is to be shown may arrive before or after the elements that show it.
    if (wantedInView && performance.now() < wantedInView.until) {
      intoView(wantedInView.id);
    }
  }

  // The smallest shift that shows a box, or its top left corner where it is too large.
  function bringIn(cy, node) {
    const box = sides(node);
    const shift = function (low, high, size) {
      if (high > size - EDGE) {
        return Math.max(size - EDGE - high, EDGE - low);
      }
      return low < EDGE ? Math.min(EDGE - low, size - EDGE - high) : 0;
    };
    cy.panBy({
      x: box.right - box.left > cy.width() - 2 * EDGE ? 0 : shift(box.left, box.right, cy.width()),
      y: box.top < EDGE || box.bottom > cy.height() - EDGE
        ? shift(box.top, Math.min(box.bottom, box.top + cy.height() - 2 * EDGE), cy.height())
        : 0,
    });
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
      if (highlight.traced || highlight.lit) {
        dim(cy);
      }
      cy.getElementById(highlight.selected || "").addClass("selected");
      const chain = cy.collection();
      (highlight.evidence || []).forEach(function (id) {
        chain.merge(cy.getElementById(id));
      });
      chain.addClass("evidence");
      const steps = chain.union(cy.getElementById(highlight.selected || ""));
      steps.edgesWith(steps).addClass("evidence");
      if (highlight.steps && highlight.steps.at) {
        cy.getElementById(highlight.steps.look || "").addClass("step");
      }
    });
  }

  // What is neither traced nor lit steps back; open boxes stay, for what is in them.
  function dim(cy) {
    const traced = highlight.traced ? new Set(highlight.traced) : null;
    const lit = highlight.lit ? new Set(highlight.lit) : null;
    const away = cy.nodes().filter(function (node) {
      const data = node.data();
      if (data.open === 1) {
        return false;
      }
      const id = data.kind === "stub" ? data.to : data.id;
      const buckets = data.kind === "stub" ? cy.getElementById(id).data("buckets") : data.buckets;
      return (traced && !traced.has(id)) || (lit && !(buckets || []).some((one) => lit.has(one)));
    });
    away.addClass("dimmed");
    const kept = cy.nodes().difference(away);
    cy.edges().difference(kept.edgesWith(kept)).addClass("dimmed");
  }

  function fit() {
    const cy = cytoscape();
    if (!cy) {
      return;
    }
    cy.resize();
    fitLater = !cy.width();
    if (fitLater || !cy.nodes().length) {
      return;
    }
    cy.fit(undefined, 28);
    if (cy.zoom() > LARGEST) {
      cy.zoom(LARGEST);
      cy.center();
    }
  }

  // The first sight of a model: what a link asks for, all of it if its labels can be read
  // then, else its top.
  function firstSight(cy) {
    const asked = (new URLSearchParams(window.location.search).get("at") || "").split(",");
    const [zoom, x, y] = asked.map(Number);
    if (asked.length === 3 && zoom > 0 && isFinite(x) && isFinite(y)) {
      cy.zoom(zoom);
      hexviz.canvas.centreOn(x, y);
      settle();
      return;
    }
    fit();
    if (!fitLater && cy.zoom() < READABLE) {
      const box = cy.elements().boundingBox();
      cy.zoom(READABLE);
      cy.pan({
        x: cy.width() / 2 - (READABLE * (box.x1 + box.x2)) / 2,
        y: EDGE - READABLE * box.y1,
      });
    }
    settle();
  }

  function intoView(id) {
    const cy = cytoscape();
    const node = cy && id ? cy.getElementById(id) : null;
    if (!node || node.empty() || !cy.width()) {
      return;
    }
    const box = sides(node);
    if (cy.zoom() < READABLE) {
      cy.zoom(0.9);
      cy.center(node);
    } else if (
      box.left < 0 || box.top < 0 || box.right > cy.width() || box.bottom > cy.height() ||
      hexviz.steps.covers(box)
    ) {
      cy.center(node);
    }
  }

  function bind() {
    const cy = cytoscape();
    if (!cy || cy === bound) {
      return;
    }
    bound = cy;
    // The component would tell Dash of every click, and of all elements at every change.
    cy.removeListener("add remove dragfree mouseout mouseover select unselect tap");
    cy.on("tap", onTap);
    // A frame drawn with Shift: what it encloses is the server's to tell.
    cy.on("boxend", function () {
      const framed = [];
      const put = (event) => framed.push(event.target);
      cy.on("box", "node", put);
      // Cytoscape names what is enclosed right after the end, and marks it in its own way.
      setTimeout(function () {
        cy.off("box", "node", put);
        cy.elements().unselect();
        const shown = framed.filter((node) => node.data("open") !== 1).map((node) => node.id());
        hexviz.send("frame", shown);
      }, 0);
    });
    cy.on("render", () => hexviz.steps.place(cy));
    cy.on("viewport", function () {
      const seen = cy.extent();
      center = { x: (seen.x1 + seen.x2) / 2, y: (seen.y1 + seen.y2) / 2 };
      hexviz.minimap.draw(cy);
    });
    cy.on("mouseover", "node", function (event) {
      const node = event.target;
      node.addClass("hover");
      node.connectedEdges().addClass("hover");
      if (node.data("kind") === "stub") {
        // The lines this stub stands for, where they are on the page.
        (node.data("from") || []).forEach(function (source) {
          cy.getElementById(`e:${source}->${node.data("to")}`).addClass("shown");
        });
      }
      cy.container().style.cursor = "pointer";
    });
    cy.on("mouseout", "node", function (event) {
      event.target.removeClass("hover");
      event.target.connectedEdges().removeClass("hover");
      cy.edges(".shown").removeClass("shown");
      cy.container().style.cursor = "";
    });
    window.addEventListener("resize", function () {
      const middle = center;
      cy.resize();
      if (middle && cy.width()) {
        cy.pan({
          x: cy.width() / 2 - middle.x * cy.zoom(),
          y: cy.height() / 2 - middle.y * cy.zoom(),
        });
      }
    });
    if (undrawn) {
      const [elements, fresh] = undrawn;
      undrawn = null;
      draw(elements, fresh);
    }
  }
  ["up", "down", "between"].forEach(function (way) {
    hexviz.local["trace-" + way] = (op) => hexviz.canvas.trace(way, op);
  });
  new MutationObserver(bind).observe(document.documentElement, { childList: true, subtree: true });

  // The neighbour along an edge, or the nearest one to a side.
  function neighbour(cy, node, way) {
    const here = node.position();
    const nodes = function (edges, end) {
      return edges.filter("[fan = 0], [!fan]").map((edge) => edge[end]());
    };
    let found;
    if (way === "down" && node.data("open") === 1) {
      // Into the box: to what stands highest in it.
      return cy.nodes().filter((one) => one.data("parent_key") === node.data("key") &&
        one.data("kind") !== "stub" &&
        one.data("kind") !== "caption").sort((a, b) => a.position("y") - b.position("y"))[0];
    }
    if (way === "down") {
      found = nodes(node.outgoers("edge"), "target");
    } else if (way === "up") {
      found = nodes(node.incomers("edge"), "source");
    } else {
      const sign = way === "right" ? 1 : -1;
      found = cy.nodes().filter(function (one) {
        return one.data("parent_key") === node.data("parent_key") && one.data("kind") !== "caption" &&
          one.data("kind") !== "stub" && sign * (one.position("x") - here.x) > 1;
      }).toArray();
    }
    const far = function (one) {
      const at = one.position();
      const aside = way === "down" || way === "up" ? 1 : 4;
      return Math.abs(at.x - here.x) + aside * Math.abs(at.y - here.y);
    };
    const next = found.filter((one) => one.data("kind") !== "stub");
    if (!next.length && way === "up" && node.data("parent_key")) {
      return cy.getElementById("m:" + node.data("parent_key")); // out of the box
    }
    return next.sort((a, b) => far(a) - far(b))[0];
  }

  function select(node) {
    const kind = node.data("kind");
    if (kind === "module") {
      hexviz.send("module", node.data("fqn"));
    } else if (kind === "section") {
      hexviz.send("toggle", node.data("key"));
    } else if (kind === "input" || kind === "output") {
      hexviz.send("value", node.data("value"));
    } else if (node.data("op") !== undefined) {
      hexviz.send("op", node.data("op"));
    }
  }

  function selected() {
    const cy = cytoscape();
    return cy && highlight && highlight.selected ? cy.getElementById(highlight.selected) : null;
  }

  hexviz.canvas = {
    fit: fit,
    cytoscape: cytoscape,
    isSelected: (id) => highlight !== null && highlight.selected === id,
    walk: function (way) {
      const cy = cytoscape();
      const node = selected();
      if (!cy || !cy.nodes().length) {
        return;
      }
      if (!node || node.empty() || !node.isNode()) {
        select(cy.nodes('[kind = "input"]').union(cy.nodes()).first());
        return;
      }
      const next = neighbour(cy, node, way);
      if (next) {
        select(next);
      }
    },
    open: function () {
      const node = selected();
      if (node && node.nonempty() && node.isNode() && node.data("key")) {
        toggle(node);
      }
    },
    leave: function () {
      if (ways) {
        endWays();
      } else {
        hexviz.send("escape", null);
      }
    },
    zoom: function (factor) {
      const cy = cytoscape();
      if (cy) {
        cy.zoom({
          level: cy.zoom() * factor,
          renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 },
        });
      }
    },
    centreOn: function (x, y) {
      const cy = cytoscape();
      cy.pan({ x: cy.width() / 2 - x * cy.zoom(), y: cy.height() / 2 - y * cy.zoom() });
    },
    // Zoom, and the model point in the middle.
    viewport: function () {
      const cy = cytoscape();
      const seen = cy.extent();
      return [cy.zoom().toFixed(4), ((seen.x1 + seen.x2) / 2).toFixed(1),
        ((seen.y1 + seen.y2) / 2).toFixed(1)];
    },
    trace: function (way, op) {
      const node = selected();
      const from = op || (node && node.nonempty() && node.isNode() ? node.data("op") : undefined);
      if (from === undefined) {
        hexviz.notify("Nothing to trace", "Click an op first.", "blue");
      } else if (way === "between") {
        ways = from;
        document.getElementById("trace-note").textContent = "Click the op to find all ways to";
        document.getElementById("trace").hidden = false;
      } else {
        hexviz.send("trace", [way, from]);
      }
    },
    // Draw these elements; ``fresh`` says that they are of a model that was not on the page.
    draw: draw,
    // What is selected, and its chain of evidence: ids of elements, and the module's row.
    highlight: function (wanted) {
      highlight = wanted;
      const steps = wanted ? wanted.steps : null;
      const walked = hexviz.steps.show(steps);
      const look = steps && steps.at ? steps.look : wanted && wanted.selected;
      // What was clicked is in sight already, at the zoom the person chose.
      const elsewhere = walked || performance.now() - clicked > 1500;
      wantedInView = look && elsewhere ? { id: look, until: performance.now() + 2000 } : null;
      hexviz.tree.mark(wanted ? wanted.row : null);
      document.getElementById("trace").hidden = !(wanted && wanted.note);
      document.getElementById("trace-note").textContent = wanted ? wanted.note : "";
    },
    settle: settle,
    // The next change may put everything elsewhere.
    lookAround: function () {
      lookAround = true;
    },
    // The canvas is in sight again after another tab was.
    shown: function () {
      const cy = cytoscape();
      if (!cy) {
        return;
      }
      cy.resize();
      if (fitLater) {
        firstSight(cy);
      } else if (highlight && highlight.selected) {
        intoView(highlight.selected);
      }
      mark();
    },
  };
})();
