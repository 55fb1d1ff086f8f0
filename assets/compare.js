// The compare tab: which graph to compare with, what was found, and its table sorted by a column.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  hexviz.local = hexviz.local || {};
  let known = false; // whether there is a comparison to colour by
  let chosen = null; // key of the other graph

  function role() {
    const checked = document.querySelector("#compare-role input:checked");
    return checked && checked.value === "before" ? "before" : "after";
  }

  function send(key, side) {
    chosen = key;
    hexviz.send("compare", side + ":" + key);
  }

  hexviz.compare = {
    known: () => known,
    show: function (shown) {
      known = Boolean(shown.compares);
      hexviz.put("compare-content", shown.content);
      const told = /^(before|after):(.+)$/.exec(shown.compared || "");
      chosen = told ? told[2] : null;
      if (told && told[1] !== role()) {
        window.dash_clientside.set_props("compare-role", { value: told[1] });
      }
    },
    with: function (key) {
      send(key, role());
    },
    turn: function (side) {
      if (chosen && side) {
        send(chosen, side);
      }
    },
  };

  hexviz.local["show-difference"] = function (at) {
    window.dash_clientside.set_props("tab", { value: "graph" });
    hexviz.send("difference", at);
  };

  hexviz.local["colour-compared"] = function () {
    window.dash_clientside.set_props("tab", { value: "graph" });
    hexviz.send("colour", "compared");
  };

  function text(row, column) {
    return row.cells[column].textContent.replaceAll(",", "");
  }

  hexviz.local["sort-column"] = function (_value, button) {
    const head = button.closest("th");
    const column = head.cellIndex;
    // Numbers are wanted largest first, names from the start of the alphabet.
    const before = head.getAttribute("aria-sort");
    const rising = column === 0 ? before !== "ascending" : before === "descending";
    const body = head.closest("table").tBodies[0];
    const order = new Intl.Collator(undefined, { numeric: true }).compare;
    const rows = Array.from(body.rows).sort(
      (one, other) => order(text(one, column) || "0", text(other, column) || "0"),
    );
    body.append(...(rising ? rows : rows.reverse()));
    Array.from(head.parentElement.cells).forEach(
      (cell) => cell.setAttribute("aria-sort", "none"),
    );
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  };
})();
