"""Take from a file what it says of some ops, so that their modules have to be inferred.

A blanked op loses its name, its documentation, all of its metadata, and the
names of the values it makes. Initializers keep their names, and the ops that
are not blanked keep everything. What is left of a blanked op is what any op
of a stranger's file has: a type, attributes, inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Collection

import onnx

from hexviz.bench.sorting import graphs_within

__all__ = ["blank"]


def blank(proto: onnx.ModelProto, outputs: Collection[str]) -> onnx.ModelProto:
    """A copy in which the nodes whose first output is in ``outputs`` are blanked.

    Nodes, their order and their attributes stay; so do all other names.
    """
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    renamed: dict[str, str] = {}
    for graph in graphs_within(result.graph):
        for node in graph.node:
            if node.output and node.output[0] in outputs:
                node.name = ""
                node.doc_string = ""
                del node.metadata_props[:]
                renamed.update(
                    (name, f"blank_{len(renamed)}_{at}")
                    for at, name in enumerate(node.output)
                    if name
                )
    for graph in graphs_within(result.graph):
        for node in graph.node:
            for names in (node.input, node.output):
                for at, name in enumerate(names):
                    if name in renamed:
                        names[at] = renamed[name]
        for values in (graph.value_info, graph.output):
            for value in values:
                if value.name in renamed:
                    value.name = renamed[value.name]
                    del value.metadata_props[:]
    return result
