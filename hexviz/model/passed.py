"""Calls of functions: which op calls which, and what a function's inputs stand for.

::

    Block(x, fc.weight)        Block(a, w): Linear(a, w)        Linear(b, v): MatMul(b, v)

    w stands for fc.weight, and so does v
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import onnx

from hexviz.model.flat import FlatGraph

__all__ = ["Calls", "find_calls", "root_body"]

_MOST = 16
"""Different values that an input of a function may stand for, at most, to list them all."""


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
    for at, op in enumerate(flat.ops):
        path = paths.get((op.domain, op.op_type, op.node.overload))
        if path is not None:
            callee[at] = path
            callers.setdefault(path, []).append(at)
            around[path].add(root_body(op.body))
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
            given = flat.ops[at].inputs
            fewest = min(fewest, len(given))
            for found, value in zip(meant, given, strict=False):
                if len(found) <= _MOST:
                    found.update(dict.fromkeys(passed.get(value, (value,))))
        if path in callers:
            for found in meant[fewest:]:
                found[""] = None
        for formal, found in zip(formals, meant, strict=True):
            if 0 < len(found) <= _MOST:
                passed[formal] = tuple(found)
            elif found:
                passed[formal] = (*islice(found, _MOST), "")
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
            if not (body := root_body(flat.ops[at].body)) or body in found
        ]
        if ran:
            found[path] = ran
    return found
