"""Seconds and memory of matching by size: a graph against a copy of itself without any names.

Also graphs that are made to be hard: as many equal ops in a row, or side by side.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import onnx

from benchmarks.nameless import nameless
from hexviz.bench.growth import LEAST, exponent
from hexviz.bench.synthetic import synthetic
from hexviz.matching.match import match
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto, parse
from hexviz.tagging.tag import tag

__all__ = ["SHAPES", "measure_speed", "speed_record"]

_REPEATS = 3
_WATCHED = 20_000  # ops at most for which allocations are watched: it makes work many times slower


def _encoder(size: int) -> onnx.ModelProto:
    return parse(synthetic(size, "metadata"), name="synthetic").proto


def _row(size: int) -> onnx.ModelProto:
    return _equal_ops([(str(at), str(at + 1)) for at in range(size)], str(size))


def _beside(size: int) -> onnx.ModelProto:
    return _equal_ops([("0", str(at + 1)) for at in range(size)], str(size))


def _equal_ops(ends: list[tuple[str, str]], last: str) -> onnx.ModelProto:
    nodes = [onnx.helper.make_node("Relu", [one], [other]) for one, other in ends]
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4])
        for name in ("0", last)
    ]
    graph = onnx.helper.make_graph(nodes, "equal", values[:1], values[1:])
    return onnx.helper.make_model(
        graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)]
    )


SHAPES = {"encoder": _encoder, "equal ops in a row": _row, "equal ops side by side": _beside}
"""Name → graph of a number of ops."""


def measure_speed(
    sizes: list[int], report: Callable[[dict[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    """A record per shape and size, and how the seconds grow where there are sizes enough."""
    records = []
    for shape, make in SHAPES.items():
        for size in sizes:
            records.append({"shape": shape, **speed_record(make(size))})
            report(records[-1])
    return {"records": records, "growth": dict(_growth(records))}


def _growth(records: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, float]]]:
    for shape in SHAPES:
        own = [one for one in records if one["shape"] == shape]
        if len({one["ops"] for one in own}) >= LEAST:
            yield shape, exponent([one["ops"] for one in own], [one["seconds"] for one in own])


def speed_record(proto: onnx.ModelProto) -> dict[str, Any]:
    """Of a graph against its nameless copy.

    ``seconds`` are the median of some runs, ``bytes_per_op`` the most that
    Python's objects take while it runs, by ops of both graphs, and ``exact`` the
    share of ops that are paired with themselves.
    """
    before, after = _both(proto)
    took = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        matching = match(before, after)
        took.append(time.perf_counter() - began)
    right = sum(found.before[0] == at for at, found in matching.matches.items())
    return {
        "ops": len(before.ops),
        "seconds": round(median(took), 3),
        "exact": round(right / len(before.ops), 4),
        "bytes_per_op": _peak(proto) if len(before.ops) <= _WATCHED else None,
    }


def _both(proto: onnx.ModelProto) -> tuple[TaggedGraph, TaggedGraph]:
    graphs = []
    for each in (proto, nameless(proto, letter="n")):
        graph = tag(from_proto(each, name="synthetic"))
        graph.flat  # noqa: B018 - made once for all that is done with a graph
        graphs.append(graph)
    return graphs[0], graphs[1]


def _peak(proto: onnx.ModelProto) -> int:
    before, after = _both(proto)
    tracemalloc.start()
    try:
        held = tracemalloc.get_traced_memory()[0]
        match(before, after)
        peak = tracemalloc.get_traced_memory()[1] - held
    finally:
        tracemalloc.stop()
    return round(peak / (len(before.ops) + len(after.ops)))
