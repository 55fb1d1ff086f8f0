"""Costs in the document of ``hexviz analyze --json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hexviz.measure.costs.costs import Costs

__all__ = ["add_costs"]


def add_costs(document: dict[str, Any], found: Costs) -> dict[str, Any]:
    """The document of a graph with ``costs`` on the model, each module, and each node it lists."""
    return {
        **document,
        "costs": found.model_dict(),
        "modules": [
            one | {"costs": found.module_dict(one["module"])} for one in document["modules"]
        ],
    } | (
        {
            "nodes": [
                one | {"costs": asdict(cost)}
                for one, cost in zip(document["nodes"], found.ops, strict=True)
            ]
        }
        if "nodes" in document
        else {}
    )
