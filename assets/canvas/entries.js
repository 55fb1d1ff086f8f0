// What the context menu offers, by what was clicked: only what makes sense there.

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {string} name what it does: `enter`, `copy`, an action or an event, see actions.js
 * @property {string | null} [value]
 * @property {string} [keys] that do the same
 *
 * @typedef {object} Abilities What the page can do at all, or now.
 * @property {boolean} isLive whether there is a server: a report hides, moves and cuts nothing
 * @property {boolean} hides whether the graph hides anything
 */

/**
 * The entries for what was clicked, in groups between which a line is drawn.
 * @param {Record<string, any> | null} data of the element; `null` for what is empty
 * @param {Abilities} abilities
 * @returns {Entry[][]}
 */
export function entriesFor(data, { isLive, hides }) {
  /** @type {Entry[][]} */
  let groups;
  if (data === null) {
    groups = [[
      { label: "Fit into the window", name: "fit", keys: "f" },
      { label: "Open a level", name: "open-level" },
      { label: "Close all boxes", name: "close-all" },
    ]];
  } else if (data.source !== undefined) {
    groups = ofLine(data);
  } else if (data.kind === "stub") {
    groups = [
      [{ label: "Go to where it comes from", name: "enter", keys: "Enter" }],
      copies([["name", data.name]]),
    ];
  } else if (data.key !== undefined) {
    groups = ofBox(data, isLive);
  } else if (data.op !== undefined) {
    groups = ofOp(data, isLive);
  } else {
    groups = [copies([["name", data.value]])];
  }
  if (hides && isLive) {
    groups.push([{ label: "Show all", name: "show-all" }]);
  }
  return groups.filter((group) => group.length);
}

/**
 * @param {Record<string, any>} data
 * @param {boolean} isLive
 * @returns {Entry[][]}
 */
function ofBox({ kind, key, fqn, tag, name, open, found }, isLive) {
  const isModule = kind === "module";
  return [
    [{ label: open ? "Close" : "Open", name: "enter", keys: "Enter" }],
    isModule && isLive
      ? [
          { label: "Only this", name: "only", value: key },
          { label: "Hide", name: "check", value: key },
        ]
      : [],
    isModule && isLive
      ? [
          { label: "Move its ops to a module…", name: "move-module", value: fqn },
          { label: "Extract…", name: "extract-module", value: fqn },
          ...(found ? [{ label: "Rename…", name: "rename-module", value: fqn, keys: "F2" }] : []),
        ]
      : [],
    [{ label: "Reveal in the tree", name: "reveal-row", value: key }],
    copies(isModule ? [["name", name], ["FQN", fqn], ["tag", tag]] : [["name", name]]),
  ];
}

/**
 * @param {Record<string, any>} data
 * @param {boolean} isLive
 * @returns {Entry[][]}
 */
function ofOp({ op, fqn, name, parent_key: around }, isLive) {
  return [
    [
      { label: "Trace what it needs", name: "trace-up", value: op, keys: "u" },
      { label: "Trace what needs it", name: "trace-down", value: op, keys: "d" },
      { label: "Trace ways to another op…", name: "trace-between", value: op, keys: "b" },
    ],
    isLive
      ? [
          { label: "Move to a module…", name: "move-op", value: op },
          { label: "Extract its module…", name: "extract-module", value: fqn },
        ]
      : [],
    [{ label: "Reveal in the tree", name: "reveal-row", value: around }],
    copies([["op id", op], ["type", name], ["FQN of its module", fqn]]),
  ];
}

/**
 * @param {Record<string, any>} data
 * @returns {Entry[][]}
 */
function ofLine({ source, target, values }) {
  const isNode = (/** @type {string} */ id) => !id.startsWith("s:");
  return [
    [
      ...(isNode(source) ? [{ label: "Go to its source", name: "element", value: source }] : []),
      { label: "Go to its target", name: "element", value: target },
    ],
    copies(values?.length === 1 ? [["name of the value", values[0]]] : []),
  ];
}

/**
 * @param {[what: string, text: string | undefined][]} names
 * @returns {Entry[]}
 */
function copies(names) {
  return names.filter(([, text]) => text)
    .map(([what, text]) => ({ label: `Copy ${what}`, name: "copy", value: text }));
}
