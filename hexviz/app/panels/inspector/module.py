"""What the inspector says of a module, and of the whole model while nothing is selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.recovered import confidence_of, copies_line, copies_of, found_line
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.inspector.value import output_line, reader_lines, source_line, value_item
from hexviz.app.panels.parts import (
    breaking,
    button,
    copy_button,
    heading,
    mix,
    module_link,
    module_links,
    op_link,
    rename_field,
    section,
    table,
)
from hexviz.model.flat import Crossing
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.modules import Module
from hexviz.model.subtree import Subtree
from hexviz.model.wording import counted
from hexviz.view.state import ViewState

__all__ = ["crossings", "ends", "inspect_model", "inspect_module", "inspect_several", "stack_note"]

_MOST_CROSSING = 12
_SOME_NAMES = 6
_MOST_COPIES = 12
_MOST_ENDS = 40  # inputs and outputs of the model


def inspect_module(
    graph: TaggedGraph,
    module: Module,
    *tools: html.Button,
    stack: Sequence[Any] = (),
    renames: bool = False,
) -> list[Any]:
    """A module's class, size, what it is made of, what it takes in and hands out.

    ``tools`` are buttons beside the one that opens its box, and ``stack`` is what is said of one
    of several equal modules (:func:`stack_note`). With ``renames``, a recovered module can be given
    another name.
    """
    within = graph.subtree(module)
    known_as = graph.modules.names_of(module.fqn)
    head, *more = _made_of(module, known_as, within, tools, _copies(graph, module, renames=renames))
    return [
        head,
        _found(graph, module),
        *stack,
        *more,
        *crossings(graph, within.inputs, within.outputs),
        *_contains(graph, module),
    ]


def inspect_model(graph: TaggedGraph) -> list[Any]:
    """What the inspector shows while nothing is selected."""
    root = graph.modules[""]
    return [
        *_made_of(root, (root.fqn,), graph.subtree(root), (), _all_found(graph)),
        *_contains(graph, root),
        section("Model inputs", ends(graph.inputs)),
        section("Model outputs", ends(graph.outputs)),
        html.P(
            "Click an op to see how it got its module; a double click opens a box.",
            className="quiet",
        ),
    ]


def _made_of(
    module: Module,
    known_as: Sequence[str],
    within: Subtree,
    tools: Sequence[html.Button],
    found: Sequence[Any],
) -> list[Any]:
    fqn = [module.fqn, copy_button(module.fqn, "FQN")] if module.fqn else "(root)"
    figures: list[tuple[str, Any]] = [("class", module.class_name or "unknown"), ("FQN", fqn)]
    also = [one for one in known_as if one != module.fqn]
    if also:
        more = f" and {len(also) - _SOME_NAMES} more" if len(also) > _SOME_NAMES else ""
        figures.append(("also called", ", ".join(also[:_SOME_NAMES]) + more))
    if module.parameters is not None:
        figures.append(("parameters", f"{module.parameters:,}"))
    if module.fqn:
        figures.append(("depth", f"{counted(within.depth, 'level')} below the root"))
    figures += [
        ("submodules", _submodules(module, within)),
        ("ops", f"{within.ops:,} ({len(module.ops):,} its own)"),
        ("auxiliary", f"{within.auxiliary / within.ops:.0%}" if within.ops else "none"),
    ]
    if within.left_out:
        figures.append(("weights", f"{within.left_out:,} left out of the export"))
    return [
        heading(module.class_name or module.label, "module"),
        html.Div(
            [*breaking(module.tag), copy_button(module.tag, "tag")], className="mono breakable"
        ),
        html.Div(
            [
                html.Button(
                    "Open or close its box", className="tool", **{"data-toggle": module.fqn}
                ),
                *tools,
            ],
            className="tool-row",
        )
        if module.fqn
        else None,
        *found,
        section("Module", table(figures)),
        section("Made of", mix(within.op_types)),
        section("How its ops got their module", _origins(within.origins)) if within.ops else None,
    ]


def _all_found(graph: TaggedGraph) -> list[Any]:
    """What was found in a model that nothing names, and a way to see it without that."""
    found = found_line(graph)
    if not found:
        return []
    title = "Show the graph without them; undo (z) brings them back"
    return [
        html.P(f"{found} Their names are hexviz's own.", className="sentence"),
        html.Div(button("Leave them out", "leave-out-blocks", title=title), className="tool-row"),
    ]


def _found(graph: TaggedGraph, module: Module) -> html.P | None:
    """How a module was found that nothing names, and how sure that is."""
    if not module.is_recovered:
        return None
    sure = confidence_of(graph, module)
    doubt = "" if sure is None else f", {sure:.0%} sure"
    found = f"{copies_line(module)}{doubt}. The file does not name it."
    return html.P(found, className="sentence", id="found-sentence")


def _copies(graph: TaggedGraph, module: Module, *, renames: bool) -> list[Any]:
    """The copies of a recovered module, which are the evidence for it; none of others."""
    if not module.is_recovered:
        return []
    copies = [one for one in copies_of(graph.modules, module.fqn) if one != module.fqn]
    return [
        rename_field(module.fqn, module.class_name, module.copies) if renames else None,
        section("Its copies", module_links(graph, copies, _MOST_COPIES)) if copies else None,
    ]


def _submodules(module: Module, within: Subtree) -> str:
    if not within.modules:
        return "none"
    direct = len(module.children)
    return f"{within.modules:,}" + (f" ({direct:,} direct)" if direct < within.modules else "")


def _origins(origins: Mapping[str, int]) -> html.Ul:
    total = sum(origins.values())
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(className=f"swatch origin-{origin}"),
                    f"{origin} ",
                    html.Span(f"{count:,} · {count / total:.0%}", className="quiet"),
                ]
            )
            for origin, count in origins.items()
        ],
        className="plain",
    )


def crossings(
    graph: TaggedGraph, inputs: Sequence[Crossing], outputs: Sequence[Crossing]
) -> list[html.Section]:
    """The values that enter and leave a box, the first of them in detail."""
    return [
        _crossing(
            "Takes in", [_entering(graph, one) for one in inputs[:_MOST_CROSSING]], len(inputs)
        ),
        _crossing(
            "Hands out", [_leaving(graph, one) for one in outputs[:_MOST_CROSSING]], len(outputs)
        ),
    ]


def _entering(graph: TaggedGraph, one: Crossing) -> html.Li:
    read = f"read by {counted(len(one.readers), 'op')} here"
    return value_item(graph, one.value, source_line(graph, one.value), read)


def _leaving(graph: TaggedGraph, one: Crossing) -> html.Li:
    return value_item(
        graph, one.value, *reader_lines(graph, one.readers), output_line(graph, one.value)
    )


def _crossing(title: str, items: list[html.Li], total: int) -> html.Section:
    """The values that cross a module's border, ``items`` being the first of ``total``."""
    rest = total - len(items)
    if rest:
        items = [*items, html.Li(f"and {rest:,} more", className="quiet")]
    listed = html.Ul(items, className="values") if items else None
    return section(f"{title} {counted(total, 'value')}", listed)


def _contains(graph: TaggedGraph, module: Module) -> list[Any]:
    return [section("Contains", module_links(graph, module.children))] if module.children else []


def ends(values: Sequence[Value]) -> html.Table:
    """Inputs or outputs of a model, with their types."""
    rows = [(one.name, str(one)) for one in values[:_MOST_ENDS]]
    if len(values) > _MOST_ENDS:
        rows.append((f"and {len(values) - _MOST_ENDS:,} more", ""))
    return table(rows)


_MOST = 40  # ops that are listed


def inspect_several(graph: TaggedGraph, op_ids: Sequence[str]) -> list[Any]:
    """Of which types and modules some ops are, and each of them as a link."""
    ops = [graph.op(one) for one in op_ids]
    types = Counter(op.op_type for op in ops)
    modules = Counter(op.module for op in ops)
    listed: list[Any] = [html.Li(op_link(graph, op.id)) for op in ops[:_MOST]]
    if len(ops) > _MOST:
        listed.append(html.Li(f"and {len(ops) - _MOST:,} more", className="quiet"))
    return [
        heading(counted(len(ops), "op"), "selection"),
        section("Made of", mix(dict(types.most_common()))),
        section(
            "Tagged",
            html.Ul(
                [
                    html.Li([module_link(graph, fqn), html.Span(f" {count:,}", className="quiet")])
                    for fqn, count in modules.most_common()
                ],
                className="plain",
            ),
        ),
        section("Ops", html.Ul(listed, className="plain")),
    ]


def stack_note(model: OpenModel, view: ViewState, fqn: str) -> list[Any]:
    """For a module that is one of several equal ones: how many, and a way to see them all."""
    index = model.index(view.placement)
    key = index.box_of(fqn)
    boxes = [index.containers[one] for one in index.path(key)] if key else []
    around = next((box for box in boxes if box.members and key in (box.key, *box.members)), None)
    if around is None:
        return []
    apart = around.key in model.apart(view)
    label = "Show one for all" if apart else f"Show all {len(around.members)}"
    said = f"One of {len(around.members)} modules with the same structure, shapes included."
    return [
        # Of a recovered one, its copies say so.
        None if model.graph.modules[fqn].is_recovered else html.P(said, className="sentence"),
        html.Button(label, className="tool", **{"data-event": "stack", "data-value": around.key}),
    ]
