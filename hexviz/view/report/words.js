// Elements of the page. Text from a model only ever becomes a text node.
function h(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key === "onclick") element.addEventListener("click", value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value);
  }
  if (name === "button") element.type = "button";
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

// A tag or path, or a sentence with some, that breaks into lines between its steps.
const breaking = text =>
  text
    .split(text.includes("/") ? /(?=\/)/ : /(?<=[._])(?=\w)/)
    .flatMap((step, at) => (at ? [document.createElement("wbr"), step] : [step]));

const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const percent = share => `${Math.round(share * 100)}%`;
const labelOf = module => module.tag.slice(module.tag.lastIndexOf("/") + 1) || "model";

const section = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);
const table = rows =>
  h(
    "table",
    {},
    h(
      "tbody",
      {},
      rows.map(([name, ...cells]) =>
        h("tr", {}, h("th", { scope: "row", class: "quiet" }, name), h("td", {}, cells)),
      ),
    ),
  );

const moduleLink = at =>
  h(
    "button",
    {
      class: "link breakable",
      title: modules[at].fqn || "root",
      onclick: () => choose({ kind: "module", at }),
    },
    breaking(modules[at].tag),
  );
const moduleList = (list, most = 24) =>
  h(
    "ul",
    { class: "plain" },
    list.slice(0, most).map(at => h("li", {}, moduleLink(at))),
    list.length > most
      ? h("li", { class: "quiet" }, `and ${counted(list.length - most, "more module")}`)
      : null,
  );

function opLink(at, go = () => choose({ kind: "op", at })) {
  if (typeof at === "string") return h("span", { class: "quiet mono" }, at);
  const op = ops[at];
  return h(
    "button",
    { class: "link", title: op.id, onclick: go },
    h("b", {}, op.type),
    " ",
    h("span", { class: "mono quiet breakable" }, op.id),
  );
}

// Counts as bars, the longest for the most frequent.
function bars(counts, most = 7) {
  const top = Math.max(1, ...counts.map(([, count]) => count));
  const rows = counts.slice(0, most).map(([name, count]) => {
    const bar = h("span", { class: "mix-bar" });
    bar.style.width = `${Math.max(2, (90 * count) / top)}px`;
    return h(
      "div",
      { class: "mix" },
      h("span", { class: "mix-name", title: name }, name),
      bar,
      h("span", { class: "quiet" }, count.toLocaleString("en")),
    );
  });
  const rest = counts.length - most;
  return h("div", {}, rows, rest > 0 ? h("div", { class: "quiet" }, `and ${rest} more`) : null);
}

const swatch = origin => h("span", { class: `swatch origin-${origin}` });
