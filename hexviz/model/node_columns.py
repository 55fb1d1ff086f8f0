"""What the nodes of one graph say, in columns: a step for all of them takes half of what a step
for each takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from hexviz.errors import ReadError
from hexviz.model.bodies import Graph, nodes_with_graphs
from hexviz.model.columns import Ints
from hexviz.model.node_scan import NodeScan

__all__ = ["NodeColumns", "grouped", "read_nodes"]


class NodeColumns(NamedTuple):
    """The nodes of a graph in the order of the file.

    ``inputs`` and ``outputs`` are the names of all values in one list each, ``input_counts`` and
    ``output_counts`` how many of them belong to each node. ``owners`` are the nodes with bodies.
    Domains are spelled as runtimes compare them.
    """

    names: Sequence[str]
    op_types: Sequence[str]
    domains: Sequence[str]
    inputs: Sequence[str]
    input_counts: Ints
    outputs: Sequence[str]
    output_counts: Ints
    owners: Sequence[int]


def read_nodes(graph: Graph, scan: NodeScan | None = None) -> NodeColumns:
    """The nodes of a graph or function in columns; ``scan`` is of its bytes, if they are there.

    Raises:
        ReadError: if a name is no text.
    """
    return (scan and _scanned(graph, scan)) or _read(graph)


def _scanned(graph: Graph, scan: NodeScan) -> NodeColumns | None:
    """The nodes as their bytes tell of them; ``None`` if a name is no UTF-8."""
    names, types, domains = map(scan.string, ("name", "op_type", "domain"))
    inputs, outputs = scan.strings("input"), scan.strings("output")
    if names is None or types is None or domains is None or inputs is None or outputs is None:
        return None
    owners = scan.suspects.bodies
    inner = nodes_with_graphs([graph.node[at] for at in owners])
    return NodeColumns(
        names,
        _shared(types),
        _shared(domains, _DOMAINS),
        *inputs,
        *outputs,
        [owners[at] for at in inner],
    )


def _read(graph: Graph) -> NodeColumns:
    nodes = graph.node[:]
    read = [node.input[:] for node in nodes]
    made = [node.output[:] for node in nodes]
    inputs, outputs = list(chain.from_iterable(read)), list(chain.from_iterable(made))
    names = [node.name for node in nodes]
    op_types = [node.op_type for node in nodes]
    domains = [node.domain for node in nodes]
    for texts in (names, op_types, domains, inputs, outputs):
        if not set(map(type, texts)) <= {str}:
            raise ReadError("The graph is malformed (a name is no text): export the model again.")
    return NodeColumns(
        names=names,
        op_types=_shared(op_types),
        domains=_shared(domains, _DOMAINS),
        inputs=inputs,
        input_counts=np.fromiter(map(len, read), np.int64, len(nodes)),
        outputs=outputs,
        output_counts=np.fromiter(map(len, made), np.int64, len(nodes)),
        owners=nodes_with_graphs(nodes),
    )


_ARITIES = 5
"""Inputs from which on a node is looked at by itself."""

_DOMAINS = {"ai.onnx": ""}
"""The other spelling of ONNX's own domain, and the one that counts."""


def _shared(texts: Sequence[str], spellings: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """The same texts; equal ones are one object, as many nodes have the same type and domain."""
    once = {text: spellings.get(text, text) for text in set(texts)}
    return list(map(once.__getitem__, texts))


def grouped(values: Sequence[str], counts: Ints) -> list[tuple[str, ...]]:
    """Values in one list as one tuple for each count.

    >>> grouped(["a", "b", "c"], np.array([1, 0, 2]))
    [('a',), (), ('b', 'c')]
    """
    if bool((counts == 1).all()):
        return list(zip(values, strict=True))
    starts = np.cumsum(counts) - counts
    texts = np.array([*values, ""], object)  # not an array of fixed widths
    found = np.full(len(counts), None, object)
    for arity in range(_ARITIES):  # all groups of one size at once
        here = np.flatnonzero(counts == arity)
        columns = [texts[starts[here] + at].tolist() for at in range(arity)]
        found[here] = np.fromiter(
            zip(*columns, strict=True) if arity else repeat((), len(here)), object, len(here)
        )
    for at in np.flatnonzero(counts >= _ARITIES).tolist():
        found[at] = tuple(texts[starts[at] : starts[at] + counts[at]].tolist())
    groups: list[tuple[str, ...]] = found.tolist()
    return groups
