// A view as SVG: open boxes behind, then lines, then what is closed, then marks.
const SVG = "http://www.w3.org/2000/svg";
function s(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const round = number => Math.round(number * 10) / 10;
const text = (content, attributes) => s("text", attributes, document.createTextNode(content));

const DASHES = { inherited: "5 3", fallback: "1.5 2.5" };
const WIDTHS = { fallback: 2, transferred: 2.6 };

// An outline by origin: solid, thick, dashed, dotted; a second line inside where a person decided.
function outline(node, paint, origin, radius = 7) {
  const { width, height } = node;
  const rect = inset =>
    s("rect", {
      x: round(node.x - width / 2 + inset),
      y: round(node.y - height / 2 + inset),
      width: round(width - 2 * inset),
      height: round(height - 2 * inset),
      rx: Math.max(0, Math.min(radius, height / 2) - inset),
      fill: inset ? "none" : paint.fill,
      stroke: paint.border,
      "stroke-width": WIDTHS[origin] ?? 1.2,
      "stroke-dasharray": DASHES[origin],
    });
  return origin === "manual" ? [rect(0), rect(2.6)] : [rect(0)];
}

function drawNode(node, theme) {
  const { thing } = node;
  if (isBox(thing))
    return node.isOpen
      ? drawOpen(node, colour(boxOf(thing), theme))
      : drawClosed(node, colour(boxOf(thing), theme));
  if (thing >= ops.length) return drawEnd(node);
  const op = ops[thing],
    paint = colour(node.box, theme);
  const fill = op.auxiliary ? paint.soft : paint.solid,
    ink = op.auxiliary ? paint.ink : paint.solidInk;
  const group = nodeGroup(
    node,
    `op${node.isDot ? " dot" : ""}`,
    `${op.type} ${op.id}, ${op.origin}`,
  );
  group.append(...outline(node, { fill, border: paint.border }, op.origin, node.isDot ? 6 : 7));
  // Its reader may be in another module, so a constant may stand alone, as a dot in the row.
  if (node.label)
    group.append(
      text(node.label, {
        x: round(node.x),
        y: round(node.y + 4),
        "text-anchor": "middle",
        fill: ink,
      }),
    );
  group.append(s("title", {}, document.createTextNode(`${op.type}  ${op.id}`)));
  return group;
}

function nodeGroup(node, kind, name) {
  return s("g", {
    class: `node ${kind}`,
    "data-thing": node.thing,
    role: "button",
    tabindex: "-1",
    "aria-label": name,
  });
}

function drawClosed(node, paint) {
  const box = boxOf(node.thing);
  const group = nodeGroup(
    node,
    box.section ? "section" : "box",
    `${box.label}, ${counted(box.ops, "op")}, closed`,
  );
  group.setAttribute("aria-expanded", "false");
  if (box.members) {
    for (const shift of [6, 3])
      group.append(...outline({ ...node, x: node.x + shift, y: node.y + shift }, paint));
  }
  group.append(...outline(node, paint, box.section ? "inherited" : undefined, box.section ? 2 : 8));
  const rows = node.label.split("\n");
  rows.forEach((row, at) =>
    group.append(
      text(row, {
        x: round(node.x),
        y: round(node.y + (at - (rows.length - 1) / 2) * 16 + 4),
        "text-anchor": "middle",
        fill: paint.ink,
        class: at ? "detail" : "label",
      }),
    ),
  );
  return group;
}

function drawOpen(node, paint) {
  const box = boxOf(node.thing),
    left = round(node.x - node.width / 2),
    top = round(node.y - node.height / 2);
  const group = nodeGroup(node, "open", `${box.label}, ${counted(box.ops, "op")}, open`);
  group.setAttribute("aria-expanded", "true");
  group.append(
    ...outline(node, paint, box.section ? "inherited" : undefined, box.section ? 2 : 10),
  );
  const [name, ...rest] = box.title.split("  ");
  const title = text(name, { x: left + 26, y: top + 20, fill: paint.ink, class: "title" });
  if (rest.length)
    title.append(s("tspan", { dx: 6, class: "path" }, document.createTextNode(rest.join("  "))));
  group.append(
    s(
      "g",
      { class: "closer" },
      s("rect", {
        x: left + 4,
        y: top + 4,
        width: Math.max(20, round(Math.min(node.width - 8, 320))),
        height: 23,
        rx: 6,
      }),
      s("path", {
        d: `M${left + 11},${top + 13.5}l4,4l4,-4`,
        stroke: paint.ink,
        fill: "none",
        "stroke-width": 1.6,
      }),
      title,
    ),
  );
  return group;
}

function drawEnd(node) {
  const { x, y, width, height } = node,
    value = endOf(node.thing);
  const w = width / 2,
    h2 = height / 2,
    cut = 8;
  const corners = [
    [cut - w, -h2],
    [w - cut, -h2],
    [w, cut - h2],
    [w, h2 - cut],
    [w - cut, h2],
    [cut - w, h2],
    [-w, h2 - cut],
    [-w, cut - h2],
  ];
  const group = nodeGroup(
    node,
    "end",
    `${value.name}, model ${node.thing < firstOutput ? "input" : "output"}`,
  );
  group.append(
    s("polygon", {
      points: corners.map(([dx, dy]) => [x + dx, y + dy].map(round)).join(" "),
    }),
    text(node.label, { x: round(x), y: round(y + 4), "text-anchor": "middle" }),
  );
  return group;
}

// A curve through the middles between its control points, and a small head.
function drawLine(line, kind = "line") {
  const { points } = line,
    last = points.length - 1;
  let path = `M${points[0].map(round)}`;
  for (let at = 1; at < last; at += 1) {
    const end =
      at === last - 1
        ? points[last]
        : [(points[at][0] + points[at + 1][0]) / 2, (points[at][1] + points[at + 1][1]) / 2];
    path += `Q${points[at].map(round)} ${end.map(round)}`;
  }
  if (last === 1) path += `L${points[1].map(round)}`;
  const [tip, tail] = [points[last], points[last - 1]];
  const angle = Math.atan2(tip[1] - tail[1], tip[0] - tail[0]),
    back = (turn, length) =>
      [tip[0] - length * Math.cos(angle + turn), tip[1] - length * Math.sin(angle + turn)].map(
        round,
      );
  const width = round(Math.min(3.2, 1.1 + 0.7 * Math.log2(Math.max(1, line.values.size))));
  const names = [...line.values].slice(0, 6).map(at => `${values[at].name}  ${values[at].type}`);
  const group = s(
    "g",
    { class: `${kind} ${line.isLive ? "live" : "faint"}`, "data-line": line.name },
    s("path", { d: path, "stroke-width": width, class: "way" }),
    s("polygon", { points: `${tip.map(round)} ${back(0.42, 8)} ${back(-0.42, 8)}`, class: "head" }),
    s(
      "title",
      {},
      document.createTextNode(
        names.join("\n") + (line.values.size > 6 ? `\nand ${line.values.size - 6} more` : ""),
      ),
    ),
  );
  const gap = tip[1] - points[0][1];
  if (
    line.isAlone &&
    line.values.size === 1 &&
    gap >= 22 &&
    gap <= 60 &&
    points.every(([x]) => Math.abs(x - tip[0]) < 1)
  ) {
    group.append(
      text(values[[...line.values][0]].shape, {
        x: round(tip[0] + 6),
        y: round(points[0][1] + gap / 2 + 1),
        class: "shape",
      }),
    );
  }
  return group;
}

function drawBeside(node, reader) {
  return s("path", {
    class: "beside",
    d: `M${[node.x + 6, node.y].map(round)}L${[reader.x - reader.width / 2, reader.y].map(round)}`,
  });
}

function drawStub(node) {
  const [label, dx, dy, width, height, sources] = node.stub,
    x = node.x + dx,
    y = node.y + dy;
  const group = s(
    "g",
    { class: "stub", "data-stub": node.thing },
    s("path", {
      class: "beside",
      d: `M${round(x + width / 2)},${round(y)}L${round(node.x - node.width / 2)},${round(node.y)}`,
    }),
    s("rect", { x: round(x - width / 2), y: round(y - height / 2), width, height, rx: 4 }),
    text(word(label), { x: round(x), y: round(y + 3.5), "text-anchor": "middle" }),
    s(
      "title",
      {},
      document.createTextNode(
        `from ${sources
          .slice(0, 6)
          .map(at => (at < ops.length ? `${ops[at].type} ${ops[at].id}` : endOf(at).name))
          .join("\n")}`,
      ),
    ),
  );
  return group;
}

function drawBadge(node, numbers) {
  const label =
    numbers.length > 2 ? `${numbers[0]}–${numbers[numbers.length - 1]}` : numbers.join("·");
  const width = 12 + 6.5 * label.length,
    x = node.x + node.width / 2,
    y = node.y - node.height / 2;
  return s(
    "g",
    { class: "badge" },
    s("rect", { x: round(x - width / 2), y: round(y - 9), width: round(width), height: 18, rx: 9 }),
    text(label, { x: round(x), y: round(y + 4), "text-anchor": "middle" }),
  );
}
