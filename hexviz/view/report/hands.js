// What a person does with pointer and keys, and the start of the page.
canvas.addEventListener("click", event => {
  if (canvas.dragged) return;
  const stub = event.target.closest("[data-stub]"),
    node = event.target.closest("[data-thing]");
  if (stub) return pick(view.nodes.get(Number(stub.dataset.stub)).stub[5][0], true);
  if (!node) return choose(null);
  const thing = Number(node.dataset.thing);
  act(thing, isBox(thing) && Boolean(event.target.closest(".box, .section, .closer")));
});

const pick = (thing, move) => choose({ kind: thing < ops.length ? "op" : "end", at: thing }, move);
function act(thing, turns) {
  if (!isBox(thing)) return pick(thing, false);
  if (turns) toggle(boxOf(thing));
  chooseBox(boxOf(thing), false);
}

// Arrow keys go to the nearest node that way, Enter chooses, opens and closes.
canvas.addEventListener("keydown", event => {
  const here = view.nodes.get(Number(event.target.closest("[data-thing]")?.dataset.thing));
  const way = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[
    event.key
  ];
  if (!here || !(way || ["Enter", " "].includes(event.key))) return;
  event.preventDefault();
  if (!way) return act(here.thing, true);
  const reach = node => {
    const dx = node.x - here.x,
      dy = node.y - here.y,
      along = dx * way[0] + dy * way[1];
    return along < 4 ? Infinity : along + 3 * Math.abs(dx * way[1] + dy * way[0]);
  };
  const next = [...view.nodes.values()]
    .filter(node => node !== here && !node.isOpen)
    .sort((a, b) => reach(a) - reach(b))[0];
  if (!next || reach(next) === Infinity) return;
  event.target.setAttribute("tabindex", "-1");
  const element = layers.querySelector(`[data-thing="${next.thing}"]`);
  element.setAttribute("tabindex", "0");
  element.focus({ preventScroll: true });
  const { left, top, right, bottom } = element.getBoundingClientRect(),
    room = canvas.getBoundingClientRect();
  if (left < room.left || right > room.right || top < room.top || bottom > room.bottom)
    camera.centre(next);
});

const on = (id, act) => document.getElementById(id).addEventListener("click", act);
on("fit", () => fit(true));
on("zoom-in", () => camera.zoom(1.3));
on("zoom-out", () => camera.zoom(1 / 1.3));
on("about-model", () => choose(null));
on("close-all", () => {
  state.open = new Set();
  draw();
  fit(true);
});
on("level", () => {
  for (const { thing, isOpen } of [...view.nodes.values()])
    if (isBox(thing) && !isOpen) state.open.add(-1 - thing);
  draw();
  fit(true);
});
on("theme", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  draw();
});
dark.addEventListener("change", draw);
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => showTab(tab.id.slice(4)));
  tab.addEventListener("keydown", event => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = document.querySelector("[role=tab][aria-selected=false]");
    showTab(other.id.slice(4));
    other.focus();
  });
}
const search = document.getElementById("search");
search.addEventListener("input", () => {
  state.marked = new Set(fillHits(search.value));
  mark();
});
search.addEventListener("keydown", event => {
  if (event.key === "Enter") document.querySelector("#hits .hit")?.click();
});
document.addEventListener("keydown", event => {
  const writes = event.target === search;
  if (event.key === "/" && !writes) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") {
    search.value = "";
    fillHits("");
    state.marked = new Set();
    choose(null);
  } else if (!writes && event.key === "f" && !event.ctrlKey && !event.metaKey) fit(true);
  else if (!writes && (event.key === "+" || event.key === "-"))
    camera.zoom(event.key === "+" ? 1.3 : 1 / 1.3);
});
addEventListener("hashchange", readAddress);

fillHeader();
fillFindings();
draw();
fit(false);
if (!readAddress()) inspect();
