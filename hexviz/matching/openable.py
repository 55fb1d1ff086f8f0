"""A graph as people name it: opened already, a file, or a model in memory."""

from __future__ import annotations

from pathlib import Path

import onnx

from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import load, tag

__all__ = ["Openable", "opened"]

Openable = TaggedGraph | str | Path | onnx.ModelProto
"""What a graph can be given as."""


def opened(graph: Openable, *, weights_in_place: bool = False) -> TaggedGraph:
    """The graph itself, read and tagged if need be; what is open already is taken as it is.

    With ``weights_in_place`` a file's large weights are left in it.

    Raises:
        ReadError: if it is a file that is missing or no readable ONNX model.
    """
    if isinstance(graph, TaggedGraph):
        return graph
    if isinstance(graph, onnx.ModelProto):
        return tag(from_proto(graph, name=graph.graph.name or "model"))
    return load(graph, weights_in_place=weights_in_place)
