"""Node data of Model Explorer: values of ops to colour by, each set one file or one run.

    {"bert-tiny": {"name": "origin", "results": {"linear_3": {"value": "declared", "bgColor": …}}}}

Names are colours of their own; numbers lie on a scale, from the least to the most.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from hexviz.convert.model_explorer.graph_json import graph_id, node_ids
from hexviz.convert.options import Options, figures_of_ops
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS, RULES

__all__ = ["node_data", "to_node_data"]

_SCALE = [
    {"stop": 0.0, "bgColor": "#fff7ec"},
    {"stop": 0.5, "bgColor": "#fdbb84"},
    {"stop": 1.0, "bgColor": "#b30000"},
]
_DOUBTED = [
    {"stop": 0.0, "bgColor": "#d7301f"},
    {"stop": 0.5, "bgColor": "#fdcc8a"},
    {"stop": 1.0, "bgColor": "#e5f5e0"},
]
# Okabe and Ito's colours, which people of every colour vision tell apart, lightened under text.
_NAMED = (
    "#9fd3f0", "#f5c77e", "#8fd6bd", "#f7ef9d", "#8fbfe0",
    "#f0a98a", "#e3b6d0", "#cfcfcf", "#b7e08f", "#c5b3f0",
    "#f0d9b3", "#a8e0dd", "#f2b8c0", "#d5d59a", "#b9c7e8",
)  # fmt: skip


def node_data(graph: TaggedGraph, options: Options) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sets by name, each a ``GraphNodeData`` of the format in JSON's types."""
    ids = node_ids(graph)
    reasons = [op.provenance for op in graph.ops]
    yield "origin", _named("origin", ids, [why.origin for why in reasons], ORIGINS)
    yield "rule", _named("rule", ids, [why.rule for why in reasons], tuple(RULES))
    sure = {at: why.confidence for at, why in enumerate(reasons)}
    # The scale goes from the least to the most, whatever these are: with one value there is none.
    scale = _DOUBTED if len(set(sure.values())) > 1 else []
    yield "confidence", _numbered("confidence", ids, sure, scale)
    for figure, numbers in figures_of_ops(graph, options.measured).items():
        finite = {at: number for at, number in numbers.items() if math.isfinite(number)}
        if finite:
            yield figure, _numbered(figure, ids, finite, _SCALE)


def to_node_data(graph: TaggedGraph, found: Mapping[str, Any]) -> bytes:
    """A set as a file of its own, for ``--node_data_paths`` or to be dropped on the page."""
    return json.dumps({graph_id(graph): found}).encode()


def _named(name: str, ids: list[str], values: list[str], known: tuple[str, ...]) -> dict[str, Any]:
    colours = {one: _NAMED[at % len(_NAMED)] for at, one in enumerate(known)}
    return {
        "name": name,
        "results": {
            key: {"value": value, "bgColor": colours[value]}
            for key, value in zip(ids, values, strict=True)
        },
        "showExpandedSummaryOnGroupNode": True,
        "showLabelCountColumnsInChildrenStatsTable": True,
        "hideInAggregatedStatsTable": True,
    }


def _numbered(
    name: str, ids: list[str], values: Mapping[int, float], scale: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "results": {ids[at]: {"value": value} for at, value in values.items()},
        "gradient": scale,
    }
