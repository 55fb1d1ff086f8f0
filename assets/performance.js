// The performance tab: what an event took, measured here, and the pane once somebody opens it.
// Its charts' script is large, and is fetched and run then.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const CHARTS = ["stages", "costs", "modules", "scaling"];
  const QUIETLY = {
    displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false,
    doubleClick: false, showTips: false,
  };
  const QUIET = ["visit", "redraw", "tab"]; // events that are no click of a person's
  let last = null; // what the last click took, in ms by what for
  let first = null; // the same of the event that brought the model
  let shown = null; // what the pane tells of: model, theme, run
  let framed = false; // whether the pane has its parts
  let plotly = null; // promise of the charts' script
  let run = null; // text of the file that a person compares with

  // The stages that the server names in its answer: name → ms.
  function server(header) {
    const found = {};
    (header || "").split(",").forEach(function (one) {
      const told = /^\s*(\w+);dur=([\d.]+)/.exec(one);
      if (told) {
        found[told[1]] = Number(told[2]);
      }
    });
    return found;
  }

  function tellLast() {
    const line = document.getElementById("last-click");
    if (!line) {
      return;
    }
    if (!last) {
      line.textContent = "No click yet: the next one is taken apart here.";
      return;
    }
    const parts = Object.entries(last.parts).filter(([, ms]) => ms >= 0.5)
      .map(([name, ms]) => name + " " + Math.round(ms));
    line.textContent = "The last click: " + Math.round(last.total) + " ms, of which " +
      parts.join(", ") + ".";
  }

  // Not Dash's own component: that one needs what the page leaves out, see hexviz/app/index_html.py.
  function load() {
    return new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = document.getElementById("performance-pane").dataset.script;
      script.onload = done;
      script.onerror = () => failed(new Error("The charts did not load: reload the page."));
      document.head.append(script);
    });
  }

  function plots() {
    return CHARTS.map((name) => document.getElementById("chart-" + name))
      .filter((one) => one && one.classList.contains("js-plotly-plot") && one.clientWidth);
  }

  function draw(name, figure) {
    const place = document.getElementById("chart-" + name);
    const isNew = !place.classList.contains("js-plotly-plot");
    window.Plotly.react(place, figure.data, figure.layout, QUIETLY);
    if (isNew && name === "modules") {
      place.on("plotly_click", function (clicked) {
        const fqn = clicked.points[0].customdata[0];
        if (typeof fqn === "string") {
          hexviz.local["show-module"](fqn);
        }
      });
    }
  }

  function fill(told) {
    Object.entries(told.parts).forEach(function ([id, content]) {
      const element = document.getElementById(id);
      if (id !== "run-chooser" || !element.firstElementChild) {
        const open = [...element.querySelectorAll("details")].map((one) => one.open);
        hexviz.put(id, content);
        element.querySelectorAll("details").forEach(function (one, at) {
          one.open = open[at] || false;
        });
      }
    });
    CHARTS.forEach(function (name) {
      document.getElementById(name + "-chart").hidden = !told.figures[name];
    });
    tellLast();
  }

  function look() {
    const pane = document.getElementById("performance-pane");
    const model = hexviz.model();
    if (!pane || pane.hidden || !model) {
      return;
    }
    const wanted = { model: model, theme: hexviz.theme(), run: run, first: !framed };
    const key = JSON.stringify([model, wanted.theme, run]);
    tellLast();
    if (key === shown) {
      plots().forEach((one) => window.Plotly.Plots.resize(one)); // the window may have changed
      return;
    }
    shown = key;
    plotly = plotly || load();
    if (first && first.model === model) {
      wanted.browser = first.parts;
    }
    pane.setAttribute("aria-busy", "true");
    fetch("performance", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
    }).then((response) => response.json()).then(async function (told) {
      if (told.error) {
        throw new Error(told.error);
      }
      if (!framed) {
        hexviz.put("performance-pane", told.frame);
        framed = true;
      }
      if (key !== shown) {
        return;
      }
      fill(told);
      await plotly;
      if (key === shown) {
        CHARTS.filter((name) => told.figures[name]).forEach((name) => draw(name, told.figures[name]));
        pane.removeAttribute("aria-busy");
      }
    }).catch(function (error) {
      shown = null;
      run = null; // else a run that cannot be shown would be in the way for good
      plotly = window.Plotly ? plotly : null;
      pane.removeAttribute("aria-busy");
      hexviz.notify("That did not work", error.message, "red");
    });
  }

  hexviz.performance = {
    look: look,
    // An event was painted: when it was sent and asked, answered, and painted, and what the
    // server says of its part.
    note: function (type, at, header, model) {
      const told = server(header);
      const known = (told.answer || 0) + (told.serialise || 0);
      const parts = {
        layout: told.layout || 0,
        serialise: told.serialise || 0,
        "the rest on the server": Math.max(0, (told.answer || 0) - (told.layout || 0)),
        transfer: Math.max(0, at.answered - at.asked - known),
        paint: at.painted - at.begun,
      };
      if (model) {
        // Its answer may be here before the page is, which then takes up its time.
        first = { model: model, parts: { ...parts, page: at.begun - at.answered } };
      }
      if (!QUIET.includes(type)) {
        last = { total: at.painted - at.sent, parts: parts };
      }
      look();
    },
  };

  Object.assign(hexviz.local, {
    // The module in the graph, from a row or a bar in here.
    "show-module": function (fqn) {
      window.dash_clientside.set_props("tab", { value: "graph" });
      hexviz.send("reveal-module", fqn);
    },
    "forget-run": function () {
      document.getElementById("run-file").value = "";
      run = null;
      look();
    },
  });

  function take(file) {
    const most = Number(document.getElementById("run-drop").dataset.most);
    if (file.size > most) {
      hexviz.notify(
        "That did not work",
        file.name + " is over " + Math.floor(most / 1048576) + " MB: no run of hexviz bench is.",
        "red",
      );
      return;
    }
    file.text().then(function (text) {
      run = text;
      look();
    });
  }

  document.addEventListener("change", function (event) {
    if (event.target.id === "run-file" && event.target.files.length) {
      take(event.target.files[0]);
    }
  });
  document.addEventListener("dragover", function (event) {
    if (event.target.closest && event.target.closest("#run-drop")) {
      event.preventDefault();
    }
  });
  document.addEventListener("drop", function (event) {
    if (event.target.closest && event.target.closest("#run-drop") && event.dataTransfer.files.length) {
      event.preventDefault();
      take(event.dataTransfer.files[0]);
    }
  });
})();
