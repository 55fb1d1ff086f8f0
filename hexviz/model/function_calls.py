"""Calls of functions: what calls what, what a function's inputs stand for, and how far calls go.

::

    Block(x, fc.weight)        Block(a, w): Linear(a, w)        Linear(b, v): MatMul(b, v)

    w stands for fc.weight, and so does v
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import onnx

from hexviz.model.bodies import walk
from hexviz.model.flat import FlatGraph

__all__ = [
    "Calls",
    "FunctionKey",
    "callees",
    "callers",
    "calls",
    "can_be_inlined",
    "find_calls",
    "key_of",
    "root_body",
]

FunctionKey = tuple[str, str, str]
"""Domain, name and overload of a function."""

_MOST_VALUES = 16
"""Different values that an input of a function may stand for, at most, to list them all."""

_DEEPEST = 64  # calls in each other: ONNX's inference recurses in native code
_MOST_OPS = 1_000_000  # all calls replaced by what they call


def key_of(function: onnx.FunctionProto) -> FunctionKey:
    """What calls of a function name it by."""
    return function.domain, function.name, function.overload


def calls(nodes: Iterable[onnx.NodeProto]) -> Iterator[FunctionKey]:
    """What these nodes and all in their bodies would call, were it a function; once a node."""
    for node in walk(nodes):
        yield node.domain, node.op_type, node.overload


def callees(proto: onnx.ModelProto, nodes: Iterable[onnx.NodeProto]) -> set[FunctionKey]:
    """The functions that these nodes call, directly or through others."""
    bodies = {key_of(one): one.node for one in proto.functions}
    if not bodies:
        return set()
    found: set[FunctionKey] = set()
    pending = set(calls(nodes)) & bodies.keys()
    while pending:
        found |= pending
        inner = calls(node for key in pending for node in bodies[key])
        pending = set(inner) & bodies.keys() - found
    return found


def callers(proto: onnx.ModelProto, wanted: Iterable[FunctionKey]) -> set[FunctionKey]:
    """These functions and all that call one of them, directly or through others."""
    inside = {key_of(one): set(calls(one.node)) for one in proto.functions}
    found = set(wanted)
    while more := {key for key, inner in inside.items() if inner & found} - found:
        found |= more
    return found


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
        if sizes[key] > _MOST_OPS or depths[key] > _DEEPEST:
            return False
    return _size(proto.graph.node, sizes) <= _MOST_OPS


def _size(nodes: Iterable[onnx.NodeProto], sizes: dict[FunctionKey, int]) -> int:
    """Ops of some nodes and of their bodies, each call counted for all that it runs."""
    return sum(sizes.get(key, 1) for key in calls(nodes))


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of functions in one graph.

    ``callee`` maps the position of an op to the path of the function it calls,
    ``callers`` the path of a function to the positions of its calls, callers
    before what they call. ``passed`` maps the value id of a function's input to
    those of the values that its calls pass, through nested calls: no inputs of
    functions themselves, and ``""`` where a call leaves it out, or where there
    are too many to list. Functions that nobody calls are in neither. ``inputs``
    maps the path of a function to the value ids of its inputs.
    """

    callee: Mapping[int, str] = field(default_factory=dict)
    callers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    passed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)


def root_body(path: str) -> str:
    """The path of the function that a body lies in, ``""`` for the graph.

    >>> root_body("function:local::f/y/then_branch"), root_body("y/then_branch")
    ('function:local::f', '')
    """
    return path.partition("/")[0] if path.startswith("function:") else ""


def find_calls(flat: FlatGraph) -> Calls:
    """The calls of a graph. Linear in it; functions that call each other in a circle have none."""
    paths: dict[tuple[str, str, str], str] = {}
    inputs: dict[str, list[str]] = {}
    for body in flat.bodies:
        proto = body.proto
        if isinstance(proto, onnx.FunctionProto):
            domain = "" if proto.domain == "ai.onnx" else proto.domain
            paths.setdefault((domain, proto.name, proto.overload), body.path)
            inputs[body.path] = [body.ids[name] for name in proto.input]
    if not paths:
        return Calls()
    callee: dict[int, str] = {}
    callers: dict[str, list[int]] = {}
    around: dict[str, set[str]] = {path: set() for path in inputs}
    columns = flat.columns
    named = {(domain, name) for domain, name, _ in paths}
    for at, kind in enumerate(zip(columns.domains, columns.op_types, strict=True)):
        path = paths.get((*kind, columns.nodes[at].overload)) if kind in named else None
        if path is not None:
            callee[at] = path
            callers.setdefault(path, []).append(at)
            around[path].add(root_body(columns.bodies[at]))
    try:
        order = [path for path in graphlib.TopologicalSorter(around).static_order() if path]
    except graphlib.CycleError:  # of calls that give nothing back, so the file can be sorted
        return Calls()
    callers = _that_run(flat, order, callers)
    passed: dict[str, tuple[str, ...]] = {}
    for path in order:
        formals = inputs.get(path, [])
        meant: list[dict[str, None]] = [{} for _ in formals]
        fewest = len(formals)
        for at in callers.get(path, ()):
            given = columns.inputs[at]
            fewest = min(fewest, len(given))
            for found, value in zip(meant, given, strict=False):
                if len(found) <= _MOST_VALUES:
                    found.update(dict.fromkeys(passed.get(value, (value,))))
        if path in callers:
            for found in meant[fewest:]:
                found[""] = None
        for formal, found in zip(formals, meant, strict=True):
            if 0 < len(found) <= _MOST_VALUES:
                passed[formal] = tuple(found)
            elif found:
                passed[formal] = (*islice(found, _MOST_VALUES), "")
    return Calls(callee, callers, passed, inputs)


def _that_run(
    flat: FlatGraph, order: Iterable[str], callers: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """The calls in the graph, and in functions that are called themselves."""
    found: dict[str, list[int]] = {}
    for path in order:
        ran = [
            at
            for at in callers.get(path, ())
            if not (body := root_body(flat.columns.bodies[at])) or body in found
        ]
        if ran:
            found[path] = ran
    return found
