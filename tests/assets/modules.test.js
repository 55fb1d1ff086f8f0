// Who imports whom in assets/: no circle, and what the report shares knows no server and no Dash.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ASSETS = resolve(import.meta.dirname, "../../assets");
const IMPORT = /^(?:import|\} from)\b[^"\n]*"(\.[^"\n]+)"/gm;
/** What anywidget calls in a notebook's document; it wants a default export. */
const WIDGET = "notebook/widget.js";
/** Entries of the page, of the report, and of a view in a notebook. */
const ENTRIES = ["main.js", "report.js", "notebook.js", WIDGET];
/** What the report shares with the page. */
const SHARED = [
  "actions.js", "canvas/draw.js", "canvas/gestures.js", "dom.js", "events.js", "keys.js",
  "notices.js", "plain-page.js", "queue.js", "show.js", "steps.js", "theme.js", "tree.js",
];

/** Module → the modules it imports, by their paths in a folder. */
function graphOf(read, names) {
  return new Map(names.map((name) => [
    name,
    [...read(name).matchAll(IMPORT)].map(([, path]) => join(dirname(name), path)),
  ]));
}

/** A circle of imports, if there is one. */
function circle(graph) {
  const done = new Set();
  function visit(name, path) {
    if (path.includes(name)) {
      return [...path.slice(path.indexOf(name)), name];
    }
    if (done.has(name)) {
      return null;
    }
    for (const other of graph.get(name) ?? []) {
      const found = visit(other, [...path, name]);
      if (found) {
        return found;
      }
    }
    done.add(name);
    return null;
  }
  for (const name of graph.keys()) {
    const found = visit(name, []);
    if (found) {
      return found;
    }
  }
  return null;
}

/** All that a module imports, over others as well. */
function below(graph, name, found = new Set()) {
  for (const other of graph.get(name) ?? []) {
    if (!found.has(other)) {
      found.add(other);
      below(graph, other, found);
    }
  }
  return found;
}

const read = (name) => readFileSync(join(ASSETS, name), "utf8");
const names = readdirSync(ASSETS, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name.endsWith(".js") && !entry.parentPath.endsWith("vendor"))
  .map((entry) => relative(ASSETS, join(entry.parentPath, entry.name)));
const graph = graphOf(read, names);

test("a circle is found where there is one", () => {
  const files = {
    "a.js": 'import { b } from "./b.js";', "b.js": 'import {\n  c,\n} from "./c.js";',
    "c.js": 'import "./a.js";',
  };
  const sick = graphOf((name) => files[name], Object.keys(files));
  assert.deepEqual(circle(sick), ["a.js", "b.js", "c.js", "a.js"]);
});

test("no circle of imports", () => {
  assert.equal(circle(graph), null);
});

test("every import is there, and every module is imported", () => {
  const imported = [...graph.values()].flat();
  assert.deepEqual(imported.filter((name) => !graph.has(name)), ["vendor/cytoscape.min.js"]);
  assert.deepEqual(names.filter((name) => !imported.includes(name) && !ENTRIES.includes(name)), []);
});

test("what the report shares with the page neither asks a server nor knows Dash", () => {
  for (const name of SHARED) {
    for (const reached of [name, ...below(graph, name)]) {
      assert.doesNotMatch(reached, /^(dash|panels\/|transport\/http)/, `${name} → ${reached}`);
      assert.doesNotMatch(read(reached), /\bfetch\(|dash_clientside/, reached);
    }
  }
});

test("only one module knows Dash's way in, and exports have names", () => {
  const knowing = names.filter((name) => /window[^\n]*dash_clientside|dash_clientside\?*[.:]/.test(read(name)));
  assert.deepEqual(knowing, ["dash.js"]);
  assert.deepEqual(names.filter((name) => /^export default/m.test(read(name))), [WIDGET]);
});
