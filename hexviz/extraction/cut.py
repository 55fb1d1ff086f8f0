"""Build the model of a part from the protobuf of the whole: nodes, weights and types as they were.

What is copied is copied byte by byte, so names, symbols of dynamic dimensions,
metadata and external data stay what they are. Only the order of nodes may be
another than in the file: one in which they can run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import onnx

from hexviz.extraction.border import border
from hexviz.extraction.scope import Scope
from hexviz.model.bodies import walk_bodies
from hexviz.model.function_calls import callees, key_of
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.types import open_negative_sizes
from hexviz.model.writer import Place, add_tags, has_tags

__all__ = ["cut"]

_MADE_ANEW = frozenset({"graph", "functions", "training_info"})
_NODES = frozenset(
    {"node", "initializer", "sparse_initializer", "input", "output", "value_info",
     "quantization_annotation"}
)  # fmt: skip


def cut(graph: TaggedGraph, scope: Scope) -> onnx.ModelProto:
    """The model of a part, with its tags. It takes as long as what it copies.

    Raises:
        ExtractionError: if nothing tells the type of a value at the border.
    """
    whole = graph.proto
    part = onnx.ModelProto()
    _copy_fields(whole, part, _MADE_ANEW)
    _copy_fields(whole.graph, part.graph, _NODES)
    part.graph.node.extend(whole.graph.node[node] for node in scope.why)
    _add_weights(graph, scope, part.graph)
    _add_border(graph, scope, part.graph)
    used = callees(whole, part.graph.node)
    part.functions.extend(one for one in whole.functions if key_of(one) in used)
    places = _places(graph, scope, part)
    _sort_bodies(graph, part, places)
    _add_tags(graph, part, places)
    return part


def _copy_fields(
    source: onnx.ModelProto | onnx.GraphProto,
    target: onnx.ModelProto | onnx.GraphProto,
    without: frozenset[str],
) -> None:
    """Copy all fields but some: also those that a later version of ONNX adds."""
    for field, value in source.ListFields():
        if field.name in without:
            continue
        if isinstance(value, str | int | float | bytes):
            setattr(target, field.name, value)
        else:
            getattr(target, field.name).MergeFrom(value)


def _add_weights(graph: TaggedGraph, scope: Scope, part: onnx.GraphProto) -> None:
    top, whole = graph.top, graph.proto.graph
    dense = sorted(top.weights[name] for name in scope.weights if name in top.weights)
    sparse = sorted(top.sparse_weights[name] for name in scope.weights if name not in top.weights)
    part.initializer.extend(whole.initializer[at] for at in dense)
    part.sparse_initializer.extend(whole.sparse_initializer[at] for at in sparse)


def _add_border(graph: TaggedGraph, scope: Scope, part: onnx.GraphProto) -> None:
    top, whole = graph.top, graph.proto.graph
    typed = border(graph, {*scope.inputs, *scope.outputs})
    part.input.extend(typed[name] for name in scope.inputs)
    # Old files list weights as inputs, newer ones those that a caller may replace.
    weights = frozenset(scope.weights)
    part.input.extend(value for value in whole.input if value.name in weights)
    part.output.extend(typed[name] for name in scope.outputs)
    inside = {name for node in scope.why for name in top.makes[node]}
    inside -= {*scope.outputs}
    inside |= weights
    notes = sorted(top.notes[name] for name in inside & top.notes.keys())
    part.value_info.extend(whole.value_info[at] for at in notes)
    for value in (*part.input, *part.value_info):
        open_negative_sizes(value.type)
    known = inside | {*scope.inputs, *scope.outputs}
    part.quantization_annotation.extend(
        note for note in whole.quantization_annotation if note.tensor_name in known
    )


def _places(graph: TaggedGraph, scope: Scope, part: onnx.ModelProto) -> dict[Place, int]:
    """Where each node of a part stands in it → the position of its op in the whole."""
    ops, flat = graph.ops, graph.flat
    places: dict[Place, int] = {}
    inner: list[int] = list(range(flat.functions)) if part.functions else []
    for place, node in enumerate(scope.why):
        inside, own = flat.ops_of(node)
        inner.extend(inside)
        places["", place] = own
    listed: Counter[str] = Counter()
    for at in inner:  # positions are in an order in which the ops can run
        path = ops[at].body
        places[path, listed[path]] = at
        listed[path] += 1
    return places


def _sort_bodies(graph: TaggedGraph, part: onnx.ModelProto, places: Mapping[Place, int]) -> None:
    """Put the nodes of bodies into the order of ``places``: ONNX demands it, not all files do."""
    ops = graph.ops
    if all(not path or ops[at].index == index for (path, index), at in places.items()):
        return
    for path, body in walk_bodies(part, lambda path, index, _: ops[places[path, index]].id):
        if path:
            listed = [ops[places[path, index]].index for index in range(len(body.node))]
            nodes = onnx.GraphProto(node=[body.node[index] for index in listed])
            del body.node[:]
            body.node.extend(nodes.node)


def _add_tags(graph: TaggedGraph, part: onnx.ModelProto, places: Mapping[Place, int]) -> None:
    """Every op keeps its tag; the tree keeps the modules that are named, and all around them."""
    ops, flat = graph.ops, graph.flat
    kept = {place: ops[at] for place, at in places.items()}
    named = {"", *(op.module for op in kept.values())}
    named |= {op.context.module for op in kept.values() if op.context is not None}
    older = {place for place, at in places.items() if has_tags(flat.ops[at].metadata)}
    add_tags(part, kept, _with_ancestors(graph, named), older, graph.transferred_from)


def _with_ancestors(graph: TaggedGraph, named: Iterable[str]) -> list[Module]:
    kept: set[str] = set()
    for fqn in named:
        above: str | None = fqn
        while above is not None and above not in kept:
            kept.add(above)
            above = graph.modules[above].parent
    return [module for module in graph.modules if module.fqn in kept]
