// The state of the page, and what changes it. The selection is in the address: it can be sent, and
// the browser's own back and forward lead through what was looked at.
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const theme = () => root.dataset.theme || (dark.matches ? "dark" : "light");

const state = { open: new Set(data.open), chosen: null, marked: new Set(), row: -1 };
const isOpenBox = box => state.open.has(box.at);
const canvas = document.getElementById("canvas");
const layers = s("g", {});
canvas.append(
  s("svg", { width: "100%", height: "100%", role: "group", "aria-label": "Graph" }, layers),
);
let view = null;
const camera = makeCamera(canvas, ({ scale, x, y }) => {
  layers.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  canvas.classList.toggle("far", scale < 0.4);
  canvas.classList.toggle("farther", scale < 0.2);
});

// The numbers of the steps that explain what is chosen, by the node that shows them.
function numbered() {
  const found = new Map();
  if (state.chosen?.kind !== "op") return found;
  const op = ops[state.chosen.at];
  [...op.steps, ...op.chain].forEach(([at], n) => {
    if (typeof at === "string") return;
    const node = shownBy(view, at);
    found.set(node, [...(found.get(node) || []), n + 1]);
  });
  return found;
}

function chosenThing() {
  const { kind, at } = state.chosen || {};
  if (kind !== "module") return kind ? at : null;
  // A stack of equal modules and a section of one bear the name of a module that has its own box.
  const box = state.chosen.box ?? modules[at].box;
  return box > 0 ? -1 - box : null;
}

function draw() {
  const focused = canvas.contains(document.activeElement)
    ? document.activeElement.dataset.thing
    : undefined;
  view = lookAt(isOpenBox);
  const all = [...view.nodes.values()],
    open = all.filter(node => node.isOpen),
    closed = all.filter(node => !node.isOpen);
  layers.replaceChildren(
    ...open.map(node => drawNode(node, theme())),
    ...lines(view).map(line => drawLine(line)),
    s("g", { id: "fan" }),
    ...closed.filter(node => node.isDot).map(node => drawBeside(node, view.nodes.get(node.beside))),
    ...all.filter(node => node.stub).map(drawStub),
    ...closed.map(node => drawNode(node, theme())),
    s("g", { id: "badges" }),
  );
  mark();
  fillLegend(view);
  fillTree(state);
  layers
    .querySelector(focused === undefined ? "[data-thing]" : `[data-thing="${focused}"]`)
    ?.setAttribute("tabindex", "0");
  if (focused !== undefined)
    layers.querySelector(`[data-thing="${focused}"]`)?.focus({ preventScroll: true });
}

// Selection, evidence and matches: classes and marks on what is drawn.
function mark() {
  const thing = chosenThing(),
    shown = thing === null ? null : shownBy(view, thing),
    badges = numbered();
  const matches = new Set([...state.marked].map(op => shownBy(view, op)));
  for (const element of layers.querySelectorAll(".node")) {
    const at = Number(element.dataset.thing);
    element.classList.toggle("selected", at === shown);
    element.classList.toggle("evidence", badges.has(at) && at !== shown);
    element.classList.toggle("match", matches.has(at));
  }
  for (const element of layers.querySelectorAll(".line")) {
    const ends = element.dataset.line.split(">").map(Number),
      own = shown !== null && !view.nodes.get(shown).isOpen;
    element.classList.toggle("lit", own && ends.includes(shown));
    element.classList.toggle(
      "chain",
      ends.every(end => badges.has(end) || end === shown) && badges.size > 0,
    );
  }
  document
    .getElementById("badges")
    .replaceChildren(...[...badges].map(([at, numbers]) => drawBadge(view.nodes.get(at), numbers)));
  document.getElementById("fan").replaceChildren(...fan(thing, shown));
}

// The lines that stubs stand for, of what is selected.
function fan(thing, shown) {
  if (thing === null || isBox(thing)) return [];
  const ends = new Map();
  for (const wire of wires) {
    if (wire.isLine || (wire.source !== thing && wire.target !== thing)) continue;
    const [source, target] = [wire.source, wire.target].map(end => shownBy(view, end));
    if (source !== target)
      ends.set(`${source}>${target}`, { source, target, value: wire.value, isLive: wire.isLive });
  }
  return [...ends].map(([name, { source, target, value, isLive }]) => {
    const one = view.nodes.get(source),
      other = view.nodes.get(target),
      middle = (one.y + other.y) / 2;
    const points = [
      [one.x, one.y + one.height / 2],
      [one.x, middle],
      [other.x, middle],
      [other.x, other.y - other.height / 2],
    ];
    return drawLine({ name, values: new Set([value]), isLive, points }, "fan");
  });
}

function toggle(box, centre = false) {
  const opening = !isOpenBox(box),
    thing = thingOf(box);
  for (const outer of around(thing)) state.open.add(outer.at);
  state.open[opening ? "add" : "delete"](box.at);
  const corner = node => node && { x: node.x, y: node.y - node.height / 2 };
  const before = corner(view.nodes.get(thing));
  draw();
  const after = view.nodes.get(thing);
  if (before) camera.follow(before, corner(after));
  if (centre) camera.centre(after);
  else if (opening) camera.show(after);
}

function reveal(thing) {
  for (const box of around(thing)) state.open.add(box.at);
  state.open.add(0);
}

function showTab(name) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isShown = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !isShown;
  }
}

// Make a thing seen, in the middle of the graph.
function visit(thing) {
  if (typeof thing === "string") return;
  showTab("graph");
  reveal(thing);
  draw();
  camera.centre(view.nodes.get(thing));
}

function choose(chosen, move = true) {
  state.chosen = chosen;
  const thing = chosenThing();
  const box = thing === null ? null : isBox(thing) ? boxOf(thing) : homeOf.get(thing).box;
  state.row = box ? box.at : chosen?.kind === "module" ? 0 : -1;
  inspect();
  location.hash = address(chosen);
  if (thing !== null && move) visit(thing);
  else if (view) {
    mark();
    fillTree(state);
  }
}

const chooseBox = (box, move = true) => choose({ kind: "module", at: box.face, box: box.at }, move);

function inspect() {
  const { kind, at } = state.chosen || {},
    panel = document.getElementById("inspector");
  const content =
    kind === "op"
      ? inspectOp(ops[at])
      : kind === "module"
        ? inspectModule(modules[at])
        : kind === "end"
          ? inspectEnd(at)
          : inspectModel();
  panel.replaceChildren(...content.filter(Boolean));
  panel.scrollTop = 0;
}

function address(chosen) {
  const name = {
    op: () => ops[chosen.at].id,
    module: () => modules[chosen.at].fqn,
    end: () => endOf(chosen.at).name,
  }[chosen?.kind];
  return name ? `${chosen.kind}=${encodeURIComponent(name().toWellFormed())}` : "";
}

function readAddress() {
  if (location.hash.slice(1) === address(state.chosen)) return false;
  const [kind, name] = location.hash.slice(1).split("=").map(decodeURIComponent);
  const at =
    {
      op: () => ops.findIndex(op => op.id === name),
      module: () => modules.findIndex(module => module.fqn === name),
      end: () =>
        Array.from({ length: nThings }, (_, n) => n).findIndex(
          n => n >= ops.length && endOf(n).name === name,
        ),
    }[kind]?.() ?? -1;
  choose(at < 0 ? null : { kind, at });
  return at >= 0;
}

function showFinding(finding) {
  state.marked = new Set(finding.ops);
  finding.ops.slice(0, 60).forEach(reveal);
  choose(
    finding.ops.length
      ? { kind: "op", at: finding.ops[0] }
      : { kind: "module", at: finding.module },
  );
}

const fit = smooth =>
  camera.fit({ left: 0, top: 0, width: view.width, height: view.height }, 1.25, smooth);
