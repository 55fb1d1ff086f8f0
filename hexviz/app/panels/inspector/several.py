"""What the inspector says of several ops at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dash import html

from hexviz.app.panels.inspector.parts import counted, heading, mix, module_link, op_link, section
from hexviz.model.graph import TaggedGraph

__all__ = ["inspect_several"]

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
