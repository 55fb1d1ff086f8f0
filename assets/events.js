// What a person does becomes events for the server, one at a time: each is
// computed from the view that the one before it led to.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const PATIENCE = 15000; // ms after which an answer counts as lost
  const waiting = [];
  let busy = 0;
  let counter = 0;

  function next() {
    if (!waiting.length || (busy && performance.now() - busy < PATIENCE)) {
      return;
    }
    busy = performance.now();
    window.dash_clientside.set_props("event", { data: waiting.shift() });
  }

  hexviz.send = function (type, value) {
    counter += 1;
    waiting.push({ type: type, value: value, n: counter });
    next();
  };

  hexviz.answered = function () {
    busy = 0;
    next();
  };

  hexviz.notify = function (message) {
    window.dash_clientside.set_props("notices", {
      sendNotifications: [
        { action: "show", title: "That did not work", message: message, color: "red",
          autoClose: 12000 },
      ],
    });
  };

  // Buttons and links say in their data what they do.
  const LINKS = { op: "reveal", module: "reveal-module", toggle: "toggle" };

  // In the capturing phase: the tree keeps its clicks to itself after that.
  document.addEventListener("click", onClick, true);

  function onClick(event) {
    const element = event.target;
    if (!element.closest) {
      return;
    }
    const link = element.closest("[data-op], [data-module], [data-toggle], [data-event]");
    if (link) {
      const kind = Object.keys(LINKS).find((name) => link.dataset[name] !== undefined);
      if (kind) {
        hexviz.send(LINKS[kind], link.dataset[kind]);
      } else {
        hexviz.send(link.dataset.event, null);
      }
      return;
    }
    const label = element.closest(".tree .mantine-Tree-label");
    if (label && !element.closest(".mantine-CheckboxIndicator-indicator")) {
      const chevron = label.firstElementChild;
      const opens = chevron.contains(element) && getComputedStyle(chevron).visibility === "visible";
      hexviz.send(opens ? "toggle" : "reveal-module", label.dataset.value);
    }
  }

  function inDialog() {
    return document.querySelector(".mantine-Modal-content") !== null;
  }

  document.addEventListener("keydown", function (event) {
    const field = event.target;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName);
    if (event.key === "Enter" && field.id === "search") {
      hexviz.send("search", field.value);
      return;
    }
    if (event.key === "Escape" && typing) {
      field.blur();
      return;
    }
    if (typing || inDialog() || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const row = field.closest && field.closest(".tree li[data-value]");
    if (event.key === "Enter" && row) {
      event.preventDefault();
      hexviz.send("reveal-module", row.dataset.value);
    } else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search").focus();
      document.getElementById("search").select();
    } else if (event.key === "f") {
      hexviz.canvas.fit();
    } else if (event.key === "Escape") {
      hexviz.send("clear", null);
    }
  });

  // The upload component refuses in silence what is too large or no .onnx file.
  function refusal(file) {
    const box = document.getElementById("upload-box");
    const most = box ? Number(box.dataset.most) : Infinity;
    if (!file.name.toLowerCase().endsWith(".onnx")) {
      return file.name + " is not an .onnx file: export the model to ONNX first.";
    }
    if (file.size > most) {
      const limit = Math.floor(most / 1048576) + " MB";
      return file.name + " is over " + limit + ": open it with `hexviz view FILE`.";
    }
    return null;
  }

  function guard(event) {
    const target = event.target;
    if (!target.closest || !target.closest("#upload-box")) {
      return;
    }
    const files = event.dataTransfer ? event.dataTransfer.files : target.files;
    const reason = files && files.length ? refusal(files[0]) : null;
    if (reason) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (target.value) {
        target.value = "";
      }
      hexviz.notify(reason);
    }
  }
  document.addEventListener("change", guard, true);
  document.addEventListener("drop", guard, true);
})();
