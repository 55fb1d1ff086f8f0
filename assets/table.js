// The table of ops: its library is large, and is run when somebody first looks at it.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  let grid = null; // promise of the grid
  let told = null; // what was last said about its rows

  function run() {
    return new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = document.getElementById("table-script").href;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }

  function make() {
    window.dash_clientside.set_props("grid-wanted", { data: true });
    return window.dash_ag_grid.getApiAsync("ops");
  }

  function chosen(event) {
    const rows = event.api.getSelectedRows();
    // The server marks the row of what is selected: only another one was chosen by a person.
    if (rows.length && !hexviz.canvas.isSelected("o:" + rows[0].id)) {
      hexviz.send("reveal", rows[0].id);
    }
  }

  hexviz.table = {
    show: function (table) {
      told = table;
      grid = grid || run().then(make).then(function (api) {
        api.addEventListener("selectionChanged", chosen);
      });
      grid.then(function () {
        if (told) {
          window.dash_clientside.set_props("ops", told);
          told = null;
        }
      }).catch(function () {
        hexviz.notify("The table did not load", "Reload the page to try again.", "red");
      });
    },
  };
})();
