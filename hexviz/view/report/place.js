// Where everything stands when some boxes are open. A box comes with its interior laid out while
// all in it is closed; children that open need more room than that. So the interior is stretched,
// x by itself and y by itself: across a child that opens by as much as it grows, evenly, and where
// several open above each other by the most that one of them needs. Centres and bends move along.
//
// What stood apart stays apart: a place never moves less than one to the left of it, so the centres
// of two boxes side by side keep their distance. A box that opens reaches further by half its
// growth on each side, and that much at least was added between its old edges and its centre.
function stretch(growths) {
  const marks = [...new Set(growths.flatMap(({ low, high }) => [low, high]))].sort((a, b) => a - b);
  const moves = [0];
  for (let at = 1; at < marks.length; at += 1) {
    const rates = growths
      .filter(({ low, high }) => low <= marks[at - 1] && marks[at] <= high)
      .map(({ low, high, by }) => by / (high - low));
    moves.push(moves[at - 1] + Math.max(0, ...rates) * (marks[at] - marks[at - 1]));
  }
  return place => {
    if (!marks.length || place <= marks[0]) return place;
    const next = marks.findIndex(mark => place <= mark);
    if (next < 0) return place + moves[moves.length - 1];
    const share = (place - marks[next - 1]) / (marks[next] - marks[next - 1]);
    return place + moves[next - 1] + share * (moves[next] - moves[next - 1]);
  };
}

function makeRoom(cells, open) {
  const growths = (centre, size, wanted) =>
    [...open].map(([at, inner]) => {
      const middle = centre(cells[at]),
        half = size(cells[at]) / 2;
      const by = Math.max(0, wanted(inner) - 2 * half);
      return { low: middle - half, high: middle + half, by };
    });
  const byX = stretch(
    growths(
      cell => cell.x,
      cell => cell.room,
      inner => inner.width,
    ),
  );
  const byY = stretch(
    growths(
      cell => cell.y,
      cell => cell.height,
      inner => inner.height,
    ),
  );
  const placed = cells.map((cell, at) => {
    const { width, height } = open.get(at) || cell;
    return { cell, x: byX(cell.x), y: byY(cell.y), width, height };
  });
  return { placed, move: ([x, y]) => [byX(x), byY(y)] };
}

// The interiors of all open boxes, innermost first: size, cells, and how points in it move.
function arrange(isOpen) {
  const interiors = new Map();
  const visit = box => {
    const open = new Map();
    box.cells.forEach((cell, at) => {
      if (isBox(cell.thing) && isOpen(boxOf(cell.thing))) open.set(at, visit(boxOf(cell.thing)));
    });
    const { placed, move } = makeRoom(box.cells, open);
    const [width, height] = move([box.width, box.height]);
    const interior = { box, placed, move, width, height };
    interiors.set(box.at, interior);
    return interior;
  };
  visit(boxes[0]);
  return interiors;
}

// All that is seen: nodes (outer ones first), stubs and dots, with places on the page.
function lookAt(isOpen) {
  const interiors = arrange(isOpen);
  const nodes = new Map();
  const visit = (interior, left, top, depth) => {
    interior.left = left;
    interior.top = top;
    for (const one of interior.placed) {
      const { thing, label, dots, stub } = one.cell;
      const inner = isBox(thing) && interiors.get(-1 - thing);
      const node = {
        thing,
        depth,
        box: interior.box,
        x: left + one.x,
        y: top + one.y,
        width: one.width,
        height: one.height,
        label,
        isOpen: Boolean(inner),
        stub: inner ? null : stub,
      };
      nodes.set(thing, node);
      for (const [dot, x, y] of dots) {
        nodes.set(dot, {
          thing: dot,
          depth,
          box: interior.box,
          x: node.x + x,
          y: node.y + y,
          width: 12,
          height: 12,
          label: "",
          isDot: true,
          beside: thing,
        });
      }
      if (inner) visit(inner, node.x - node.width / 2, node.y - node.height / 2, depth + 1);
    }
  };
  visit(interiors.get(0), 0, 0, 0);
  return { interiors, nodes, width: interiors.get(0).width, height: interiors.get(0).height };
}

// The node that shows a thing: itself, or the closed box around it.
function shownBy(view, thing) {
  for (let at = thing; ; at = thingOf(homeOf.get(at).box)) {
    if (view.nodes.has(at)) return at;
  }
}

// One line per pair of nodes, with the values it carries.
function lines(view) {
  const found = new Map();
  const shown = Array.from({ length: nThings }, (_, thing) => shownBy(view, thing));
  for (const wire of wires) {
    const source = shown[wire.source],
      target = shown[wire.target];
    if (!wire.isLine || source === target) continue;
    const name = `${source}>${target}`;
    const line = found.get(name);
    if (!line) {
      found.set(name, {
        name,
        source,
        target,
        port: wire.source,
        values: new Set([wire.value]),
        isLive: wire.isLive,
      });
    } else {
      line.values.add(wire.value);
      if (wire.isLive && !line.isLive) Object.assign(line, { isLive: true, port: wire.source });
    }
  }
  const all = [...found.values()],
    degree = new Map();
  for (const { source, target } of all)
    for (const end of [`from ${source}`, `to ${target}`])
      degree.set(end, (degree.get(end) || 0) + 1);
  const isAlone = ({ source, target }) =>
    degree.get(`from ${source}`) === 1 && degree.get(`to ${target}`) === 1;
  return all.map(line => ({ ...line, isAlone: isAlone(line), points: route(view, line) }));
}

// The steps from the outermost box down to a node: [box, number of the cell].
function steps(thing) {
  const path = [];
  for (let home = homeOf.get(thing); home; home = homeOf.get(thingOf(home.box)))
    path.unshift([home.box, home.at]);
  return path;
}

// Control points: the end of the source, the bends on each level, the end of the target. Bends were
// laid out for ends in the middle of closed cells; a line may leave or enter an open box elsewhere.
function route(view, { source, target, port }) {
  const one = view.nodes.get(source),
    other = view.nodes.get(target);
  const ups = steps(source),
    downs = steps(target);
  let shared = 0;
  while (ups[shared][0] === downs[shared][0] && ups[shared][1] === downs[shared][1]) shared += 1;
  const upward = other.y + other.height / 2 <= one.y - one.height / 2,
    side = upward ? -1 : 1;
  const start = [one.x, one.y + (side * one.height) / 2],
    end = [other.x, other.y - (side * other.height) / 2];
  const onPage = ([box], points) => {
    const interior = view.interiors.get(box.at);
    return (points || []).map(point => {
      const [x, y] = interior.move(point);
      return [interior.left + x, interior.top + y];
    });
  };
  const middle = ([box, at]) => {
    const interior = view.interiors.get(box.at);
    return interior.left + interior.placed[at].x;
  };
  const inward = downs
    .slice(shared + 1)
    .map(step => ({ step, points: onPage(step, step[0].entering.get(`${port},${step[1]}`)) }));
  const into = inward.flatMap(({ step, points }, n) => {
    const to = inward[n + 1]?.points[0] || end;
    return [...points.slice(0, 2), ...follow(points.slice(2), 0, to[0] - middle(step))];
  });
  const bends = [];
  const shift = step => (bends[bends.length - 1] || start)[0] - middle(step);
  for (const step of ups.slice(shared + 1).reverse()) {
    const points = onPage(step, step[0].leaving.get(`${step[1]},${port}`));
    bends.push(...follow(points.slice(0, -1), shift(step), 0), ...points.slice(-1));
  }
  const meet = ups[shared],
    across = onPage(meet, meet[0].links.get(`${meet[1]},${downs[shared][1]}`));
  bends.push(...follow(across, shift(meet), (into[0] || end)[0] - middle(downs[shared])), ...into);
  return [start, ...bends, end];
}

// Bends for a line that ends elsewhere than laid out. The first and the last of many lie in the
// free space between rows: there it goes sideways to its lane, and in between it keeps to that.
const BETWEEN_ROWS = 20;

function follow(points, atStart, atEnd) {
  if (points.length < 3) {
    return points.map(([x, y], n) => {
      const way = points.length > 1 ? n : 0.5;
      return [x + atStart * (1 - way) + atEnd * way, y];
    });
  }
  const turned = ([first, ...rest], by) => {
    if (Math.abs(by) < 1) return [first, ...rest];
    const far = Math.max(
      0,
      rest.findIndex(([, y]) => Math.abs(y - first[1]) > BETWEEN_ROWS),
    );
    return [[first[0] + by, first[1]], [rest[far][0], first[1]], ...rest.slice(far)];
  };
  return turned(turned(points, atStart).reverse(), atEnd).reverse();
}
