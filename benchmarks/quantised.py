"""Whether modules are ranked by what quantising each of them adds: against doing just that.

Per model and way of quantising, the model is quantised as a whole, and the error that each module
adds is told from that alone (:mod:`hexviz.measure.parity.effect`). The truth is brute force: the
original with the ops of one module quantised and nothing else (``nodes_to_quantize``, calibrated
on the same inputs), and how far its results are. Both rankings are compared by Spearman's
coefficient. Beside it stand rankings that one could think of: by the module's own error, by its
own signal-to-noise ratio, and by the natural error.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    quantize_dynamic,
    quantize_static,
)

from benchmarks.exports import tagged
from benchmarks.matching_tools import quiet
from benchmarks.models import build, with_noise
from hexviz.bench.exports import Export
from hexviz.extraction.feeds import Feed, generate
from hexviz.extraction.runtime import open_session, run, to_array, to_value
from hexviz.extraction.spill import Spill
from hexviz.extraction.tolerance import is_float
from hexviz.matching.openable import opened
from hexviz.measure.parity.cut_run import natural_values, own_values
from hexviz.measure.parity.effect import effects, rms_error
from hexviz.measure.parity.graph_reference import GraphReference, graph_reference
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model.graph import TaggedGraph

__all__ = ["WAYS", "Ranking", "measured", "original_of", "quantised", "spearman"]

WAYS = ("dynamic", "static")

_CALIBRATIONS = 4  # runs from which ranges of values are read

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What each module adds by brute force, and by each way to tell; modules in one order.

    ``pairs`` of ``outputs`` border values were paired, ``unpaired`` are modules without a figure.
    """

    model: str
    way: str
    modules: tuple[str, ...]
    brute: tuple[float, ...]
    told: Mapping[str, tuple[float, ...]]
    pairs: int
    outputs: int

    def agreement(self, how: str) -> float:
        """Spearman's coefficient between brute force and one way to tell."""
        return spearman(self.brute, self.told[how])


def original_of(model: str, exporter: str = "dynamo") -> TaggedGraph:
    """A model of the table as it is exported, its weights as if trained, all ops with a name."""
    source = with_noise(build(model))
    export = Export(exporter, exporter, optimize=exporter == "dynamo")
    graph = tagged(export.make(source, model), model)
    for node in graph.proto.graph.node:
        node.name = next(name for name in node.output if name)
    return graph


def quantised(
    proto: onnx.ModelProto, way: str, nodes: Sequence[str] | None = None
) -> onnx.ModelProto:
    """The model with all ops quantised, or only some, as ONNX Runtime's tools do."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    only = {"nodes_to_quantize": list(nodes)} if nodes is not None else {}
    with tempfile.TemporaryDirectory(prefix="hexviz-") as folder, quiet():
        path = Path(folder, "quantised.onnx")
        if way == "dynamic":
            quantize_dynamic(copy, path, **only)
        else:
            quantize_static(copy, path, _Reader(proto), **only)
        return onnx.load(path)


class _Reader(CalibrationDataReader):  # type: ignore[misc] # it ships no types
    def __init__(self, proto: onnx.ModelProto) -> None:
        seeds = range(_CALIBRATIONS)
        self.feeds = iter([next(islice(generate(proto, seed=seed), 1)) for seed in seeds])

    def get_next(self) -> Feed | None:
        return next(self.feeds, None)


def measured(model: str, way: str, original: TaggedGraph) -> Ranking:
    """Rank the modules of one model in both ways."""
    graph = opened(quantised(original.proto, way))
    with Spill() as spill:
        paired = graph_reference(original, graph, spill)
        effect = _by_module(paired, effects(original, graph, paired, spill))
        told = {"effect": effect, **_plain(graph, paired)}
    brute = _brute_force(original, way, paired.feed)
    modules = tuple(brute)
    return Ranking(
        model=model,
        way=way,
        modules=modules,
        brute=tuple(brute.values()),
        told={how: tuple(one.get(fqn, 0.0) for fqn in modules) for how, one in told.items()},
        pairs=len(paired.pairs),
        outputs=len(paired.reference.outputs),
    )


def _by_module(paired: GraphReference, figures: Mapping[int, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for at, figure in figures.items():
        fqn = paired.reference.outputs[at].module
        found[fqn] = max(found.get(fqn, 0.0), figure)
    return found


def _plain(graph: TaggedGraph, paired: GraphReference) -> dict[str, dict[str, float]]:
    """Per way that needs no injection the figure of each module; a large one is bad."""
    reference = paired.reference
    at = {pair.value: pair.output for pair in paired.pairs}

    def load(value: str) -> Array:
        return reference.tensors.load(reference.outputs[at[value]].key)

    given = {value: (lambda value=value: load(value)) for value in at}
    errors: dict[str, dict[int, float]] = {"own error": {}, "own noise": {}, "natural error": {}}
    for value, array in own_values(graph, reference.feed, given, list(at)):
        error = tensor_error(array, load(value))
        errors["own error"][at[value]] = relative_error(error)
        noise = -math.inf if error.sqnr_db is None else -error.sqnr_db
        errors["own noise"][at[value]] = noise + 1000
    for value, array in natural_values(graph, reference.feed, list(at)):
        errors["natural error"][at[value]] = relative_error(tensor_error(array, load(value)))
    return {how: _by_module(paired, found) for how, found in errors.items()}


def _brute_force(original: TaggedGraph, way: str, feed: Feed) -> dict[str, float]:
    """Module → how far the results are when its own ops are quantised and nothing else."""
    expected = _results(original.proto, feed)
    nodes: dict[str, list[str]] = {}
    for op in original.ops:
        if not op.body:
            nodes.setdefault(op.module, []).append(op.id)
    found = {}
    for fqn, names in nodes.items():
        proto = quantised(original.proto, way, names)
        if any("Quantize" in node.op_type for node in proto.graph.node):
            found[fqn] = rms_error(_results(proto, feed), expected)
    return found


def _results(proto: onnx.ModelProto, feed: Feed) -> list[Array]:
    session = open_session(proto, None)
    names = [one.name for one in proto.graph.output]
    values = run(session, names, {name: to_value(one) for name, one in feed.items()})
    arrays = [to_array(one).copy() for one in values if one.is_tensor()]
    return [one for one in arrays if is_float(one.dtype)]


def spearman(one: Iterable[float], other: Iterable[float]) -> float:
    """The correlation of two rankings; equal figures share the mean of their ranks."""
    return float(np.corrcoef(_ranks(list(one)), _ranks(list(other)))[0, 1])


def _ranks(figures: Sequence[float]) -> npt.NDArray[np.float64]:
    numbers = np.array(figures, np.float64)
    below = (numbers[None, :] < numbers[:, None]).sum(axis=1)
    equal = (numbers[None, :] == numbers[:, None]).sum(axis=1)
    return np.asarray(below + (equal - 1) / 2, np.float64)
