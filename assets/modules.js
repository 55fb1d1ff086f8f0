// The modules that fields for a module's name offer: the server tells them once for each model.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  let known = []; // pairs of a name and a tag

  hexviz.modules = {
    know: function (modules) {
      known = modules;
    },
  };

  // A field comes with what is likeliest; the rest is put below once somebody is about to type.
  function offer(field) {
    const there = new Set(Array.from(field.list.options, (option) => option.value));
    known.filter(([name]) => !there.has(name)).forEach(function ([name, tag]) {
      const option = document.createElement("option");
      option.value = name;
      option.textContent = tag;
      field.list.append(option);
    });
  }

  document.addEventListener("focusin", function (event) {
    if (event.target.matches('input[data-offers="modules"]') && event.target.list) {
      offer(event.target);
    }
  });
})();
