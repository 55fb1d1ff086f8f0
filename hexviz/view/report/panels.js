// What stands around the graph: figures, tree, search, findings, legend.
function fillHeader() {
  document.getElementById("model-name").textContent = data.figures.model || "model";
  const { ops: total, tagged, origins, auxiliary } = data.figures;
  const mix = h(
    "span",
    {
      class: "origins",
      role: "img",
      "aria-label": Object.entries(origins)
        .map(([name, count]) => `${count} ${name}`)
        .join(", "),
    },
    Object.entries(origins).map(([name, count]) => {
      const part = h("span", { class: `part origin-${name}` });
      part.style.width = `${(100 * count) / Math.max(1, total)}%`;
      return part;
    }),
  );
  document.getElementById("figures").append(
    h("span", {}, h("b", {}, percent(data.figures.coverage)), ` of ${counted(total, "op")} tagged`),
    mix,
    h(
      "span",
      { class: "quiet" },
      Object.entries(origins)
        .map(([name, count]) => `${count.toLocaleString("en")} ${name}`)
        .join(" · "),
    ),
    auxiliary.ops
      ? h(
          "span",
          { class: "wide" },
          h("b", {}, percent(auxiliary.context_inherited / auxiliary.ops)),
          ` of ${counted(auxiliary.ops, "auxiliary op")} with a context`,
        )
      : "",
  );
}

const inner = box => box.cells.filter(cell => isBox(cell.thing)).map(cell => boxOf(cell.thing));

function fillTree(state) {
  const tree = document.getElementById("tree"),
    focused = document.activeElement?.dataset?.row;
  const row = (box, level) => {
    const children = inner(box),
      isOpen = state.open.has(box.at) || !box.at;
    const canOpen = box.at > 0;
    const line = h(
      "div",
      {
        class: `row-line${state.row === box.at ? " current" : ""}${box.section ? " section-row" : ""}`,
      },
      canOpen
        ? h("button", {
            class: `chevron${isOpen ? " down" : ""}`,
            "data-row": `c${box.at}`,
            "aria-expanded": isOpen,
            "aria-label": `${box.label}: open or close`,
            onclick: () => toggle(box, true),
          })
        : h("span", { class: "chevron none" }),
      h(
        "button",
        {
          class: "name",
          "data-row": box.at,
          title: modules[box.face].tag,
          "aria-current": state.row === box.at ? "true" : undefined,
          onclick: () => chooseBox(box),
        },
        dot(box),
        h("span", { class: "text" }, box.label),
        h("span", { class: "count quiet" }, box.ops.toLocaleString("en")),
      ),
    );
    line.style.paddingLeft = `${level * 14}px`;
    return [line, ...(isOpen ? children.flatMap(child => row(child, level + 1)) : [])];
  };
  tree.replaceChildren(...row(boxes[0], 0));
  if (focused !== undefined) tree.querySelector(`[data-row="${focused}"]`)?.focus();
}

function dot(box) {
  const { solid, border } = colour(box, theme()),
    mark = h("span", { class: "tint" });
  Object.assign(mark.style, { background: solid, borderColor: border });
  return mark;
}

document.getElementById("tree").addEventListener("keydown", event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key],
    at = event.target.dataset.row;
  const names = [...event.currentTarget.querySelectorAll(".name")];
  const here = names.findIndex(name => name.dataset.row === at?.replace("c", ""));
  if (step && names[here + step]) names[here + step].focus();
  else if (["ArrowRight", "ArrowLeft"].includes(event.key) && here >= 0) {
    const box = boxes[names[here].dataset.row];
    if (box.at && (event.key === "ArrowRight") !== isOpenBox(box)) toggle(box, true);
  } else return;
  event.preventDefault();
});

// Each term must be found; "type:", "id:" and "tag:" look in one place only.
const MOST_HITS = 80;
const places = ops.map(op => ({
  id: `${op.id} ${op.name}`.toLowerCase(),
  type: op.type.toLowerCase(),
  tag: modules[op.module].tag.toLowerCase(),
}));
const modulePlaces = modules.map(module => ({
  id: module.fqn.toLowerCase(),
  type: module.class.toLowerCase(),
  tag: labelOf(module).toLowerCase(),
}));
function matching(where, query) {
  const terms = query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map(term => {
      const [, field, rest] = /^(id|type|tag):(.*)$/.exec(term) || [null, null, term];
      return one =>
        field ? one[field].includes(rest) : Object.values(one).some(place => place.includes(rest));
    });
  return terms.length
    ? where.flatMap((one, at) => (terms.every(term => term(one)) ? [at] : []))
    : [];
}

function fillHits(query) {
  const found = matching(places, query),
    named = matching(modulePlaces, query).filter(at => modules[at].box >= 0 && at);
  const said = [named.length ? counted(named.length, "module") : "", counted(found.length, "op")]
    .filter(Boolean)
    .join(", ");
  document.getElementById("found").textContent = query.trim() ? said : "";
  const tail = tag => (tag.split("/").length > 3 ? `…/${tag.split("/").slice(-2).join("/")}` : tag);
  const hit = (title, tag, go) =>
    h(
      "button",
      { class: "hit", title: tag, onclick: go },
      title,
      h("span", { class: "quiet" }, tail(tag)),
    );
  document
    .getElementById("hits")
    .replaceChildren(
      ...named
        .slice(0, 12)
        .map(at =>
          hit(h("b", {}, labelOf(modules[at]), h("i", {}, "module")), modules[at].tag, () =>
            choose({ kind: "module", at }),
          ),
        ),
      ...found
        .slice(0, MOST_HITS)
        .map(at =>
          hit(
            h("b", {}, ops[at].type, " ", h("span", { class: "mono" }, ops[at].id)),
            modules[ops[at].module].tag,
            () => choose({ kind: "op", at }),
          ),
        ),
      ...(found.length > MOST_HITS
        ? [
            h(
              "div",
              { class: "quiet more" },
              `and ${counted(found.length - MOST_HITS, "more op")}: add a word`,
            ),
          ]
        : []),
    );
  return found;
}

const severity = finding => h("span", { class: `severity ${finding.severity}` }, finding.severity);

function fillFindings() {
  const pane = document.getElementById("pane-findings");
  document.getElementById("tab-findings").textContent =
    `Findings (${findings.length.toLocaleString("en")})`;
  if (!findings.length) {
    pane.append(h("p", { class: "nothing" }, "The audit found nothing to doubt."));
    return;
  }
  const shown = ({ ops: found }) =>
    found.length > 1 ? `Show ${counted(found.length, "op")}` : "Show in graph";
  const row = finding =>
    h(
      "tr",
      {},
      h("td", {}, severity(finding)),
      h("td", { class: "kind" }, finding.kind),
      h(
        "td",
        {},
        h("div", { class: "breakable" }, breaking(finding.message)),
        finding.suggestion
          ? h("div", { class: "quiet breakable" }, breaking(finding.suggestion))
          : null,
      ),
      h("td", { class: "number" }, percent(finding.sureness)),
      h(
        "td",
        {},
        finding.ops.length || finding.module >= 0
          ? h(
              "button",
              {
                class: "tool",
                "aria-label": `${shown(finding)}: ${finding.message}`,
                onclick: () => showFinding(finding),
              },
              shown(finding),
            )
          : h("span", { class: "quiet" }, "no op to show"),
      ),
    );
  pane.append(
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Severity", "Kind", "Finding", "Sureness", "In the graph"].map(name =>
            h("th", { scope: "col" }, name),
          ),
        ),
      ),
      h("tbody", {}, findings.map(row)),
    ),
  );
}

function fillLegend(view) {
  const shown = [...view.nodes.values()]
    .filter(node => isBox(node.thing) && !boxOf(node.thing).section)
    .sort((a, b) => a.depth - b.depth);
  const faces = new Map();
  for (const node of shown)
    if (!faces.has(boxOf(node.thing).label)) faces.set(boxOf(node.thing).label, boxOf(node.thing));
  const row = h(
    "div",
    { class: "row" },
    [...faces.values()]
      .slice(0, 24)
      .map(box =>
        h("button", { class: "entry", onclick: () => chooseBox(box) }, dot(box), box.label),
      ),
  );
  document.getElementById("legend").replaceChildren(
    row,
    h(
      "div",
      { class: "row" },
      Object.keys(data.figures.origins).map(origin =>
        h("span", { class: "entry" }, swatch(origin), origin),
      ),
    ),
  );
  const rest = h("span", { class: "quiet" });
  while (
    row.children.length > 1 &&
    (row.scrollHeight > row.clientHeight || (faces.size > row.children.length && !rest.isConnected))
  ) {
    (rest.isConnected ? rest.previousSibling : row.lastChild).remove();
    row.append(rest);
    rest.textContent = `and ${faces.size - row.children.length + 1} more`;
  }
}
