"""What the inspector says of a call, and of an op about the call that it was made for."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hexviz.app import html
from hexviz.app.panels.inspector.module import crossings
from hexviz.app.panels.inspector.op import source_section
from hexviz.app.panels.parts import button, heading, mix, module_link, op_link, section
from hexviz.model.graph import TaggedGraph
from hexviz.model.source_trace import STACK_TRACE
from hexviz.model.wording import counted
from hexviz.view.calls import CallGroup

__all__ = ["inspect_call"]

_MOST = 60  # ops that are listed


def inspect_call(graph: TaggedGraph, group: CallGroup) -> list[Any]:
    """A call's function and module, the line of code it is in, what crosses its border, its ops."""
    positions = sorted(group.positions())
    ops = [graph.ops[at] for at in positions]
    auxiliary = sum(op.auxiliary is not None for op in ops)
    listed: list[Any] = [html.Li(op_link(graph, op.id)) for op in ops[:_MOST]]
    if len(ops) > _MOST:
        listed.append(html.Li(f"and {len(ops) - _MOST:,} more", className="quiet"))
    return [
        heading(group.label, "call" if group.call else "auxiliary ops with what they serve"),
        html.Div(group.call.target, className="mono breakable") if group.call else None,
        html.P(_sentence(graph, group), className="sentence"),
        html.Div(button("Open or close its box", "toggle", group.key), className="tool-row"),
        section("In the module", module_link(graph, group.module)),
        _source(graph, group, positions),
        *crossings(graph, graph.flat.entering(positions), graph.flat.leaving(positions)),
        section("Made of", mix(dict(Counter(op.op_type for op in ops).most_common()))),
        section(
            f"{counted(len(ops), 'op')}, {auxiliary:,} of them auxiliary",
            html.Ul(listed, className="plain"),
        ),
    ]


def _sentence(graph: TaggedGraph, group: CallGroup) -> str:
    if group.call is not None:
        return f"The exporter made these ops for one call of {group.call.function}."
    if group.served is None:
        return "No op of this module comes first among those that need these: they stand together."
    return f"{graph.ops[group.served].op_type} stands with the auxiliary ops that serve it."


def _source(graph: TaggedGraph, group: CallGroup, positions: list[int]) -> html.Section | None:
    """The source of the op that is served, or of the first with one on record."""
    first = [] if group.served is None else [group.served]
    traces = (graph.flat.ops[at].metadata.get(STACK_TRACE) for at in (*first, *positions))
    return source_section(next(filter(None, traces), ""))
