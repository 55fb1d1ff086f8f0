"""Build the model of a part from the protobuf of the whole: nodes, weights and types as they were.

What is copied is copied byte by byte, so names, symbols of dynamic dimensions,
metadata and external data stay what they are. Only the order of nodes may be
another than in the file: one in which they can run.

A graph's inputs and outputs need a type and a rank. Those of the values at the
border come from four sources, one after the other: the file; ONNX's inference;
ONNX Runtime, which folds chains of shape ops first and knows its own ops; and,
for what a Loop or Scan gives back, a run of the model::

    Shape(x) ─▶ Gather ─▶ Unsqueeze ─▶ Concat ─▶ Reshape      its rank: what Concat's value says
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.subgraph import Subgraph
from hexviz.model import fqn as fqns
from hexviz.model.bodies import walk_bodies
from hexviz.model.function_calls import callees, key_of
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.modules import Module
from hexviz.model.node_tags import OpTags
from hexviz.model.types import dtype_of, light, open_negative_sizes, shape_of
from hexviz.model.writer import add_tags
from hexviz.tagging.module_sources import owners_of_weights

__all__ = ["cut", "shown"]

_MADE_ANEW = frozenset({"graph", "functions", "training_info"})
_NODES = frozenset(
    {"node", "initializer", "sparse_initializer", "input", "output", "value_info",
     "quantization_annotation"}
)  # fmt: skip


_Place = tuple[str, int]
"""The path of a node's body, and its index there."""


def cut(graph: TaggedGraph, subgraph: Subgraph) -> onnx.ModelProto:
    """The model of a part, with its tags. It takes as long as what it copies.

    Raises:
        ExtractionError: if nothing tells the type of a value at the border.
    """
    whole = graph.proto
    part = onnx.ModelProto()
    _copy_fields(whole, part, _MADE_ANEW)
    _copy_fields(whole.graph, part.graph, _NODES)
    part.graph.node.extend(whole.graph.node[node] for node in subgraph.why)
    _add_weights(graph, subgraph, part.graph)
    _add_border(graph, subgraph, part.graph)
    used = callees(whole, part.graph.node)
    part.functions.extend(one for one in whole.functions if key_of(one) in used)
    places = _places(graph, subgraph, part)
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


def _add_weights(graph: TaggedGraph, subgraph: Subgraph, part: onnx.GraphProto) -> None:
    top, whole = graph.top, graph.proto.graph
    dense = sorted(top.weights[name] for name in subgraph.weights if name in top.weights)
    sparse = sorted(
        top.sparse_weights[name] for name in subgraph.weights if name not in top.weights
    )
    part.initializer.extend(whole.initializer[at] for at in dense)
    part.sparse_initializer.extend(whole.sparse_initializer[at] for at in sparse)


def _add_border(graph: TaggedGraph, subgraph: Subgraph, part: onnx.GraphProto) -> None:
    top, whole = graph.top, graph.proto.graph
    typed = border(graph, {*subgraph.inputs, *subgraph.outputs})
    part.input.extend(typed[name] for name in subgraph.inputs)
    # Old files list weights as inputs, newer ones those that a caller may replace.
    weights = frozenset(subgraph.weights)
    part.input.extend(value for value in whole.input if value.name in weights)
    part.output.extend(typed[name] for name in subgraph.outputs)
    inside = {name for node in subgraph.why for name in top.makes[node]}
    inside -= {*subgraph.outputs}
    inside |= weights
    notes = sorted(top.notes[name] for name in inside & top.notes.keys())
    part.value_info.extend(whole.value_info[at] for at in notes)
    for value in (*part.input, *part.value_info):
        open_negative_sizes(value.type)
    known = inside | {*subgraph.inputs, *subgraph.outputs}
    part.quantization_annotation.extend(
        note for note in whole.quantization_annotation if note.tensor_name in known
    )


def _places(graph: TaggedGraph, subgraph: Subgraph, part: onnx.ModelProto) -> dict[_Place, int]:
    """Where each node of a part stands in it → the position of its op in the whole."""
    ops, flat = graph.ops, graph.flat
    places: dict[_Place, int] = {}
    inner: list[int] = list(range(flat.functions)) if part.functions else []
    for place, node in enumerate(subgraph.why):
        inside, own = flat.ops_of(node)
        inner.extend(inside)
        places["", place] = own
    listed: Counter[str] = Counter()
    for at in inner:  # positions are in an order in which the ops can run
        path = ops[at].body
        places[path, listed[path]] = at
        listed[path] += 1
    return places


def _sort_bodies(graph: TaggedGraph, part: onnx.ModelProto, places: Mapping[_Place, int]) -> None:
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


def _add_tags(graph: TaggedGraph, part: onnx.ModelProto, places: Mapping[_Place, int]) -> None:
    """Every op keeps its tag; the tree keeps the modules that are named, and all around them."""
    ops = graph.ops
    kept = {place: ops[at] for place, at in places.items()}
    named = {"", *(op.module for op in kept.values())}
    named |= {op.context.module for op in kept.values() if op.context is not None}
    modules = _of_the_part(graph, part, _with_ancestors(graph, named))
    tags = OpTags.of(op._replace(index=index) for (_, index), op in kept.items())
    add_tags(part, tags, list(modules), graph.transferred_from)


def _of_the_part(
    graph: TaggedGraph, part: onnx.ModelProto, modules: Iterable[Module]
) -> Iterator[Module]:
    """The modules with the parameters that the part has of them.

    One whose weights are all there keeps its number, which counts what no op reads as well; of
    the others the weights in the part are counted.
    """
    flat = graph.flat
    owners = owners_of_weights(flat)
    kept = {one.name for one in part.graph.initializer}
    there: Counter[str] = Counter()
    torn: set[str] = set()
    for value, name in flat.weights.items():
        owner = owners.get(value)
        tensor = flat.tensors.get(value)
        if owner is None or tensor is None or value != name:
            continue  # of a body's own weights there is nothing to count at the top
        around = fqns.ancestors(owner)
        if name in kept:
            there.update(dict.fromkeys(around, math.prod(tensor.dims)))
        else:
            torn.update(around)
    for module in modules:
        if module.parameters is None or module.fqn not in torn:
            yield module
        else:
            count = min(module.parameters, there[module.fqn])
            yield dataclasses.replace(module, parameters=count)


def _with_ancestors(graph: TaggedGraph, named: Iterable[str]) -> list[Module]:
    kept: set[str] = set()
    for fqn in named:
        above: str | None = fqn
        while above is not None and above not in kept:
            kept.add(above)
            above = graph.modules[above].parent
    return [module for module in graph.modules if module.fqn in kept]


_MOST_NAMED = 4  # modules in a message


def border(graph: TaggedGraph, names: Iterable[str]) -> dict[str, onnx.ValueInfoProto]:
    """Each value with its type, as a graph's inputs and outputs are written.

    Raises:
        ExtractionError: if nothing makes one, or nothing tells its type and rank.
    """
    found = {}
    for name in names:
        if not _exists(graph, name):
            raise ExtractionError(_missing(graph, name))
        found[name] = _told(graph, name)
    for ask in (_by_runtime, _by_running):
        vague = [name for name, value in found.items() if not _is_typed(value.type)]
        if vague:
            for name, kind in ask(graph, vague).items():
                found[name].type.CopyFrom(kind)
    for name, value in found.items():
        open_negative_sizes(value.type)
        if not value.type.WhichOneof("value"):
            raise ExtractionError(_vague(graph, name, "type"))
        # What the model's own inputs and outputs lack is no fault of the cut.
        given = name in graph.top.inputs or name in graph.top.outputs
        if not _is_typed(value.type) and not given:
            raise ExtractionError(_vague(graph, name, "rank"))
    return found


def _exists(graph: TaggedGraph, name: str) -> bool:
    top = graph.top
    return any(name in known for known in (top.maker, top.inputs, top.weights, top.sparse_weights))


def _missing(graph: TaggedGraph, name: str) -> str:
    """That nothing makes a value, who needs it, and what can be done."""
    readers = graph.top.readers.get(name, ())
    needed = "the model gives back" if not readers else f"{_about(graph, readers[0])} reads"
    return (
        f"No op makes the value {name!r}, which {needed}, and it is neither an input nor a weight "
        "of the model: a tool lost it. Convert or optimise the model anew, or add the value to "
        "the file as an initializer."
    )


def _vague(graph: TaggedGraph, name: str, what: str) -> str:
    """That nothing tells the type or rank of a value at the border, and what can be done."""
    top = graph.top
    lost = _lost_upstream(graph, name)
    if lost is not None:  # then nothing can be inferred, which is not the file's lack of types
        return _missing(graph, lost)
    maker = top.maker.get(name)
    beside = [] if maker is None else [maker]
    beside += top.readers.get(name, ())
    modules = dict.fromkeys(_module(graph, node) for node in beside)
    named = [one or "the root" for one in list(modules)[:_MOST_NAMED]]
    made = "" if maker is None else f" (of {_about(graph, maker)})"
    return (
        f"Nothing tells the {what} of {name!r}{made}, which would be at the border: select the "
        f"modules around it too ({', '.join(named)}), or export the model with shapes, so that "
        "its value_info tells it."
    )


def _lost_upstream(graph: TaggedGraph, name: str) -> str | None:
    """A value that nothing makes, and that another depends on."""
    top = graph.top
    pending = [top.maker[name]] if name in top.maker else []
    seen = set(pending)
    while pending:
        node = pending.pop()
        for read in top.reads[node]:
            if not _exists(graph, read):
                return read
        new = set(top.makers[node]) - seen
        seen |= new
        pending.extend(new)
    return None


def _about(graph: TaggedGraph, node: int) -> str:
    op = graph.ops[graph.flat.top[node]]
    return f"{op.op_type} in {op.module or 'the root'}"


def _module(graph: TaggedGraph, node: int) -> str:
    return graph.ops[graph.flat.top[node]].module


def shown(value: onnx.ValueInfoProto, *, kind: str) -> Value:
    """A value at the border as people see it; ``kind`` as in :class:`Value`."""
    return Value(
        id=value.name,
        name=value.name,
        dtype=dtype_of(value.type),
        shape=shape_of(value.type),
        kind=kind,
    )


def _told(graph: TaggedGraph, name: str) -> onnx.ValueInfoProto:
    """What the file says of a value, else what ONNX infers."""
    result = onnx.ValueInfoProto(name=name)
    declared = graph.top.declared(name)
    if declared is not None:
        result.CopyFrom(declared)
    if not _is_typed(result.type):
        weight = graph.top.weights.get(name)
        if weight is not None:
            tensor = graph.proto.graph.initializer[weight]
            result.type.CopyFrom(
                onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
            )
        elif (inferred := graph.inferred.get(name)) is not None:
            result.type.CopyFrom(inferred)
    return result


def _is_typed(kind: onnx.TypeProto) -> bool:
    """Whether a type is known, and the shape too where it has one."""
    match kind.WhichOneof("value"):
        case None:
            return False
        case "tensor_type":
            return bool(kind.tensor_type.elem_type and kind.tensor_type.HasField("shape"))
    return True


def _by_runtime(graph: TaggedGraph, names: Collection[str]) -> Mapping[str, onnx.TypeProto]:
    """What ONNX Runtime knows of these values once it has folded constants; tensors only."""
    from hexviz.extraction.runtime import output_types

    try:
        types = output_types(light(graph.proto, graph.flat.run_order), names)
    except ExtractionError:  # it does not know some op: then it cannot help
        return {}
    return {
        name: onnx.helper.make_tensor_type_proto(kind, shape)
        for name, (kind, shape) in types.items()
    }


def _by_running(graph: TaggedGraph, names: Collection[str]) -> Mapping[str, onnx.TypeProto]:
    """Type and rank of these values in a run on generated inputs; sizes may differ in another."""
    from hexviz.extraction.capture import capture

    try:
        values = capture(graph.proto, graph.base_dir, names).values
    except ExtractionError:  # what cannot be run cannot help; the checks will say so
        return {}
    made = onnx.helper.make_tensor_type_proto
    return {
        name: made(values[name].element_type(), [None] * len(values[name].shape()))
        for name in names
        if name in values and values[name].is_tensor()
    }
