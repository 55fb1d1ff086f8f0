// What the inspector says of an op, a module, an end of the model, and the model itself.
const isOnFile = op => op.origin === "declared" || op.origin === "transferred";

function inspectOp(op) {
  const place = modules[op.module];
  const confidence = op.parts.map(([factor, reason]) =>
    h("li", {}, `${percent(factor)} `, h("span", { class: "quiet" }, word(reason))),
  );
  const own = findings.filter(finding => finding.ops.includes(op.at));
  return [
    h(
      "div",
      { class: "heading" },
      h("h2", {}, op.type),
      h("span", { class: "pill" }, op.auxiliary ? `auxiliary · ${op.auxiliary}` : "primary"),
    ),
    h("div", { class: "mono breakable" }, op.id),
    own.length
      ? section(
          "Audit",
          h(
            "ul",
            { class: "plain" },
            own.map(finding =>
              h(
                "li",
                { class: "told" },
                severity(finding),
                " ",
                breaking(finding.message),
                finding.suggestion ? h("div", { class: "quiet" }, finding.suggestion) : null,
              ),
            ),
          ),
        )
      : null,
    section(
      "Belongs to",
      moduleLink(op.module),
      h(
        "div",
        { class: "quiet origin-line" },
        swatch(op.origin),
        `${op.origin} · rule ${op.rule} · confidence ${percent(op.confidence)}`,
      ),
    ),
    h("p", { class: "sentence", id: "sentence" }, breaking(op.sentence)),
    op.steps.length ? section("Decided from", stepList(op.steps, 1)) : null,
    // Ops of another graph: no links, though this graph may have ops of these ids.
    op.counterparts.length
      ? section(
          `In ${data.transferredFrom}`,
          h(
            "ul",
            { class: "plain counterparts" },
            op.counterparts.map(([type, id, relation]) =>
              h(
                "li",
                {},
                h("b", {}, word(type)),
                " ",
                h("span", { class: "mono breakable" }, id),
                h("div", { class: "quiet" }, word(relation)),
              ),
            ),
          ),
        )
      : null,
    op.witnesses.length
      ? section(
          "Does the same elsewhere",
          h(
            "ul",
            { class: "plain" },
            op.witnesses.map(([at]) => h("li", {}, opLink(at))),
          ),
        )
      : null,
    confidence.length ? section("Confidence", h("ul", { class: "plain" }, confidence)) : null,
    op.rejected.length
      ? section(
          isOnFile(op) ? "Other sources say" : "Considered and rejected",
          h(
            "ul",
            { class: "plain rejected" },
            op.rejected.map(([at, score, reason]) =>
              h(
                "li",
                {},
                moduleLink(at),
                h(
                  "div",
                  { class: "quiet" },
                  `${isOnFile(op) ? "" : `score ${score.toFixed(2)} · `}${word(reason)}`,
                ),
              ),
            ),
          ),
        )
      : null,
    op.shared.length ? section("Shared by", moduleList(op.shared)) : null,
    ...inspectContext(op),
    section(
      "Inputs",
      valueTable(op.inputs, value => producers.get(value)),
    ),
    section("Outputs", valueTable(op.outputs)),
    section(
      "Node",
      table([
        ["name", h("span", { class: "mono breakable" }, op.name || "(none)")],
        ["module", h("span", { class: "mono breakable" }, place.fqn || "(root)")],
        ...(op.body ? [["inside", op.body]] : []),
      ]),
    ),
  ];
}

function inspectContext(op) {
  if (op.context < 0) return [];
  return [
    section("Serves", moduleLink(op.context)),
    h("p", { class: "sentence", id: "context-sentence" }, breaking(op.contextSentence)),
    op.chain.length
      ? section("The chain, step by step", stepList(op.chain, op.steps.length + 1))
      : null,
    op.users.length > 1 ? section("Its users live in", moduleList(op.users)) : null,
  ];
}

// Steps carry the numbers they have in the graph; a click goes there and keeps the explanation.
const stepList = (list, first) =>
  h(
    "ol",
    { class: "steps", start: first },
    list.map(([at, relation, carried], n) =>
      h(
        "li",
        {},
        h("span", { class: "number", "aria-hidden": "true" }, String(first + n)),
        h(
          "div",
          {},
          opLink(at, () => visit(at)),
          h(
            "div",
            { class: "quiet breakable" },
            word(relation),
            carried.length ? ` through ${carried.map(word).join(", ")}` : "",
          ),
        ),
      ),
    ),
  );

function valueTable(list, makerOf = () => undefined) {
  if (!list.length) return h("div", { class: "quiet" }, "none");
  return h(
    "ul",
    { class: "plain values" },
    list.map(at => {
      if (at < 0) return h("li", { class: "quiet" }, "left out");
      const { name, type, kind } = values[at],
        maker = makerOf(at);
      return h(
        "li",
        {},
        maker === undefined
          ? h("span", { class: "mono breakable" }, name)
          : h(
              "button",
              {
                class: "link mono breakable",
                title: "Go to the op that makes it",
                onclick: () => choose({ kind: "op", at: maker }),
              },
              name,
            ),
        h("div", { class: "quiet" }, kind ? `${type} · ${kind}` : type),
      );
    }),
  );
}

function inspectModule(module) {
  const figures = [
    ["class", module.class || "unknown"],
    ["path", h("span", { class: "mono breakable" }, module.fqn || "(root)")],
  ];
  if (module.parameters >= 0) figures.push(["parameters", module.parameters.toLocaleString("en")]);
  figures.push([
    "ops",
    `${module.ops.toLocaleString("en")} (${module.own.toLocaleString("en")} its own)`,
  ]);
  if (module.ops) figures.push(["auxiliary", percent(module.auxiliary / module.ops)]);
  const box = boxes[state.chosen.box ?? module.box],
    named = counts => counts.map(([name, count]) => [word(name), count]);
  return [
    h(
      "div",
      { class: "heading" },
      h("h2", {}, module.class || labelOf(module)),
      h("span", { class: "pill" }, box?.members ? `first of ${box.members} equal ones` : "module"),
    ),
    h("div", { class: "mono breakable" }, breaking(module.tag)),
    box && box.at
      ? h("button", { class: "tool", onclick: () => toggle(box, true) }, "Open or close its box")
      : null,
    section("Module", table(figures)),
    module.ops ? section("Made of", bars(named(module.types))) : null,
    module.ops
      ? section(
          "How its ops got their module",
          h(
            "ul",
            { class: "plain" },
            named(module.origins).map(([origin, count]) =>
              h(
                "li",
                {},
                swatch(origin),
                `${origin} `,
                h(
                  "span",
                  { class: "quiet" },
                  `${count.toLocaleString("en")} · ${percent(count / module.ops)}`,
                ),
              ),
            ),
          ),
        )
      : null,
    module.children.length ? section("Contains", moduleList(module.children, 40)) : null,
  ];
}

function inspectEnd(thing) {
  const value = endOf(thing),
    isInput = thing < firstOutput;
  const at = (isInput ? data.inputs : data.outputs)[thing - (isInput ? ops.length : firstOutput)];
  const list = isInput ? readers.get(at) || [] : [producers.get(at)].filter(op => op !== undefined);
  return [
    h(
      "div",
      { class: "heading" },
      h("h2", { class: "breakable" }, value.name),
      h("span", { class: "pill" }, isInput ? "model input" : "model output"),
    ),
    h("div", { class: "mono" }, value.type),
    list.length
      ? section(
          isInput ? "Read by" : "Made by",
          h(
            "ul",
            { class: "plain" },
            list.slice(0, 40).map(one => h("li", {}, opLink(one))),
            list.length > 40 ? h("li", { class: "quiet" }, `and ${list.length - 40} more`) : null,
          ),
        )
      : null,
  ];
}

function inspectModel() {
  const [what, ...rest] = data.about;
  const told = part =>
    section(
      part.title,
      part.text ? h("p", {}, part.text) : null,
      part.bars.length ? bars(part.bars) : null,
    );
  return [
    h("div", { class: "heading" }, h("h2", {}, what.title)),
    h("p", { class: "sentence" }, what.text),
    ...rest.map(told),
    section("Inputs", valueTable(data.inputs)),
    section(
      "Outputs",
      valueTable(data.outputs, value => producers.get(value)),
    ),
    h(
      "p",
      { class: "quiet" },
      "Click an op to see how it got its module; click a box to open it, its title to close it.",
    ),
  ];
}
