// The whole graph in a corner, with a frame around what is in the window.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const WIDE = 168;
  const HIGH = 118;
  const ROOM = 6;

  let boxes = []; // x, y, width, height, colour: in the order they are drawn
  let whole = null; // what encloses them all
  let scale = 1;
  let dragging = false;

  function canvas() {
    return document.getElementById("minimap");
  }

  // Read what there is to draw: after a change of the elements, not at every frame.
  hexviz.minimap = {
    read: function (cy) {
      const nodes = cy.nodes().filter((node) => node.data("kind") !== "caption");
      boxes = nodes
        .map(function (node) {
          const at = node.position();
          const data = node.data();
          return { x: at.x - data.width / 2, y: at.y - data.height / 2, w: data.width,
            h: data.height, z: data.z, open: data.open, fill: data.fill, border: data.border };
        })
        .sort((one, other) => one.z - other.z);
      whole = boxes.length ? boxes.reduce(function (all, box) {
        return { x1: Math.min(all.x1, box.x), y1: Math.min(all.y1, box.y),
          x2: Math.max(all.x2, box.x + box.w), y2: Math.max(all.y2, box.y + box.h) };
      }, { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity }) : null;
      hexviz.minimap.draw(cy);
    },
    draw: function (cy) {
      const element = canvas();
      if (!element || !whole) {
        return;
      }
      const seen = cy.extent();
      const all = seen.x1 <= whole.x1 && seen.y1 <= whole.y1 &&
        seen.x2 >= whole.x2 && seen.y2 >= whole.y2;
      if (element.hidden !== all) {
        element.hidden = all;
      }
      if (all) {
        return;
      }
      scale = Math.min(
        (WIDE - 2 * ROOM) / (whole.x2 - whole.x1),
        (HIGH - 2 * ROOM) / (whole.y2 - whole.y1),
      );
      const sharp = window.devicePixelRatio || 1;
      const width = Math.ceil((whole.x2 - whole.x1) * scale) + 2 * ROOM;
      const height = Math.ceil((whole.y2 - whole.y1) * scale) + 2 * ROOM;
      element.width = width * sharp;
      element.height = height * sharp;
      element.style.width = width + "px";
      element.style.height = height + "px";
      const pen = element.getContext("2d");
      const page = getComputedStyle(document.documentElement);
      pen.setTransform(sharp, 0, 0, sharp, 0, 0);
      pen.clearRect(0, 0, width, height);
      pen.translate(ROOM, ROOM);
      pen.scale(scale, scale);
      pen.translate(-whole.x1, -whole.y1);
      pen.lineWidth = 0.8 / scale;
      boxes.forEach(function (box) {
        pen.fillStyle = box.open ? box.fill : box.border || page.getPropertyValue("--quiet");
        pen.globalAlpha = box.open ? 1 : 0.55;
        pen.fillRect(box.x, box.y, box.w, box.h);
        if (box.open) {
          pen.strokeStyle = box.border;
          pen.strokeRect(box.x, box.y, box.w, box.h);
        }
      });
      pen.globalAlpha = 1;
      pen.strokeStyle = page.getPropertyValue("--accent");
      pen.lineWidth = 1.6 / scale;
      const x1 = Math.max(seen.x1, whole.x1);
      const y1 = Math.max(seen.y1, whole.y1);
      pen.strokeRect(x1, y1, Math.min(seen.x2, whole.x2) - x1, Math.min(seen.y2, whole.y2) - y1);
    },
  };

  function go(event) {
    const box = canvas().getBoundingClientRect();
    hexviz.canvas.centreOn(
      whole.x1 + (event.clientX - box.left - ROOM) / scale,
      whole.y1 + (event.clientY - box.top - ROOM) / scale,
    );
  }

  document.addEventListener("pointerdown", function (event) {
    if (event.target.id === "minimap") {
      dragging = true;
      event.preventDefault();
      go(event);
    }
  });
  document.addEventListener("pointermove", function (event) {
    if (dragging) {
      go(event);
    }
  });
  document.addEventListener("pointerup", function () {
    dragging = false;
  });
})();
