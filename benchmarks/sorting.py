"""Other orders of a file's nodes: each is one that ONNX allows and some tool writes.

Names, metadata and values stay as they are, so nothing in the file is wrong.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import onnx

from hexviz.model.bodies import graphs_in, graphs_within

__all__ = ["SORTS", "resort", "shuffle"]

_Neighbours = Sequence[Sequence[int]]

_Key = Callable[[int, int], float | str]
"""Position of a node, and how many were ready before it → the least is next."""


def shuffle(proto: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """A copy whose top-level nodes stand in a random topological order."""
    draw = random.Random(seed).random  # noqa: S311 - reproducible, nothing to guess
    sources, users = _neighbours(proto)
    return _in_order(proto, _sorted(sources, users, lambda _, __: draw()))


def resort(proto: onnx.ModelProto, sort: str) -> onnx.ModelProto:
    """A copy whose top-level nodes are sorted in one of the ways of :data:`SORTS`."""
    sources, users = _neighbours(proto)
    return _in_order(proto, SORTS[sort](proto, sources, users))


def _first_in(_: int, turn: int) -> float:
    return turn


def _last_in(_: int, turn: int) -> float:
    return -turn


def _by_type(proto: onnx.ModelProto) -> _Key:
    kinds = [node.op_type for node in proto.graph.node]
    return lambda at, turn: f"{kinds[at]} {turn:09}"


SORTS: Mapping[str, Callable[[onnx.ModelProto, _Neighbours, _Neighbours], list[int]]] = (
    MappingProxyType(
        {
            "breadth first": lambda _, sources, users: _sorted(sources, users, _first_in),
            "depth first": lambda _, sources, users: _sorted(sources, users, _last_in),
            "breadth first from the outputs": lambda _, sources, users: _sorted(
                users, sources, _first_in
            )[::-1],
            "depth first from the outputs": lambda _, sources, users: _sorted(
                users, sources, _last_in
            )[::-1],
            "by op type": lambda proto, sources, users: _sorted(sources, users, _by_type(proto)),
        }
    )
)
"""Name → the positions of a model's top-level nodes, sorted; each after those it reads from."""


def _sorted(sources: _Neighbours, users: _Neighbours, key: _Key) -> list[int]:
    """Kahn's algorithm: of the positions whose sources are listed, the one with the least key."""
    waiting = [len(one) for one in sources]
    ready: list[tuple[float | str, int]] = []
    turn = 0
    for at, count in enumerate(waiting):
        if not count:
            ready.append((key(at, turn), at))
            turn += 1
    heapq.heapify(ready)
    order = []
    while ready:
        _, at = heapq.heappop(ready)
        order.append(at)
        for user in users[at]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (key(user, turn), user))
                turn += 1
    return order


def _neighbours(proto: onnx.ModelProto) -> tuple[list[list[int]], list[list[int]]]:
    """By position of a top-level node: those it reads from, and those that read from it."""
    nodes = proto.graph.node
    maker = {name: at for at, node in enumerate(nodes) for name in node.output if name}
    sources = [list({maker[name] for name in _reads(node) if name in maker}) for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for at, needed in enumerate(sources):
        for source in needed:
            users[source].append(at)
    return sources, users


def _in_order(proto: onnx.ModelProto, order: Sequence[int]) -> onnx.ModelProto:
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    nodes = list(result.graph.node)
    del result.graph.node[:]
    result.graph.node.extend([nodes[at] for at in order])
    return result


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """The values a node reads, those captured by its bodies included."""
    yield from node.input
    for body in graphs_in(node):
        for graph in graphs_within(body):
            for inner in graph.node:
                yield from inner.input
            yield from (value.name for value in graph.output)
