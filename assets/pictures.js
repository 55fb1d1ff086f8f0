// What leaves the page: a link to the exact view, and pictures of it.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const LARGEST = 12000; // pixels a side that browsers draw without failing

  function title() {
    const name = document.getElementById("model-title").textContent || "graph";
    return name.replace(/\.onnx$/, "").replace(/[^\w.-]+/g, "-");
  }

  hexviz.save = function (blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  hexviz.local["copy-link"] = function () {
    const address = new URL(window.location.href);
    address.searchParams.set("at", hexviz.canvas.viewport().join(","));
    navigator.clipboard.writeText(address.href).then(
      () => hexviz.notify("Link copied", "It leads to exactly this view.", "teal"),
      () => hexviz.notify("The browser did not allow copying", address.href, "red"),
    );
  };

  hexviz.local["save-png"] = function () {
    const cy = hexviz.canvas.cytoscape();
    const box = cy.elements(":visible").boundingBox();
    const scale = Math.min(2, LARGEST / Math.max(box.w, box.h, 1));
    const page = getComputedStyle(document.documentElement).getPropertyValue("--page").trim();
    cy.png({ full: true, scale: scale, bg: page, output: "blob-promise" })
      .then((blob) => hexviz.save(blob, title() + ".png"));
  };

  // The server draws it from the same elements.
  let wanted = 0;
  hexviz.local["save-svg"] = function () {
    wanted += 1;
    window.dash_clientside.set_props("svg-wanted", { data: { n: wanted, theme: hexviz.theme() } });
  };

  hexviz.saveSvg = function (picture) {
    hexviz.save(new Blob([picture.text], { type: "image/svg+xml" }), title() + ".svg");
  };
})();
