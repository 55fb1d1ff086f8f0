"""Take from a file what it says of some ops, so that their modules have to be inferred.

A blanked op loses its name, its documentation, all of its metadata, and the
names of the values it makes. Initializers keep their names, and the ops that
are not blanked keep everything. What is left of a blanked op is what any op
of a stranger's file has: a type, attributes, inputs and outputs.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Iterator

import onnx

__all__ = ["blank", "shuffle"]


def blank(proto: onnx.ModelProto, outputs: Collection[str]) -> onnx.ModelProto:
    """A copy in which the nodes whose first output is in ``outputs`` are blanked.

    Nodes, their order and their attributes stay; so do all other names.
    """
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    renamed: dict[str, str] = {}
    for graph in _graphs(result.graph):
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
    for graph in _graphs(result.graph):
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


def shuffle(proto: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """A copy whose top-level nodes stand in a random topological order."""
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    nodes = list(result.graph.node)
    maker = {name: at for at, node in enumerate(nodes) for name in node.output if name}
    waiting = []
    users: list[list[int]] = [[] for _ in nodes]
    for at, node in enumerate(nodes):
        needed = {maker[name] for name in _reads(node) if name in maker}
        waiting.append(len(needed))
        for source in needed:
            users[source].append(at)
    draw = random.Random(seed).random  # noqa: S311 - reproducible, nothing to guess
    ready = [(draw(), at) for at, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    del result.graph.node[:]
    while ready:
        _, at = heapq.heappop(ready)
        result.graph.node.append(nodes[at])
        for user in users[at]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (draw(), user))
    return result


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    stack = [graph]
    while stack:
        here = stack.pop()
        yield here
        for node in here.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    stack.append(attribute.g)
                stack.extend(attribute.graphs)


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The values a node reads, those captured by its bodies included."""
    yield from node.input
    for attribute in node.attribute:
        for body in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for graph in _graphs(body):
                for inner in graph.node:
                    yield from inner.input
                yield from (value.name for value in graph.output)
