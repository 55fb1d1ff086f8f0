// The data of the page: tables of rows become lists of records, words are put in place of numbers.
const data = JSON.parse(document.getElementById("data").textContent);
const word = at => data.strings[at];

function records(table) {
  const words = table.fields.map(name => name.startsWith("$"));
  const names = table.fields.map(name => name.replace("$", ""));
  return table.rows.map((row, at) => {
    const record = { at };
    row.forEach((cell, n) => {
      record[names[n]] = words[n] ? word(cell) : cell;
    });
    return record;
  });
}

const ops = records(data.ops);
const modules = records(data.modules);
const boxes = records(data.boxes);
const values = records(data.values);
const findings = records(data.findings);

const firstOutput = ops.length + data.inputs.length;
const nThings = firstOutput + data.outputs.length;

// A thing is what may stand in a box: an op, an input or output (>= 0), or a box (-1 - its row).
const isBox = thing => thing < 0;
const boxOf = thing => boxes[-1 - thing];
const thingOf = box => -1 - box.at;
const endOf = thing =>
  values[thing < firstOutput ? data.inputs[thing - ops.length] : data.outputs[thing - firstOutput]];

const wires = [];
for (let at = 0; at < data.wires.length; at += 4) {
  const [source, target, value, flags] = data.wires.slice(at, at + 4);
  wires.push({ source, target, value, isLive: (flags & 1) === 1, isLine: (flags & 2) === 2 });
}

const producers = new Map();
ops.forEach(op => op.outputs.forEach(value => producers.set(value, op.at)));
const readers = new Map();
ops.forEach(op =>
  new Set(op.inputs).forEach(value => {
    if (value >= 0) readers.set(value, [...(readers.get(value) || []), op.at]);
  }),
);

// The box and the cell each thing stands in; constants drawn as dots stand in their reader's cell.
const homeOf = new Map();
for (const box of boxes) {
  const pairs = points =>
    Array.from({ length: points.length / 2 }, (_, n) => points.slice(2 * n, 2 * n + 2));
  box.cells = box.cells.map(([thing, x, y, width, height, room, label, dots, stub], at) => {
    homeOf.set(thing, { box, at });
    for (const dot of dots) homeOf.set(dot[0], { box, at });
    return { thing, x, y, width, height, room, label: word(label), dots, stub };
  });
  const routes = rows => new Map(rows.map(([a, b, points]) => [`${a},${b}`, pairs(points)]));
  box.links = routes(box.links);
  box.entering = routes(box.entering);
  box.leaving = routes(box.leaving);
  box.light = box.light.map(word);
  box.dark = box.dark.map(word);
}

// The boxes around a thing, innermost first.
function around(thing) {
  const path = [];
  for (let home = homeOf.get(thing); home; home = homeOf.get(thingOf(home.box)))
    path.push(home.box);
  return path;
}

const colour = (box, theme) => {
  const [fill, border, ink, solid, solidInk, soft] = box[theme];
  return { fill, border, ink, solid, solidInk, soft };
};
