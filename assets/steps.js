// The evidence of the selected op as a numbered path on the canvas, and the strip that walks it.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const SMALLEST = 0.75; // badges shrink with the graph, and no further than this
  let badges = []; // id of an element, and the badge that stands on its corner
  let before = null; // the steps that were shown last

  hexviz.steps = {
    // What the server says of the path; ``null`` where there is no evidence. Returns whether
    // a person went to another step of the same op.
    show: function (steps) {
      const walked = before !== null && steps !== null && before.op === steps.op &&
        (before.path !== steps.path || before.at !== steps.at);
      before = steps;
      document.getElementById("path").hidden = !steps;
      const layer = document.getElementById("badges");
      badges = (steps ? steps.badges : []).map(function (one) {
        const badge = document.createElement("span");
        badge.className = one.current ? "badge current" : "badge";
        badge.textContent = one.numbers;
        return { id: one.id, badge: badge };
      });
      layer.replaceChildren(...badges.map((one) => one.badge));
      if (steps) {
        const note = document.getElementById("path-note");
        note.textContent = steps.note;
        note.title = steps.note;
        document.getElementById("previous-step").disabled = steps.at === 0;
        document.getElementById("next-step").disabled = steps.at === steps.of;
      }
      return walked;
    },
    // Whether the strips on the canvas cover a place on it.
    covers: function (box) {
      const strips = document.querySelector(".strips");
      return box.top < strips.offsetTop + strips.offsetHeight &&
        box.left < strips.offsetLeft + strips.offsetWidth;
    },
    // At every frame: a badge stands on the upper left corner of its element.
    place: function (cy) {
      const scale = Math.min(1, Math.max(SMALLEST, cy.zoom()));
      badges.forEach(function ({ id, badge }) {
        const node = cy.getElementById(id);
        badge.hidden = node.empty();
        if (!badge.hidden) {
          const at = node.renderedPosition();
          const x = at.x - node.renderedWidth() / 2;
          const y = at.y - node.renderedHeight() / 2;
          badge.style.transform =
            `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${scale}) translate(-50%, -50%)`;
        }
      });
    },
  };

  hexviz.local["previous-step"] = () => hexviz.send("step", -1);
  hexviz.local["next-step"] = () => hexviz.send("step", 1);
  hexviz.local["trace-given"] = (fqn) => hexviz.send("trace", ["given", fqn]);
})();
