// The keyboard on the page: walking along edges, opening, tracing, searching.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});

  function inDialog() {
    return document.querySelector(".mantine-Modal-content, .mantine-Menu-dropdown") !== null;
  }

  const KEYS = {
    ArrowDown: () => hexviz.canvas.walk("down"),
    ArrowUp: () => hexviz.canvas.walk("up"),
    ArrowLeft: () => hexviz.canvas.walk("left"),
    ArrowRight: () => hexviz.canvas.walk("right"),
    Enter: () => hexviz.canvas.open(),
    Escape: () => hexviz.canvas.leave(),
    ",": () => hexviz.send("step", -1),
    ".": () => hexviz.send("step", 1),
    f: () => hexviz.canvas.fit(),
    "+": () => hexviz.canvas.zoom(1.25),
    "=": () => hexviz.canvas.zoom(1.25),
    "-": () => hexviz.canvas.zoom(0.8),
    n: () => hexviz.match(1),
    p: () => hexviz.match(-1),
    u: () => hexviz.canvas.trace("up"),
    d: () => hexviz.canvas.trace("down"),
    b: () => hexviz.canvas.trace("between"),
    "[": () => hexviz.local.back(),
    "]": () => hexviz.local.forward(),
    c: () => hexviz.local["copy-link"](),
    z: () => hexviz.send("undo", null),
    y: () => hexviz.send("redo", null),
    t: () => hexviz.local["start-tour"](),
    "?": () => hexviz.local["show-keys"](),
    "/": function () {
      document.getElementById("search").focus();
      document.getElementById("search").select();
    },
  };

  // The next or previous op that the search field's words find.
  hexviz.match = function (step) {
    const query = document.getElementById("search").value;
    if (query) {
      hexviz.send("match", [query, step]);
    }
  };
  hexviz.local["next-match"] = () => hexviz.match(1);
  hexviz.local["previous-match"] = () => hexviz.match(-1);

  document.addEventListener("keydown", function (event) {
    const field = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || !field.closest) {
      return;
    }
    if (event.key === "Enter" && field.id === "search") {
      hexviz.send("search", field.value);
      return;
    }
    if (event.key === "Enter" && field.closest(".move")) {
      field.closest(".move").querySelector("button").click();
      return;
    }
    // What cannot be typed into, such as the menu of colours and the tabs, keeps only the keys that work it.
    const menu = (field.readOnly || field.type === "radio") && !/^(Escape|Enter| |Tab|Home|End|Arrow.*)$/.test(event.key);
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName) && !menu) {
      if (event.key === "Escape") {
        field.blur();
      }
      return;
    }
    if (inDialog() || field.closest(".ag-root")) {
      return;
    }
    const row = field.closest("#tree [data-key]");
    if (row && hexviz.tree.key(row, event.key)) {
      event.preventDefault();
      return;
    }
    if (field.matches("[role=button]") && /^(Enter| )$/.test(event.key)) {
      event.preventDefault();
      field.click();
      return;
    }
    // A button or tab keeps the keys that work it.
    const works = field.closest("button, summary, [role=tab], [role=radiogroup], a[href]");
    if (works && /^(Enter| |Arrow.*)$/.test(event.key)) {
      return;
    }
    const action = KEYS[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
})();
