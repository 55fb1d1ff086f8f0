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

  hexviz.put = function (id, content) {
    document.getElementById(id).replaceChildren(build(content));
  };
})();
