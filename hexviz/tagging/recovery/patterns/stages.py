"""Stages: blocks of one kind at one width after blocks of the same kind at another.

::

    [ Block 64 | Block 64 ] [ Block 128 | Block 128 | Block 128 ] [ Block 256 | Block 256 ]

A stretch that holds little beside several blocks of one kind is a ``Stage``, if others beside it do
so as well and each works at a width of its own. A block is more than a layer with its norm: there
are at least two weights in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.tree import Node, Tree
from hexviz.tagging.recovery.patterns.words import SURE

__all__ = ["name_stages"]

_LEAST = 2
"""Blocks in a stage."""

_EQUAL = 0.75
"""How small a block without a name may be beside the largest."""

_FILLED = 0.75
"""The share of what moves in a stage that lies in its blocks."""


def name_stages(flow: Dataflow, tree: Tree) -> None:
    """Name the nodes that are stages and have no name."""
    beside: dict[int, list[Node]] = defaultdict(list)
    for number in tree.numbers():
        node = tree.nodes[number]
        if not node.name and _holds_blocks(flow, tree, node):
            beside[node.parent].append(node)
    for nodes in beside.values():
        widths = [_width(flow, node) for node in nodes]
        if len(nodes) > 1 and len(set(widths)) == len(widths):
            for node in nodes:
                node.name = "Stage"
                node.confidence = SURE[node.name]


def _holds_blocks(flow: Dataflow, tree: Tree, node: Node) -> bool:
    inner = [tree.nodes[one] for one in node.inner]
    kinds = Counter(one.name or one.family for one in inner)
    if not kinds or max(kinds.values()) < _LEAST:
        return False
    kind, _ = kinds.most_common(1)[0]
    blocks = [one for one in inner if kind in (one.name, one.family)]
    sizes = [one.moving for one in blocks]
    if not isinstance(kind, str) and min(sizes) < _EQUAL * max(sizes):
        return False
    filled = sum(one.moving for one in blocks)
    return filled >= _FILLED * node.moving and all(len(_weights(flow, one)) > 1 for one in blocks)


def _width(flow: Dataflow, node: Node) -> tuple[int, ...]:
    """The dimensions that most weights of a node have."""
    found = Counter(_weights(flow, node))
    return found.most_common(1)[0][0] if found else ()


def _weights(flow: Dataflow, node: Node) -> list[tuple[int, ...]]:
    return [
        dims
        for at in sorted(node.ops)
        if flow.kinds[at] in ("product", "conv") and not flow.still[at]
        if (dims := flow.matrix(at))
    ]
