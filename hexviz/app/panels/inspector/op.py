"""What the inspector says of an op: where it belongs, how that is known, what is around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnx.defs

from hexviz.app import html
from hexviz.app.panels.inspector.accusations import accusations
from hexviz.app.panels.inspector.value import shown_tensor, tensor_file, tensor_section
from hexviz.app.panels.inspector.why import why_sections
from hexviz.app.panels.parts import copy_button, heading, section, table
from hexviz.app.protocol import PageState
from hexviz.model.attributes import name_of, plain_value
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.source_trace import STACK_TRACE, Frame, source_lines
from hexviz.model.wording import counted
from hexviz.tagging.explain import Explanation
from hexviz.tagging.finding import DOUBTING, Finding
from hexviz.view.calls import CallGroup

__all__ = ["inspect_op", "source_section"]

_MOST_VALUES = 40  # inputs or outputs that are listed
_MOST_INITIALIZERS = 8
_LONGEST = 160  # characters of an attribute or list shown before it is cut


def inspect_op(
    graph: TaggedGraph,
    found: Explanation,
    state: PageState | None = None,
    *tools: Any,
    findings: Sequence[tuple[int, Finding]] = (),
    key: str | None = None,
    group: CallGroup | None = None,
) -> list[Any]:
    """What an explained op is, where it belongs, how that is known, and what is around it.

    ``state`` says which step of its evidence is looked at. ``tools`` follow what is said of its
    module; ``findings`` are the audit's about it, by their numbers, and ``key`` is that of a
    model that a server holds, which can be changed and saved from. ``group`` is the call whose
    box the op stands in.
    """
    op = found.op
    is_doubted = any(one.severity != "info" and one.kind in DOUBTING for _, one in findings)
    parts: list[Any] = [
        heading(op.op_type, op.auxiliary and f"auxiliary · {op.auxiliary}"),
        html.Div([op.id, copy_button(op.id, "op's id")], className="mono breakable"),
        *accusations(graph, findings, key),
        *why_sections(graph, found, state or PageState(), is_doubted=is_doubted),
        *tools,
    ]
    flat = graph.flat.ops[graph.positions[op.id]]
    parts += [
        _call(op, group),
        source_section(flat.metadata.get(STACK_TRACE, "")),
        section("Inputs", _values(graph, op.inputs, op.id, _input_names(op))),
        section("Outputs", _values(graph, op.outputs, op.id)),
        *_initializers(graph, op, key),
    ]
    attributes = [(name_of(one), _shown(one, graph.base_dir)) for one in flat.node.attribute]
    if attributes:
        parts.append(section("Attributes", table(attributes)))
    details = [("name", op.name or "(none)"), ("domain", op.domain or "ai.onnx")]
    if op.body:
        details.append(("inside", op.body))
    parts.append(section("Node", table(details)))
    return parts


def _call(op: Op, group: CallGroup | None) -> html.Section | None:
    """The call that the op was made for, which leads to its box; else what it stands with."""
    if op.call is None and group is None:
        return None
    name = op.call.function if op.call is not None else group.label if group is not None else ""
    if group is None or group.call != op.call:
        link: Any = html.Span(name)
    else:
        link = html.Button(
            name, className="link", **{"data-event": "call", "data-value": group.key}
        )
    if op.call is None:
        return section("Stands with", link)
    return section("Call", link, html.Span(f" {op.call.target}", className="mono quiet breakable"))


def _values(
    graph: TaggedGraph, value_ids: Iterable[str], op_id: str, names: tuple[str, ...] = ()
) -> html.Element:
    producers = {value: op.id for op in _around(graph, op_id) for value in op.outputs}
    rows = []
    listed = list(value_ids)
    for at, value_id in enumerate(listed[:_MOST_VALUES]):
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
    if len(listed) > _MOST_VALUES:
        rows.append(html.Tr(html.Td(f"and {len(listed) - _MOST_VALUES:,} more", className="quiet")))
    return html.Table(html.Tbody(rows)) if rows else html.Div("none", className="quiet")


def _initializers(graph: TaggedGraph, op: Op, key: str | None) -> list[Any]:
    """What the op's weights and constants hold, those that are read at once."""
    used = [value for value in dict.fromkeys(op.inputs) if value in graph.flat.weights]
    parts: list[Any] = []
    for value in used[:_MOST_INITIALIZERS]:
        tensor = graph.flat.tensors[value]
        name, saved = graph.flat.weights[value], tensor_file(key, value)
        parts.append(tensor_section(name, tensor, graph.base_dir, saved=saved))
    rest = len(used) - _MOST_INITIALIZERS
    if rest > 0:
        parts.append(html.Div(f"and {counted(rest, 'initializer')} more", className="quiet"))
    return parts


def _around(graph: TaggedGraph, op_id: str) -> list[Op]:
    at = graph.positions[op_id]
    return [graph.ops[one] for one in (at, *graph.flat.predecessors[at])]


def _input_names(op: Op) -> tuple[str, ...]:
    """Names of the formal inputs, after the op's definition in ONNX, where it is a known one."""
    try:
        schema = onnx.defs.get_schema(op.op_type, domain=op.domain)
    except onnx.defs.SchemaError:
        return ()
    return tuple(formal.name for formal in schema.inputs)


def _shown(attribute: onnx.AttributeProto, base_dir: Path | None) -> str:
    if attribute.ref_attr_name:
        return f"given by the caller as {attribute.ref_attr_name}"
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        return "a graph"
    if attribute.type == onnx.AttributeProto.TENSOR:
        return shown_tensor(attribute.t, base_dir)
    value: object = plain_value(attribute)
    if value is None:
        kind: str = onnx.AttributeProto.AttributeType.Name(attribute.type)
        return kind.lower().replace("_", " ")
    # What does not fit need not be spelled.
    text = str(value[: _LONGEST + 1] if isinstance(value, str | bytes | tuple) else value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def source_section(trace: str) -> html.Section | None:
    """The frames of a recorded trace, innermost first, PyTorch's own folded away below.

    ``None`` if the trace holds no frame.
    """
    frames = source_lines(trace)
    own = [frame for frame in frames if not frame.in_torch]
    folded = [frame for frame in frames if frame.in_torch]
    parts: list[Any] = [_listed(own)] if own else []
    if folded:
        parts.append(
            html.Details(
                [
                    html.Summary(f"{counted(len(folded), 'frame')} inside PyTorch"),
                    _listed(folded),
                ],
                open=not own,
            )
        )
    return section("Source", *parts) if parts else None


def _listed(frames: Sequence[Frame]) -> html.Ol:
    return html.Ol(
        [
            html.Li(
                [
                    html.Div(frame.place, className="mono quiet breakable"),
                    html.Pre(frame.code) if frame.code else None,
                ]
            )
            for frame in frames
        ],
        className="source",
    )
