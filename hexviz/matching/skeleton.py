"""The core of one graph: its arithmetic, without what only carries values on.

::

    x ─ Cast ─ MatMul(W) ─ Reshape ─ Transpose ─ Softmax        the graph
    x ──────── MatMul(W) ──────────────────────── Softmax        its core

Optimisers, quantisers and converters add, drop and move casts, quantisation and
layout; the arithmetic stays. So a value counts as the one that it was carried on
from, its *root*. Functions are entered once for each call, and what the bodies
of an op put out is read by the op itself: a core has no borders inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx

from hexviz.model.flat import FlatGraph, FlatOp
from hexviz.model.function_calls import Calls, find_calls, root_body
from hexviz.model.graph import TaggedGraph

__all__ = ["CARRIERS", "CONSTANT", "GIVEN", "Node", "Skeleton", "build"]

CARRIERS = frozenset(
    {
        *("Identity", "Cast", "CastLike", "Dropout"),
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
        *("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"),
        *("ReorderInput", "ReorderOutput"),
    }
)
"""Op types whose first output holds what the first input holds: type conversion and layout."""

_SEVERAL_TIMES = 4
"""How many times its size a graph may grow by entering functions; else they are not entered."""

_SPARE = 20_000

_DEEPEST = 200
"""Calls in calls, at most, that are entered."""

_RANDOM = frozenset({"RandomNormal", "RandomUniform", "Multinomial"})

GIVEN, CONSTANT = -1, -2
"""What makes a value that no op makes: it is given to the graph, or a constant."""


@dataclass(slots=True)
class Node:
    """An op where it runs: of a function, once for each call.

    ``position`` is that of the op in the graph, ``calls`` those of the calls
    around it. ``inputs`` and ``outputs`` are values, -1 for one left out; what
    the bodies of the op put out follows its own inputs. ``given`` are the values
    that the bodies get from the op.
    """

    position: int
    kind: str
    inputs: list[int]
    outputs: list[int]
    is_carrier: bool
    calls: tuple[int, ...] = ()
    given: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Skeleton:
    """A whole graph as nodes and values, both numbered in order of execution.

    Per value: ``makers`` is the node that makes it, or :data:`GIVEN` or
    :data:`CONSTANT`; ``roots`` the value that it was carried on from;
    ``readers``, per root, the nodes that compute with it, however it is carried to
    them, each with the place among its inputs;
    ``constant`` whether it depends on constants alone; ``ids`` its id in the
    flat graph. ``weights`` maps values to the initializers' ids. ``calls`` maps
    positions of calls whose functions were entered to the values they give.
    """

    flat: FlatGraph
    nodes: list[Node] = field(default_factory=list)
    makers: list[int] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    readers: list[list[tuple[int, int]]] = field(default_factory=list)
    constant: list[bool] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    weights: dict[int, str] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    calls: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def value(self, value_id: str, maker: int) -> int:
        """A new value."""
        self.makers.append(maker)
        self.roots.append(len(self.roots))
        self.constant.append(maker == CONSTANT)
        self.ids.append(value_id)
        return len(self.makers) - 1

    def op(self, node: int) -> FlatOp:
        """The op that a node is."""
        return self.flat.ops[self.nodes[node].position]


def build(graph: TaggedGraph) -> Skeleton:
    """The core of a graph. Linear in it."""
    built = _Builder(graph.flat).run()
    _find_readers(built)
    return built


class _Builder:
    def __init__(self, flat: FlatGraph) -> None:
        self._flat = flat
        self._result = Skeleton(flat)
        calls = find_calls(flat)
        self._inputs = calls.inputs
        self._members: dict[str, list[int]] = {}
        for at, op in enumerate(flat.ops):
            self._members.setdefault(root_body(op.body), []).append(at)
        self._outputs = {
            body.path: [body.ids.get(name, "") for name in body.proto.output]
            for body in flat.bodies
            if isinstance(body.proto, onnx.FunctionProto)
        }
        self._bodies: dict[str, list[tuple[list[str], list[str]]]] = {}
        for body in flat.bodies:
            if isinstance(body.proto, onnx.GraphProto) and body.owner:
                given = [body.ids[one.name] for one in body.proto.input]
                made = [body.ids.get(one.name, "") for one in body.proto.output]
                self._bodies.setdefault(body.owner, []).append((given, made))
        self._weights: dict[str, int] = {}
        self._callee = calls.callee if self._is_bounded(calls) else {}

    def _is_bounded(self, calls: Calls) -> bool:
        """Whether entering every call leaves a graph of a size that can be handled."""
        most = _SEVERAL_TIMES * len(self._flat.ops) + _SPARE
        sizes: dict[str, int] = {}
        depths: dict[str, int] = {}
        for path in (*reversed(list(calls.callers)), ""):
            members = self._members.get(path, [])
            inner = [calls.callee[at] for at in members if at in calls.callee]
            sizes[path] = min(most, len(members) + sum(sizes.get(one, 0) for one in inner))
            depths[path] = 1 + max((depths.get(one, 0) for one in inner), default=0)
        return sizes[""] < most and depths[""] < _DEEPEST

    def run(self) -> Skeleton:
        """Enter the graph, and whatever function no call was entered of."""
        result, flat = self._result, self._flat
        scope: dict[str, int] = {}
        for value in flat.inputs:
            if value not in flat.weights:
                scope[value] = result.value(value, GIVEN)
                result.inputs.append(scope[value])
        self._enter("", scope, ())
        entered = {self._callee[at] for at in self._callee}
        for path in self._members.keys() - entered - {""}:
            self._enter(path, {}, ())
        result.outputs = [scope[value] for value in flat.outputs if value in scope]
        return result

    def _enter(self, path: str, scope: dict[str, int], calls: tuple[int, ...]) -> None:
        """Add the ops of the graph or of a function, where values have the meaning in ``scope``."""
        flat, result = self._flat, self._result
        for at in self._members.get(path, ()):
            op = flat.ops[at]
            inputs = [self._find(value, scope) for value in op.inputs]
            inner = self._callee.get(at)
            if inner is not None:
                self._call(at, inner, inputs, scope, calls)
                continue
            number = len(result.nodes)
            given: list[int] = []
            for gets, gives in self._bodies.get(op.id, ()):
                given.extend(self._find(value, scope) for value in gets)
                inputs.extend(self._find(value, scope) for value in gives)
            kind = f"{op.domain}::{op.op_type}" if op.domain else op.op_type
            node = Node(at, kind, inputs, [], op.op_type in CARRIERS, calls, given)
            is_constant = op.op_type not in _RANDOM and all(
                value < 0 or result.constant[value] for value in inputs
            )
            for place, value in enumerate(op.outputs):
                if not value:
                    node.outputs.append(-1)
                    continue
                made = scope[value] = result.value(value, number)
                node.outputs.append(made)
                # A scale that is computed says how a number is stored, not what it is.
                result.constant[made] = is_constant or (node.is_carrier and place > 0)
                if node.is_carrier and place == 0 and inputs and inputs[0] >= 0:
                    result.roots[made] = result.roots[inputs[0]]
            result.nodes.append(node)

    def _find(self, value: str, scope: dict[str, int]) -> int:
        if not value:
            return -1
        known = scope.get(value)
        if known is None:
            if value in self._flat.weights:
                known = self._weights.get(value)
                if known is None:
                    known = self._weights[value] = self._result.value(value, CONSTANT)
                    self._result.weights[known] = value
            else:
                known = self._result.value(value, GIVEN)
            scope[value] = known
        return known

    def _call(
        self,
        at: int,
        path: str,
        inputs: list[int],
        scope: dict[str, int],
        calls: tuple[int, ...],
    ) -> None:
        names = self._inputs[path]
        inner = {name: value for name, value in zip(names, inputs, strict=False) if value >= 0}
        self._enter(path, inner, (*calls, at))
        made = []
        outputs = zip(self._flat.ops[at].outputs, self._outputs[path], strict=False)
        for value, value_id in outputs:
            if value:
                scope[value] = self._find(value_id, inner)
                made.append(scope[value])
        self._result.calls.setdefault(at, tuple(made))


def _find_readers(skeleton: Skeleton) -> None:
    roots = skeleton.roots
    readers: list[list[tuple[int, int]]] = [[] for _ in roots]
    skeleton.readers = readers
    for number, node in enumerate(skeleton.nodes):
        for place, value in enumerate(node.inputs):
            if value >= 0 and not (node.is_carrier and place == 0):
                readers[roots[value]].append((number, place))
