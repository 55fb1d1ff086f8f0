"""What the nodes of one graph say, in columns: a step for all of them takes half of what a step
for each takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from hexviz.model.bodies import Graph, nodes_with_graphs
from hexviz.model.columns import Ints

__all__ = ["NodeColumns", "grouped", "read_nodes"]


class NodeColumns(NamedTuple):
    """The nodes of a graph in the order of the file.

    ``inputs`` and ``outputs`` are the names of all values in one list each, ``input_counts`` and
    ``output_counts`` how many of them belong to each node. ``owners`` are the nodes with bodies.
    A name that is no UTF-8 is bytes.
    """

    names: Sequence[str]
    op_types: Sequence[str]
    domains: Sequence[str]
    inputs: Sequence[str]
    input_counts: Ints
    outputs: Sequence[str]
    output_counts: Ints
    owners: Sequence[int]


def read_nodes(graph: Graph) -> NodeColumns:
    """The nodes of a graph or function in columns."""
    nodes = graph.node[:]
    text: dict[str, str] = {}  # op types and domains, which many nodes share, once each
    read = [node.input[:] for node in nodes]
    made = [node.output[:] for node in nodes]
    return NodeColumns(
        names=[node.name for node in nodes],
        op_types=[text.setdefault(one, one) for one in [node.op_type for node in nodes]],
        domains=[text.setdefault(one, one) for one in [node.domain for node in nodes]],
        inputs=list(chain.from_iterable(read)),
        input_counts=np.fromiter(map(len, read), np.int64, len(nodes)),
        outputs=list(chain.from_iterable(made)),
        output_counts=np.fromiter(map(len, made), np.int64, len(nodes)),
        owners=nodes_with_graphs(nodes),
    )


def grouped(values: Sequence[str], counts: Ints) -> list[tuple[str, ...]]:
    """Values in one list as one tuple for each count.

    >>> grouped(["a", "b", "c"], np.array([1, 0, 2]))
    [('a',), (), ('b', 'c')]
    """
    if bool((counts == 1).all()):
        return list(zip(values, strict=True))
    whole, ends = tuple(values), np.cumsum(counts)
    starts = (ends - counts).tolist()
    return list(map(whole.__getitem__, map(slice, starts, ends.tolist())))
