"""The flat graph of a model as most are, without a step for each op.

Plain is a model without functions and bodies whose nodes are in an order in which they run, where
each name is one value: so every value's id is its name, and every position the number of a node.
"""

from __future__ import annotations

from itertools import count, repeat

import numpy as np
import onnx

from hexviz.model.columns import FlatColumns, Slots
from hexviz.model.edges import plain_flow, repeated
from hexviz.model.flat import Body, FlatGraph
from hexviz.model.node_columns import NodeColumns, grouped
from hexviz.model.node_scan import NodeScan
from hexviz.model.reader import stand_in

__all__ = ["plain_graph"]


def plain_graph(
    proto: onnx.ModelProto, read: NodeColumns, scan: NodeScan | None
) -> FlatGraph | None:
    """The flat graph of a model, of which ``read`` are the nodes; ``None`` if it is not plain."""
    graph, size = proto.graph, len(read.names)
    if proto.functions or read.owners or not read.output_counts.all():
        return None
    given = [value.name for value in graph.input]
    stored = [*graph.initializer[:], *map(stand_in, graph.sparse_initializer)]
    tensors = {tensor.name: tensor for tensor in stored if tensor.name}
    as_inputs = set(given)
    names = [*given, *(one for one in tensors if one not in as_inputs), *read.outputs]
    ids = dict(zip(names, names, strict=True))
    if len(ids) < len(names) or "" in ids or not set(map(type, (*given, *tensors))) <= {str}:
        return None
    results = [value.name for value in graph.output]
    if not ids.keys() >= set(results):
        return None
    makers = dict(zip(read.outputs, count()))
    values = [*read.outputs, *names[: len(names) - len(read.outputs)], ""]
    numbers = np.fromiter(map(makers.get, read.inputs, repeat(-1)), np.int64, len(read.inputs))
    others = {name: number for number, name in enumerate(values[len(makers) :], len(makers))}
    others[""] = -1  # what is left out
    rest = np.flatnonzero(numbers < 0)
    unmade = [read.inputs[at] for at in rest.tolist()]
    if not others.keys() >= set(unmade):
        return None
    numbers[rest] = [others[name] for name in unmade]
    # One text for each value, also where it is read.
    inputs = np.array(values, object)[numbers].tolist()
    owners = repeated(read.output_counts)
    flow = plain_flow(makers, values[:-1], Slots(repeated(read.input_counts), numbers), owners)
    if not bool((flow.edges.sources < flow.edges.targets).all()):
        return None
    outputs = grouped(read.outputs, read.output_counts)
    single = len(owners) == size
    everywhere = range(size)
    return FlatGraph(
        columns=FlatColumns(
            numbers=everywhere,
            bodies=[""] * size,
            ids=read.outputs if single else [first for first, *_ in outputs],
            names=read.names,
            op_types=read.op_types,
            domains=read.domains,
            inputs=grouped(inputs, read.input_counts),
            outputs=outputs,
            nodes=graph.node,  # each is made when it is looked at
        ),
        edge_columns=flow.edges,
        reads=flow.reads,
        makes=flow.makes,
        makers=makers if single else dict(zip(read.outputs, owners.tolist(), strict=True)),
        weights={name: name for name in tensors},
        tensors=tensors,
        values=ids,
        inputs=tuple(given),
        outputs=tuple(dict.fromkeys(results)),
        functions=0,
        owners=everywhere,
        starts=everywhere,
        top=everywhere,
        bodies=(Body("", "", graph, ids),),
        handed_on={},
        scan=scan,
    )
