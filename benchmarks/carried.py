"""How right tags are on what tools made of a *tagged* file, which carries a map of its values.

The truth is the tagged file itself. Asked are all ops that still make a value
of it, fused ones too: the op of that value had a module, and it is the answer. A fused
op is where it began, so for one that shares this module with another, either is right.
Beside the tools of :mod:`benchmarks.rewriters` stand changes that isolate
what tools do: node metadata dropped, names of all values changed, nodes in
another order, a prefix before everything.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import onnx
import onnx.compose

from benchmarks.rewriters import REWRITERS
from hexviz.bench.blanking import Score
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["CHANGES", "SURE", "measure"]

SURE = 0.9
"""From this stated confidence on a wrong branch is a lie."""

_PREFIX = "m0/"

Change = Callable[[onnx.ModelProto], dict[str, str]]
"""Changes a model in place; new name of a value → the old one, where it has another."""


def _dropped(proto: onnx.ModelProto) -> dict[str, str]:
    for node in proto.graph.node:
        del node.metadata_props[:]
    return {}


def _renamed(proto: onnx.ModelProto) -> dict[str, str]:
    _dropped(proto)
    ends = {one.name for one in (*proto.graph.input, *proto.graph.output)}
    new: dict[str, str] = {}

    def name(old: str) -> str:
        return old if old in ends or not old else new.setdefault(old, f"value_{len(new)}")

    for one in (*proto.graph.initializer, *proto.graph.value_info):
        one.name = name(one.name)
    for node in proto.graph.node:
        node.name = ""
        node.input[:] = [name(one) for one in node.input]
        node.output[:] = [name(one) for one in node.output]
    return {now: old for old, now in new.items()}


def _shuffled(proto: onnx.ModelProto) -> dict[str, str]:
    _dropped(proto)
    nodes = list(proto.graph.node)
    random.Random(0).shuffle(nodes)  # noqa: S311 - reproducible, nothing to guess
    copies = onnx.GraphProto(node=nodes)
    del proto.graph.node[:]
    proto.graph.node.extend(copies.node)
    return {}


def _shuffled_and_renamed(proto: onnx.ModelProto) -> dict[str, str]:
    return _shuffled(proto) | _renamed(proto)


def _prefixed(proto: onnx.ModelProto) -> dict[str, str]:
    _dropped(proto)
    onnx.compose.add_prefix(proto, _PREFIX, inplace=True)
    return {one: one.removeprefix(_PREFIX) for node in proto.graph.node for one in node.output}


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "metadata dropped": _dropped,
        "all values renamed": _renamed,
        "nodes shuffled": _shuffled,
        "shuffled and renamed": _shuffled_and_renamed,
        "a prefix": _prefixed,
    }
)
"""Name → what is done to the nodes of a file; those of bodies stay as they are."""


def measure(graph: TaggedGraph, tools: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A record per tool, and per change of :data:`CHANGES`, for one tagged graph.

    As in :func:`benchmarks.rewritten.measure`; ``transferred`` is the share
    of the ops asked that the map told of, and ``map_bytes`` its length per op.
    """
    told = onnx.load_from_string(graph.to_bytes())
    size = sum(len(one.value) for one in told.metadata_props if ".map." in one.key)
    per_op = round(size / len(graph.ops), 1) if graph.ops else 0.0
    truth = {op.outputs[0]: op.module for op in graph.ops if op.outputs and not op.body}
    for tool in tools:
        try:
            proto = REWRITERS[tool](told)
        # Any tool can fail in its own way on a model; which ones do is part of the result.
        except Exception as error:  # noqa: BLE001
            yield {"tool": tool, "error": f"{type(error).__name__}: {error}"[:200]}
            continue
        yield {"tool": tool, "map_bytes": per_op, **_score(truth, proto, {})}
    for change, apply in CHANGES.items():
        proto = onnx.ModelProto()
        proto.CopyFrom(told)
        before = apply(proto)
        yield {"tool": change, "map_bytes": per_op, **_score(truth, proto, before)}


def _score(
    truth: Mapping[str, str], proto: onnx.ModelProto, before: Mapping[str, str]
) -> dict[str, Any]:
    graph = tag(from_proto(proto, name="rewritten"), recover=False)
    score, lies, transferred = Score(), 0, 0
    for op in graph.ops:
        value = op.outputs[0] if op.outputs and not op.body else ""
        right = truth.get(before.get(value, value))
        if right is None:
            continue
        answer = right if right in op.shared_by else op.module
        score.add(answer, right, fallback=op.provenance.origin == "fallback")
        apart = not names.is_within(answer, right) and not names.is_within(right, answer)
        lies += apart and op.provenance.confidence >= SURE
        transferred += op.provenance.origin == "transferred"
    return {
        "of": len(graph.ops),
        **score.record(),
        "sure_and_wrong": round(lies / score.ops, 4) if score.ops else None,
        "transferred": round(transferred / score.ops, 4) if score.ops else None,
    }
