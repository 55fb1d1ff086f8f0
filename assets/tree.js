// The module tree: which row is marked, and the keys of a tree as screen readers expect them.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});

  function rows() {
    return Array.from(document.querySelectorAll("#tree [data-key]"));
  }

  function level(row) {
    return Number(row.getAttribute("aria-level"));
  }

  function focus(row) {
    if (row) {
      rows().forEach((one) => one.setAttribute("tabindex", one === row ? "0" : "-1"));
      row.focus();
    }
  }

  let current = null; // key of the row of what is selected
  let held = null; // key of the row that has the keyboard

  function mark() {
    rows().forEach(function (row) {
      const chosen = current !== null && row.dataset.key === current;
      row.classList.toggle("current", chosen);
      row.setAttribute("aria-selected", String(chosen));
      if (chosen) {
        row.scrollIntoView({ block: "nearest" });
      }
    });
  }

  document.addEventListener("focusin", function (event) {
    const row = event.target.closest && event.target.closest("#tree [data-key]");
    held = row ? row.dataset.key : null;
  });

  // New rows are new elements: they take over the mark and the keyboard.
  let watched = null;
  function watch() {
    const tree = document.getElementById("tree");
    if (tree && tree !== watched) {
      watched = tree;
      new MutationObserver(function () {
        mark();
        const row = held === null ? null : rows().find((one) => one.dataset.key === held);
        if (row && document.activeElement === document.body) {
          focus(row);
        }
      }).observe(tree, { childList: true });
    }
  }
  new MutationObserver(watch).observe(document.documentElement, { childList: true, subtree: true });

  hexviz.tree = {
    choose: function (row) {
      focus(row);
      if (row.classList.contains("section-row")) {
        hexviz.send("toggle", row.dataset.key);
      } else {
        hexviz.send("reveal-module", row.dataset.fqn);
      }
    },
    // The row of what is selected on the canvas.
    mark: function (key) {
      current = key;
      mark();
    },
    // Returns whether the key meant something to the tree.
    key: function (row, key) {
      const all = rows();
      const at = all.indexOf(row);
      const open = row.getAttribute("aria-expanded") === "true";
      switch (key) {
        case "ArrowDown":
          focus(all[at + 1]);
          return true;
        case "ArrowUp":
          focus(all[at - 1]);
          return true;
        case "Home":
          focus(all[0]);
          return true;
        case "End":
          focus(all[all.length - 1]);
          return true;
        case "ArrowRight":
          if (!open) {
            hexviz.send("toggle", row.dataset.key);
          } else if (all[at + 1] && level(all[at + 1]) > level(row)) {
            focus(all[at + 1]);
          }
          return true;
        case "ArrowLeft":
          if (open && row.dataset.key) {
            hexviz.send("toggle", row.dataset.key);
          } else {
            focus(all.slice(0, at).reverse().find((one) => level(one) < level(row)));
          }
          return true;
        case "Enter":
          hexviz.tree.choose(row);
          return true;
        case " ":
          if (!row.classList.contains("section-row")) {
            const box = row.querySelector(".mark-box").dataset; // hides it, or selects it
            hexviz.send(box.event, box.value);
          }
          return true;
        default:
          return false;
      }
    },
  };
})();
