"""Which argument of its target an edge carries: what stands left and what right above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hexviz.view.index import Index
from hexviz.view.parts import SceneEdge, SceneNode

__all__ = ["with_arguments"]


def with_arguments(
    edges: Sequence[SceneEdge], nodes: Sequence[SceneNode], index: Index
) -> list[SceneEdge]:
    """The edges, those into ops with the place of their value among the op's inputs."""
    places: dict[int, dict[str, int]] = {}
    result = []
    for edge in edges:
        target = nodes[edge.target]
        if target.kind == "op" and edge.values:
            if edge.target not in places:
                inputs = index.graph.flat.columns.inputs[target.position]
                places[edge.target] = {value: at for at, value in reversed([*enumerate(inputs)])}
            argument = places[edge.target].get(edge.values[0], 0)
            result.append(replace(edge, argument=argument) if argument else edge)
        else:
            result.append(edge)
    return result
