"""What is visible under a state: nodes in nodes, and the edges between them.

::

    all ops:   x → [a: p → [b: q → r] ] → s        open: {a}
    scene:     x → p → b ──────────────→ s         b closed: edges lifted to it

A node's id names what it shows: ``m:`` container key, ``o:`` op id, ``i:`` /
``u:`` model input / output, ``h:`` a group of hidden ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hexviz.view.bypass import HUB, Bypass, bridge
from hexviz.view.index import Container, Index
from hexviz.view.parts import Kind, SceneEdge, SceneNode
from hexviz.view.state import ViewState, is_hidden
from hexviz.view.stubs import FAN, mark_stubs

__all__ = ["Scene", "build_scene"]

_SHOWN_VALUES = 4


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is visible: parents before what lies in them, siblings in execution order."""

    nodes: tuple[SceneNode, ...]
    edges: tuple[SceneEdge, ...]


def build_scene(index: Index, state: ViewState, *, fan: int = FAN) -> Scene:
    """Collect what is visible and lift every edge of the model to it."""
    nodes, owner = _visible(index, state)
    lifted_source, lifted_target = owner[index.source], owner[index.target]
    edges = _lift(index, len(nodes), lifted_source, lifted_target)
    touched = (lifted_source < 0) | (lifted_target < 0)
    if touched.any():
        bypass = bridge(
            index.source[touched], index.target[touched], index.value[touched], owner, index
        )
        edges.extend(_bypass_edges(bypass, nodes, index))
    return Scene(tuple(nodes), tuple(mark_stubs(edges, nodes, index, fan)))


def _visible(index: Index, state: ViewState) -> tuple[list[SceneNode], npt.NDArray[np.int64]]:
    """The nodes, and for each slot the node that shows it (-1 if hidden)."""
    graph = index.graph
    hidden, topmost = _hidden_boxes(index, state.hidden)
    n_inputs, n_outputs = len(graph.inputs), len(graph.outputs)
    owner = np.full(index.n_ops + n_inputs + n_outputs, -1, dtype=np.int64)
    nodes: list[SceneNode] = []
    for at, value in enumerate(graph.inputs):
        owner[index.n_ops + at] = len(nodes)
        nodes.append(SceneNode(f"i:{value.id}", "input", "", 1, position=at))
    pending: list[Container] = [index.containers[""]]
    while pending:
        box = pending.pop()
        own_hidden = is_hidden(box.module, state.hidden)
        inner: list[Container] = []
        for item in box.items:
            if isinstance(item, int):
                if own_hidden:
                    continue
                slot = index.slot_of[item]
                owner[slot] = len(nodes)
                kind: Kind = "constant" if item in index.folded else "op"
                op_id = graph.ops[item].id
                nodes.append(SceneNode(f"o:{op_id}", kind, box.key, box.depth + 1, "", item))
                continue
            child = index.containers[item]
            if hidden.get(item, 0) == child.count:
                continue
            is_open = item in state.open
            if is_open:
                inner.append(child)
            else:
                _own(owner, child, len(nodes), topmost)
            kind = "section" if child.is_section else "module"
            nodes.append(SceneNode(f"m:{item}", kind, box.key, child.depth, item, -1, is_open))
        pending.extend(reversed(inner))
    for at, value in enumerate(graph.outputs):
        owner[index.n_ops + n_inputs + at] = len(nodes)
        nodes.append(SceneNode(f"u:{value.id}", "output", "", 1, position=at))
    return nodes, owner


def _own(owner: npt.NDArray[np.int64], box: Container, node: int, hidden: list[Container]) -> None:
    owner[box.low : box.high] = node
    for inner in hidden:
        if box.low <= inner.low and inner.high <= box.high:
            owner[inner.low : inner.high] = -1


def _hidden_boxes(index: Index, hidden: frozenset[str]) -> tuple[dict[str, int], list[Container]]:
    """Number of hidden ops in each container that has any, and the topmost hidden modules."""
    counts: dict[str, int] = {}
    topmost: list[Container] = []
    if not hidden:
        return counts, topmost
    inside = set()
    for key, box in index.containers.items():
        if box.parent in inside:
            inside.add(key)
            counts[key] = box.count
        elif is_hidden(box.module, hidden):
            inside.add(key)
            topmost.append(box)
            for around in index.path(key):
                counts[around] = counts.get(around, 0) + box.count
    return counts, topmost


def _lift(
    index: Index,
    n_nodes: int,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
) -> list[SceneEdge]:
    """One edge per pair of visible nodes, with the number of distinct values it carries."""
    kept = (source >= 0) & (target >= 0) & (source != target)
    pairs = source[kept] * n_nodes + target[kept]
    n_values = max(1, len(index.values))
    codes = pairs * n_values + index.value[kept]
    distinct, where = np.unique(codes, return_index=True)
    live = index.live[index.source[kept][where]].tolist()
    grouped: dict[int, list[int]] = {}
    alive: dict[int, bool] = {}
    for code, is_live in zip(distinct.tolist(), live, strict=True):
        pair, value = divmod(code, n_values)
        grouped.setdefault(pair, []).append(value)
        alive[pair] = alive.get(pair, False) or is_live
    return [
        SceneEdge(
            *divmod(pair, n_nodes),
            len(values),
            tuple(index.values[value] for value in values[:_SHOWN_VALUES]),
            live=alive[pair],
        )
        for pair, values in grouped.items()
    ]


def _bypass_edges(bypass: Bypass, nodes: list[SceneNode], index: Index) -> list[SceneEdge]:
    """Bypass edges between visible nodes; a hub node is added for each tangled region."""
    hubs: list[int] = []
    for region in bypass.hubs:
        parent = _meet(index, [nodes[at] for at in region.touched])
        depth = index.containers[parent].depth + 1
        hubs.append(len(nodes))
        nodes.append(SceneNode(f"h:{region.name}", "hidden", parent, depth, "", region.n_ops))
    return [
        SceneEdge(
            hubs[HUB - link.source] if link.source <= HUB else link.source,
            hubs[HUB - link.target] if link.target <= HUB else link.target,
            len(link.values),
            tuple(index.values[value] for value in link.values[:_SHOWN_VALUES]),
            via=link.via,
        )
        for link in bypass.links
    ]


def _meet(index: Index, nodes: Sequence[SceneNode]) -> str:
    """The deepest container around all nodes."""
    paths = [index.path(node.parent) for node in nodes]
    shared = ""
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared = steps[0]
    return shared
