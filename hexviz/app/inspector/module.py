"""What the inspector says of a module, and of the whole model while nothing is selected."""

from __future__ import annotations

from typing import Any

from dash import html

from hexviz.app.inspector.parts import breaking, heading, mix, module_links, section, table
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module

__all__ = ["inspect_model", "inspect_module"]


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
        heading(module.class_name or module.label, "module"),
        html.Div(breaking(module.tag), className="mono breakable"),
        html.Button("Open or close its box", className="tool", **{"data-toggle": module.fqn})
        if module.fqn
        else None,
        section("Module", table(figures)),
        section("Made of", mix(within)),
    ]
    if module.children:
        parts.append(section("Contains", module_links(graph, module.children)))
    return parts


def inspect_model(graph: TaggedGraph) -> list[Any]:
    """What the inspector shows while nothing is selected."""
    return [
        *inspect_module(graph, graph.modules[""]),
        section("Model inputs", table([(one.name, str(one)) for one in graph.inputs])),
        section("Model outputs", table([(one.name, str(one)) for one in graph.outputs])),
        html.P(
            "Click an op to see how it got its module; click a box to open it.",
            className="quiet",
        ),
    ]
