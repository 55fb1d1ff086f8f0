"""The inspector's content for a selected op or module, and for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import onnx_ir as ir
from dash import html

from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.op import Op
from hexviz.tagging.sentence import context_sentence, module_sentence

__all__ = ["inspect_model", "inspect_module", "inspect_op", "inspect_value"]

_MOST_READERS = 40
_FEW = 16  # elements of a tensor that are shown
_LONGEST = 160  # characters of an attribute or list shown before it is cut


def inspect_op(graph: TaggedGraph, op: Op) -> list[Any]:
    """What an op is, where it belongs, how that is known, and what it is connected to."""
    why = op.provenance
    parts: list[Any] = [
        _heading(op.op_type, op.auxiliary and f"auxiliary · {op.auxiliary}"),
        html.Div(op.id, className="mono breakable"),
        _section("Ran in", _module_link(graph, op.module), _origin_line(op)),
        html.P(_breaking(module_sentence(graph, op)), className="sentence", id="module-sentence"),
    ]
    if why.evidence:
        parts.append(_steps(graph, why.evidence, "Decided from"))
    if why.candidates:
        parts.append(
            _section(
                "Considered and rejected",
                html.Ul(
                    [
                        html.Li([_module_link(graph, one.module), f" — {one.reason}"])
                        for one in why.candidates
                    ],
                    className="plain",
                ),
            )
        )
    if op.context is not None:
        parts += _context(graph, op)
    if op.shared_by:
        parts.append(_section("Shared by", _links(graph, op.shared_by)))
    parts += [
        _section("Inputs", _values(graph, op.inputs, op.id, _input_names(op))),
        _section("Outputs", _values(graph, op.outputs, op.id)),
    ]
    attributes = _attributes(graph.flat.ops[graph.positions[op.id]].node)
    if attributes:
        parts.append(_section("Attributes", _table(attributes)))
    details = [("name", op.name or "(none)"), ("domain", op.domain or "ai.onnx")]
    if op.body:
        details.append(("inside", op.body))
    parts.append(_section("Node", _table(details)))
    return parts


def inspect_module(graph: TaggedGraph, module: Module) -> list[Any]:
    """A module's class, size, what it is made of and what it contains."""
    within = [op for op in graph.ops if is_within(op.module, module.fqn)]
    auxiliary = sum(op.auxiliary is not None for op in within)
    figures = [("class", module.class_name or "unknown"), ("FQN", module.fqn or "(root)")]
    if module.parameters is not None:
        figures.append(("parameters", f"{module.parameters:,}"))
    figures += [
        ("ops", f"{len(within):,} ({len(module.ops):,} its own)"),
        ("auxiliary", f"{auxiliary / len(within):.0%}" if within else "none"),
    ]
    missing = graph.weights_left_out
    left_out = {value for op in within for value in op.inputs if value in missing}
    if left_out:
        figures.append(("weights", f"{len(left_out):,} left out of the export"))
    parts: list[Any] = [
        _heading(module.class_name or module.label, "module"),
        html.Div(_breaking(module.tag), className="mono breakable"),
        html.Button("Open or close its box", className="tool", **{"data-toggle": module.fqn})
        if module.fqn
        else None,
        _section("Module", _table(figures)),
        _section("Made of", _mix(within)),
    ]
    if module.children:
        parts.append(_section("Contains", _links(graph, module.children)))
    return parts


def inspect_value(graph: TaggedGraph, value_id: str) -> list[Any]:
    """A model input or output: its type, where it comes from and who reads it."""
    value = graph.value(value_id)
    makers = [op.id for op in graph.ops if value_id in op.outputs]
    readers = [op.id for op in graph.ops if value_id in op.inputs]
    kind = "value"
    if value_id in graph.flat.inputs:
        kind = "model input"
    elif value_id in graph.flat.outputs:
        kind = "model output"
    parts: list[Any] = [
        _heading(value.name, kind),
        html.Div(str(value), className="mono breakable"),
    ]
    if makers:
        parts.append(_steps(graph, makers, "Comes from"))
    if readers:
        parts.append(_steps(graph, readers[:_MOST_READERS], f"Read by {len(readers)}"))
    return parts


def inspect_model(graph: TaggedGraph) -> list[Any]:
    """What the inspector shows while nothing is selected."""
    return [
        *inspect_module(graph, graph.modules[""]),
        _section("Model inputs", _table([(one.name, str(one)) for one in graph.inputs])),
        _section("Model outputs", _table([(one.name, str(one)) for one in graph.outputs])),
        html.P(
            "Click an op to see how it got its module; click a box to open it.",
            className="quiet",
        ),
    ]


def _context(graph: TaggedGraph, op: Op) -> list[Any]:
    assert op.context is not None  # noqa: S101 - for the type checker; the caller looked
    parts: list[Any] = [
        _section("Serves", _module_link(graph, op.context.module)),
        html.P(
            _breaking(context_sentence(graph, op) or ""),
            className="sentence",
            id="context-sentence",
        ),
    ]
    if len(op.context.users) > 1:
        parts.append(_section("Its users live in", _links(graph, op.context.users)))
    if op.context.evidence:
        parts.append(_steps(graph, op.context.evidence, "The chain, step by step"))
    return parts


def _heading(title: str, note: str | None) -> html.Div:
    return html.Div(
        [html.H2(title), html.Span(note, className="pill") if note else None], className="heading"
    )


def _section(title: str, *content: Any) -> html.Section:
    return html.Section([html.H3(title), *content])


def _origin_line(op: Op) -> html.Div:
    why = op.provenance
    return html.Div(
        [
            html.Span(className=f"swatch origin-{why.origin}"),
            f"{why.origin} · rule {why.rule} · confidence {why.confidence:.0%}",
        ],
        className="quiet origin-line",
    )


def _steps(graph: TaggedGraph, op_ids: Iterable[str], title: str) -> html.Section:
    return _section(
        title,
        html.Ol(
            [html.Li(_op_link(graph, op_id)) for op_id in op_ids],
            className="steps",
        ),
    )


def _op_link(graph: TaggedGraph, op_id: str) -> Any:
    at = graph.positions.get(op_id)
    if at is None:
        return html.Span(op_id, className="quiet")
    op = graph.ops[at]
    return html.Button(
        [html.B(op.op_type), " ", html.Span(op.id, className="mono quiet")],
        className="link",
        title=op.tag,
        **{"data-op": op.id},
    )


def _module_link(graph: TaggedGraph, fqn: str) -> html.Button:
    module = graph.modules[graph.modules.nearest(fqn)]
    return html.Button(
        _breaking(module.tag),
        className="link breakable",
        title=module.fqn,
        **{"data-module": module.fqn},
    )


def _breaking(sentence: str) -> list[Any]:
    """A tag, or a sentence with tags, that breaks into lines at the slashes."""
    first, *rest = sentence.split("/")
    return [first, *(part for step in rest for part in (html.Wbr(), f"/{step}"))]


def _links(graph: TaggedGraph, fqns: Iterable[str], most: int = 24) -> html.Ul:
    listed = list(fqns)
    items: list[Any] = [html.Li(_module_link(graph, fqn)) for fqn in listed[:most]]
    if len(listed) > most:
        items.append(html.Li(f"and {len(listed) - most} more", className="quiet"))
    return html.Ul(items, className="plain")


def _values(
    graph: TaggedGraph, value_ids: Iterable[str], op_id: str, names: tuple[str, ...] = ()
) -> html.Table:
    producers = {value: op.id for op in _around(graph, op_id) for value in op.outputs}
    rows = []
    for at, value_id in enumerate(value_ids):
        role = names[at] if at < len(names) else ""
        if not value_id:
            rows.append(html.Tr([html.Td(role), html.Td("left out", className="quiet")]))
            continue
        value = graph.value(value_id)
        source = producers.get(value_id)
        name: Any = html.Span(value.name, className="mono breakable")
        if source is not None and source != op_id:
            name = html.Button(value.name, className="link mono breakable", **{"data-op": source})
        kind = "" if value.kind == "value" else f" · {value.kind}"
        if value.left_out:
            kind += ", left out"
        rows.append(
            html.Tr(
                [html.Td(role, className="quiet")] * bool(names)
                + [html.Td([name, html.Div(f"{value}{kind}", className="quiet")])]
            )
        )
    return html.Table(html.Tbody(rows)) if rows else html.Div("none", className="quiet")


def _around(graph: TaggedGraph, op_id: str) -> list[Op]:
    at = graph.positions[op_id]
    return [graph.ops[one] for one in (at, *graph.flat.predecessors[at])]


def _input_names(op: Op) -> tuple[str, ...]:
    """Names of the formal inputs, after the op's definition in ONNX, where it is a known one."""
    import onnx.defs

    try:
        schema = onnx.defs.get_schema(op.op_type, domain=op.domain)
    except onnx.defs.SchemaError:
        return ()
    return tuple(formal.name for formal in schema.inputs)


def _attributes(node: ir.Node) -> list[tuple[str, str]]:
    return [(name, _shown(attribute)) for name, attribute in node.attributes.items()]


def _shown(attribute: ir.Attr) -> str:
    if attribute.is_ref():
        return f"given by the caller as {attribute.ref_attr_name}"
    if attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS):
        return "a graph"
    if attribute.type == ir.AttributeType.TENSOR:
        return _shown_tensor(attribute.as_tensor())
    text = str(attribute.value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shown_tensor(tensor: ir.TensorProtocol) -> str:
    """A tensor's type, and its elements if they are few and lie in the file itself."""
    try:
        kind = f"{tensor.dtype.name.lower()}{list(tensor.shape)}"
        if isinstance(tensor, ir.ExternalTensor) or tensor.size > _FEW:
            return kind
        return f"{kind} = {tensor.numpy().tolist()}"
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
        # What onnx-ir raises on a tensor with a wrong size, an unknown type or no data at
        # all. A damaged constant is a thing to see, not to fail on.
        return f"unreadable ({str(error).partition(chr(10))[0]})"


def _mix(ops: list[Op], most: int = 6) -> html.Div:
    counts = Counter(op.op_type for op in ops).most_common()
    top = counts[0][1] if counts else 1
    rows = [
        html.Div(
            [
                html.Span(kind, className="mix-name"),
                html.Span(style={"width": f"{90 * count / top:.0f}px"}, className="mix-bar"),
                html.Span(str(count), className="quiet"),
            ],
            className="mix",
        )
        for kind, count in counts[:most]
    ]
    rest = len(counts) - most
    if rest > 0:
        rows.append(html.Div(f"and {rest} more types", className="quiet"))
    return html.Div(rows)


def _table(rows: Iterable[tuple[str, str]]) -> html.Table:
    return html.Table(
        html.Tbody(
            [
                html.Tr([html.Td(name, className="quiet"), html.Td(text, className="breakable")])
                for name, text in rows
            ]
        )
    )
