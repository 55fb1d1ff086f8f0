"""What the inspector says of a value, and of the values that run along an edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from hexviz.app.panels.inspector.parts import breaking, counted, heading, op_link, section, steps
from hexviz.app.panels.inspector.tensor import tensor_section
from hexviz.model.graph import TaggedGraph

__all__ = [
    "inspect_edge",
    "inspect_value",
    "output_line",
    "reader_lines",
    "source_line",
    "value_item",
]

_MOST_READERS = 40
_MOST_VALUES = 40  # of an edge
_FEW_READERS = 3  # of a value among others


def inspect_value(graph: TaggedGraph, value_id: str) -> list[Any]:
    """A value, mostly a model input or output: its type, where it comes from and who reads it."""
    value = graph.value(value_id)
    source = graph.uses.producer(value_id)
    readers = [graph.ops[at].id for at in graph.uses.readers(value_id)]
    kind = "nothing makes it" if value.kind == "missing" else value.kind
    if value_id in graph.flat.inputs:
        kind = "model input"
    elif value_id in graph.flat.outputs:
        kind = f"model output, {kind}" if value.kind == "missing" else "model output"
    parts: list[Any] = [
        heading(value.name, kind),
        html.Div(str(value), className="mono breakable"),
    ]
    if source is not None:
        parts.append(steps(graph, [graph.ops[source].id], "Comes from"))
    if readers:
        parts.append(steps(graph, readers[:_MOST_READERS], f"Read by {len(readers)}"))
    tensor = graph.flat.tensors.get(value_id)
    if tensor is not None:
        parts.append(tensor_section(value.name, tensor, graph.base_dir))
    return parts


def inspect_edge(
    graph: TaggedGraph, values: Sequence[str], source_label: str, target_label: str
) -> list[Any]:
    """The values that run along a drawn edge: type, origin and readers of each.

    ``values`` are value ids; doubles, and ids that the graph does not have,
    are passed over. The labels are what the ends of the edge are called.
    """
    known = [value for value in dict.fromkeys(values) if value in graph.flat.values]
    items = [
        value_item(
            graph,
            value,
            source_line(graph, value),
            *reader_lines(graph, graph.uses.readers(value)),
            output_line(graph, value),
        )
        for value in known[:_MOST_VALUES]
    ]
    if len(known) > _MOST_VALUES:
        items.append(html.Li(f"and {len(known) - _MOST_VALUES:,} more", className="quiet"))
    ends = section(
        "From and to",
        html.Div(breaking(source_label), className="breakable"),
        html.Div(["→ ", *breaking(target_label)], className="breakable"),
    )
    listed = section("Values", html.Ul(items, className="values")) if items else None
    return [heading(counted(len(known), "value"), "edge"), ends, listed]


def value_item(graph: TaggedGraph, value_id: str, *lines: Any) -> html.Li:
    """A value with its type, and lines that tell more of it; a line may be ``None``."""
    value = graph.value(value_id)
    return html.Li(
        [
            html.Div(value.name, className="mono breakable"),
            html.Div(str(value), className="quiet"),
            *(html.Div(line) for line in lines if line is not None),
        ]
    )


def source_line(graph: TaggedGraph, value_id: str) -> list[Any] | str:
    """Where a value comes from: a link to the op that makes it, if one does."""
    source = graph.uses.producer(value_id)
    if source is None:
        source = graph.uses.owner(value_id)
    if source is not None:
        return ["from ", op_link(graph, graph.ops[source].id)]
    if value_id in graph.flat.weights:
        return "an initializer"
    if value_id in graph.flat.inputs:
        return "a model input"
    return "given by the caller of the function"


def reader_lines(graph: TaggedGraph, readers: Sequence[int]) -> list[Any]:
    """Who reads a value: how many ops, and links to the first of them."""
    if not readers:
        return []
    links = [["to ", op_link(graph, graph.ops[at].id)] for at in readers[:_FEW_READERS]]
    rest = len(readers) - len(links)
    more = [html.Span(f"and {counted(rest, 'op')} more", className="quiet")] if rest else []
    return [*([f"read by {len(readers):,} ops"] if len(readers) > 1 else []), *links, *more]


def output_line(graph: TaggedGraph, value_id: str) -> str | None:
    """That a value is what the model puts out, if it is."""
    return "a model output" if value_id in graph.flat.outputs else None
