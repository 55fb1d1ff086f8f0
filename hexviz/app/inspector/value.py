"""What the inspector says of a value."""

from __future__ import annotations

from typing import Any

from dash import html

from hexviz.app.inspector.parts import heading, steps
from hexviz.model.graph import TaggedGraph

__all__ = ["inspect_value"]

_MOST_READERS = 40


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
        heading(value.name, kind),
        html.Div(str(value), className="mono breakable"),
    ]
    if makers:
        parts.append(steps(graph, makers, "Comes from"))
    if readers:
        parts.append(steps(graph, readers[:_MOST_READERS], f"Read by {len(readers)}"))
    return parts
