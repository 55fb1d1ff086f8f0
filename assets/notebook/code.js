// Lines of Python that go on from what a person looks at: `view` is what hexviz.show() returned.

/** @import { PageState } from "../protocol.js" */

/**
 * A text as Python writes it.
 * @param {string} text
 */
export function literal(text) {
  return JSON.stringify(text); // whose escapes Python has, too
}

/**
 * The line that selects the same.
 * @param {PageState["selection"]} selection
 */
export function codeOf([kind, what]) {
  switch (kind) {
    case "op":
    case "module":
    case "value":
      return `view.selection = ${literal(what)}`;
    case "ops":
      return `view.selection = ${what}`; // JSON of a list of texts is Python, too
    default:
      return "view.graph";
  }
}

/** The line that cuts a module out. @param {string} fqn */
export function cutCode(fqn) {
  return `part = view.graph.extract([${literal(fqn)}])`;
}

/**
 * The line for a file that the page of a server would offer, by its address.
 * @param {string} address
 */
export function keepCode(address) {
  if (address.startsWith("tensor/")) {
    const value = new URLSearchParams(address.split("?", 2)[1]).get("value") ?? "";
    return `onnx.numpy_helper.to_array(view.graph.flat.tensors[${literal(value)}])`;
  }
  return 'view.graph.save("tagged.onnx")';
}
