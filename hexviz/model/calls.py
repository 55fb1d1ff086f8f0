"""How far calls of functions go: what a runtime would have to run, and what inference walks.

::

    f = g ∘ g    g = h ∘ h    h = Relu        f is 4 ops, 3 deep
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable

import onnx

from hexviz.model.top import FunctionKey, calls, key_of

__all__ = ["can_be_inlined"]

_DEEPEST = 64  # calls in each other: ONNX's inference recurses in native code
_MOST = 1_000_000  # ops, all calls replaced by what they call


def can_be_inlined(proto: onnx.ModelProto) -> bool:
    """Whether a model stays small, and its calls shallow, when every call is gone through.

    Functions that call others twice double at each step, and some lines of a
    file can mean more ops than can be counted to. Linear in the file.
    """
    if not proto.functions:
        return True
    bodies = {key_of(one): one.node for one in proto.functions}
    inside = {key: bodies.keys() & set(calls(nodes)) for key, nodes in bodies.items()}
    try:
        order = list(graphlib.TopologicalSorter(inside).static_order())
    except graphlib.CycleError:
        return False
    sizes: dict[FunctionKey, int] = {}
    depths: dict[FunctionKey, int] = {}
    for key in order:
        sizes[key] = _size(bodies[key], sizes)
        depths[key] = 1 + max((depths[one] for one in inside[key]), default=0)
        if sizes[key] > _MOST or depths[key] > _DEEPEST:
            return False
    return _size(proto.graph.node, sizes) <= _MOST


def _size(nodes: Iterable[onnx.NodeProto], sizes: dict[FunctionKey, int]) -> int:
    """Ops of some nodes and of their bodies, each call counted for all that it runs."""
    return sum(sizes.get(key, 1) for key in calls(nodes))
