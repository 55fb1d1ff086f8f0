// What the server says in components of HTML, put on the page without React: a thousand small
// components would be asked at every change on the page whether they have changed as well.
(function () {
  "use strict";

  const hexviz = (window.hexviz = window.hexviz || {});
  const ATTRIBUTES = { className: "class", tabIndex: "tabindex", colSpan: "colspan" };

  // Text stays text: nothing is read as markup, and attributes that are code are left out.
  function build(part) {
    if (part === null || part === undefined || typeof part === "boolean") {
      return document.createTextNode("");
    }
    if (Array.isArray(part)) {
      const all = document.createDocumentFragment();
      part.forEach((one) => all.append(build(one)));
      return all;
    }
    if (typeof part !== "object") {
      return document.createTextNode(String(part));
    }
    const element = document.createElement(part.type);
    Object.entries(part.props).forEach(function ([name, value]) {
      if (name === "children") {
        element.append(build(value));
      } else if (name === "style") {
        Object.assign(element.style, value);
      } else if (value === true) {
        element.setAttribute(name, "");
      } else if (value !== false && value !== null && !/^on/i.test(name)) {
        element.setAttribute(ATTRIBUTES[name] || name, value);
      }
    });
    return element;
  }

  // New parts are new elements: the button that was pressed keeps the keyboard.
  function held(element) {
    const active = document.activeElement;
    if (!active || !active.dataset.event || active === element || !element.contains(active)) {
      return null;
    }
    const value = active.dataset.value;
    return `[data-event="${CSS.escape(active.dataset.event)}"]` +
      (value === undefined ? "" : `[data-value="${CSS.escape(value)}"]`);
  }

  hexviz.put = function (id, content) {
    const element = document.getElementById(id);
    const again = held(element);
    element.replaceChildren(build(content));
    const button = again ? element.querySelector(again) : null;
    if (button) {
      button.focus({ preventScroll: true });
    }
  };
})();
