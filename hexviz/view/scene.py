"""What is visible under a state: nodes in nodes, and the edges between them.

::

    all ops:   x → [a: p → [b: q → r] ] → s        open: {a}
    scene:     x → p → b ──────────────→ s         b closed: edges lifted to it

A node's id names what it shows: ``m:`` container key, ``o:`` op id, ``i:`` /
``u:`` model input / output, ``h:`` a group of hidden ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hexviz.view.arguments import with_arguments
from hexviz.view.bypass import HUB, Bypass, bridge
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.parts import Kind, SceneEdge, SceneNode
from hexviz.view.sight import apart_stacks, content, topmost_modules
from hexviz.view.state import ViewState, is_hidden
from hexviz.view.stubs import FAN, mark_stubs

__all__ = ["Scene", "build_scene"]

Ints = npt.NDArray[np.int64]

_SHOWN_VALUES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that is visible: parents before what lies in them, siblings in execution order.

    ``owner`` is, for each slot, the position of the node that shows it; -1 if
    it is hidden. ``weights`` are the numbers of ops in each closed node that
    compute with tensors.
    """

    nodes: tuple[SceneNode, ...]
    edges: tuple[SceneEdge, ...]
    owner: Ints
    weights: tuple[int, ...]


def build_scene(index: Index, state: ViewState, *, fan: int = FAN) -> Scene:
    """Collect what is visible and lift every edge of the model to it."""
    sight = _Sight(index, state)
    source, target, value = sight.edges()
    owner = sight.owner
    edges = _lift(index, len(sight.nodes), owner, source, target, value)
    touched = (owner[source] < 0) | (owner[target] < 0)
    nodes = sight.nodes
    if touched.any():
        bypass = bridge(source[touched], target[touched], value[touched], owner, index)
        edges.extend(_bypass_edges(bypass, nodes, index))
    edges = with_arguments(mark_stubs(edges, nodes, index, fan), nodes, index)
    computing = owner[index.computing]
    weights = np.bincount(computing[computing >= 0], minlength=len(nodes)).tolist()
    return Scene(tuple(nodes), tuple(edges), owner, tuple(weights))


class _Sight:
    """The nodes of a scene, and for each slot the node that shows it (-1 if hidden)."""

    def __init__(self, index: Index, state: ViewState) -> None:
        self.index = index
        self.state = state
        self.apart = apart_stacks(index, state.apart, state.hidden)
        self.hidden, self.topmost = _hidden_boxes(index, state.hidden)
        n_inputs, n_outputs = len(index.graph.inputs), len(index.graph.outputs)
        self.owner: Ints = np.full(index.n_ops + n_inputs + n_outputs, -1, dtype=np.int64)
        self.nodes: list[SceneNode] = []
        self.stacks: list[Container] = []
        for at, one in enumerate(index.graph.inputs):
            self._ending("input", f"i:{one.id}", at, index.n_ops + at)
        root = index.containers[""]
        pending = [root] if self.hidden.get("", 0) < root.count else []
        while pending:
            pending.extend(reversed(self._fill(pending.pop())))
        for at, one in enumerate(index.graph.outputs):
            self._ending("output", f"u:{one.id}", at, index.n_ops + n_inputs + at)
        for stack in reversed(self.stacks):  # inner ones first: outer ones hold copies of them
            size = stack.count // len(stack.members)
            first = self.owner[stack.low : stack.low + size]
            self.owner[stack.low : stack.high] = np.tile(first, len(stack.members))

    def _ending(self, kind: Kind, name: str, at: int, slot: int) -> None:
        self.owner[slot] = len(self.nodes)
        self.nodes.append(SceneNode(name, kind, "", 1, position=at))

    def _fill(self, box: Container) -> list[Container]:
        """Add what an open box shows; returns the open boxes in it."""
        index, graph = self.index, self.index.graph
        own_hidden = is_hidden(box.module, self.state.hidden)
        inner: list[Container] = []
        if box.members and box.key not in self.apart:
            self.stacks.append(box)
        for item in content(index, box, self.apart):
            if isinstance(item, int):
                if own_hidden:
                    continue
                self.owner[index.slot_of[item]] = len(self.nodes)
                kind: Kind = "constant" if item in index.folded else "op"
                name = f"o:{graph.flat.columns.ids[item]}"
                self.nodes.append(SceneNode(name, kind, box.key, box.depth + 1, "", item))
                continue
            child = index.containers[item]
            if self.hidden.get(item, 0) == child.count:
                continue
            is_open = item in self.state.open
            if is_open:
                inner.append(child)
            else:
                self._own(child)
            kind = "section" if child.is_section else "call" if child.is_call else "module"
            self.nodes.append(
                SceneNode(f"m:{item}", kind, box.key, box.depth + 1, item, -1, is_open)
            )
        return inner

    def _own(self, box: Container) -> None:
        self.owner[box.low : box.high] = len(self.nodes)
        for inner in self.topmost:
            if box.low <= inner.low and inner.high <= box.high:
                self.owner[inner.low : inner.high] = -1

    def edges(self) -> tuple[Ints, Ints, Ints]:
        """The model's edges that are seen: of a stack only those of the member that is shown.

        What one member hands to the next is not drawn: the first would point to itself.
        """
        source, target, value = self.index.source, self.index.target, self.index.value
        for stack in self.stacks:
            end = stack.low + stack.count // len(stack.members)
            within = (source >= stack.low) & (source < stack.high)
            within &= (target >= stack.low) & (target < stack.high)
            kept = ~within | ((source < end) & (target < end))
            source, target, value = source[kept], target[kept], value[kept]
        return source, target, value


def _hidden_boxes(index: Index, hidden: frozenset[str]) -> tuple[dict[str, int], list[Container]]:
    """Number of hidden ops in boxes around hidden modules, and the topmost boxes of these."""
    topmost: dict[str, Container] = {}
    for fqn in hidden:
        for module in topmost_modules(index, fqn):
            for box in index.containers.around_module(module):
                if is_hidden(box.module if box.members else box.face, hidden):
                    topmost[box.key] = box
                    break
    counts: dict[str, int] = {}
    for key, box in topmost.items():
        for around in index.path(key):
            counts[around] = counts.get(around, 0) + box.count
    return counts, list(topmost.values())


def _lift(
    index: Index, n_nodes: int, owner: Ints, model_source: Ints, model_target: Ints, values: Ints
) -> list[SceneEdge]:
    """One edge per pair of visible nodes, with the number of distinct values it carries."""
    source, target = owner[model_source], owner[model_target]
    kept = (source >= 0) & (target >= 0) & (source != target)
    pairs = source[kept] * n_nodes + target[kept]
    n_values = max(1, len(index.values))
    codes = pairs * n_values + values[kept]
    distinct, where = np.unique(codes, return_index=True)
    live = index.live[model_source[kept][where]].tolist()
    grouped: dict[int, list[tuple[bool, int]]] = {}
    alive: dict[int, bool] = {}
    for code, is_live in zip(distinct.tolist(), live, strict=True):
        pair, value = divmod(code, n_values)
        grouped.setdefault(pair, []).append((is_live, value))
        alive[pair] = alive.get(pair, False) or is_live
    return [
        SceneEdge(
            *divmod(pair, n_nodes),
            len(carried),
            tuple(index.values[value] for value in carried[:_SHOWN_VALUES]),
            live=alive[pair],
            shape=index.shape(index.values[carried[0]]),
        )
        for pair, found in grouped.items()
        for carried in (_largest_first(index, found),)
    ]


def _largest_first(index: Index, carried: list[tuple[bool, int]]) -> list[int]:
    """Values in the order in which they say most of an edge: tensors first, large ones first."""
    if len(carried) > 1:
        carried = sorted(
            carried, key=lambda one: (not one[0], -index.bulk(index.values[one[1]]), one[1])
        )
    return [value for _, value in carried]


def _bypass_edges(bypass: Bypass, nodes: list[SceneNode], index: Index) -> list[SceneEdge]:
    """Bypass edges between visible nodes; a hub node is added for each tangled region."""
    hubs: list[int] = []
    drawn = {node.key for node in nodes if node.is_open}
    for region in bypass.hubs:
        parent = _meet(index, [nodes[at] for at in region.touched], drawn)
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


def _meet(index: Index, nodes: Sequence[SceneNode], drawn: AbstractSet[str]) -> str:
    """The deepest box on the page around all nodes."""
    paths = [index.path(node.parent) for node in nodes]
    shared = ""
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared = steps[0] if steps[0] in drawn else shared
    return shared
