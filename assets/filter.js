// The filter's panel: what it shows, and what needs a word with the server of its own.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  let part = ""; // the part that the panel tells of
  let named = false; // a name was sent off: what was typed has done its work when something changes
  let asked = ""; // the part that the last job is of
  let counter = 0; // of jobs
  let button = null; // what began the job that is going on
  let hints = null; // suggestions, which may come before the panel or after it

  function showHints() {
    if (hints && JSON.stringify(hints.part) === part) {
      hexviz.put("filter-hints", hints.content);
    }
  }

  hexviz.filter = {
    show: function (shown) {
      const panel = document.getElementById("filter-panel");
      const inside = panel.contains(document.activeElement);
      if (!document.getElementById("keep-field")) {
        hexviz.put("filter-field", shown.field);
      }
      if (JSON.stringify(shown.part) !== part) {
        part = JSON.stringify(shown.part);
        if (named) {
          document.getElementById("keep-field").value = "";
          named = false;
        }
        hexviz.put("verdict", []);
        hexviz.put("filter-hints", []);
      }
      hexviz.put("filter-now", shown.now);
      hexviz.put("filter-border", shown.border);
      showHints();
      // What had the keyboard may be gone, as the name that was taken back is.
      if (inside && document.activeElement === document.body) {
        document.getElementById("keep-field").focus({ preventScroll: true });
      }
    },
    hint: function (told) {
      hints = told;
      showHints();
    },
    // What a job made of the part that was asked for, unless the panel tells of another by now.
    made: function (made) {
      // What the server says of a job that it knows nothing of has no number.
      if ("n" in made && made.n !== counter) {
        return;
      }
      if (made.file) {
        const link = document.createElement("a");
        link.href = "part/" + encodeURIComponent(made.file);
        link.download = made.name;
        link.click();
      } else if (made.verdict && asked === part) {
        hexviz.put("verdict", made.verdict);
        document.getElementById("verdict").scrollIntoView({ block: "nearest" });
      } else if (made.error) {
        hexviz.notify("That did not work", made.error, "red");
      }
    },
    // Whether a job is going on; when there is none any more, the button that began it is free.
    working: function (working) {
      if (!working && button) {
        button.removeAttribute("aria-busy");
        button = null;
      }
    },
  };

  // While one thing is being worked out, nothing else is begun: the line below tells how far it is.
  function begin(task, query, pressed) {
    if (button) {
      return;
    }
    button = pressed;
    button.setAttribute("aria-busy", "true");
    asked = part;
    counter += 1;
    if (task === "verify") {
      hexviz.put("verdict", []);
    }
    window.dash_clientside.set_props("part-wanted", {
      data: { task: task, model: JSON.parse(part)[0], part: query, n: counter },
    });
  }

  Object.assign(hexviz.local, {
    "keep-named": function () {
      named = true;
      hexviz.send("keep", document.getElementById("keep-field").value);
    },
    "keep-found": () => hexviz.send("keep-found", document.getElementById("search").value || ""),
    "verify-part": (query, pressed) => begin("verify", query, pressed),
    "make-part": (query, pressed) => begin("part", query, pressed),
    "report-part": (query, pressed) => begin("report", query, pressed),
    "copy-text": function (text) {
      navigator.clipboard.writeText(text).then(
        () => hexviz.notify("Copied", text, "teal"),
        () => hexviz.notify("The browser did not allow copying", text, "red"),
      );
    },
  });
})();
