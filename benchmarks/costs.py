"""Costs beside PyTorch's own counts: parameters exactly, MACs within 1 % on what both count.

``torch.utils.flop_counter`` counts two for each multiply-accumulate of products of matrices,
convolutions and attention, and nothing else, as hexviz's MACs do. Each model is counted in PyTorch
and in exports of both exporters: as a whole, and module by module. ``onnx-tool``, where it is
installed, is a second opinion on the whole file.

Nothing was tuned on the models that :mod:`benchmarks.models` only reports on.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.exports import is_reported, tagged
from benchmarks.matching_models import build_small
from hexviz.bench.exports import ALL, Report, exports
from hexviz.exporters.model_source import Source
from hexviz.measure.costs.costs import Costs, costs
from hexviz.model.graph import TaggedGraph

__all__ = ["COSTED", "bench_costs", "torch_flops"]

COSTED = (
    *("bert-tiny", "residual-cnn", "gpt2", "llama", "swin", "wav2vec2", "mobilenet-v2", "albert"),
    *("t5-encoder", "sam-vit"),
    *("vit", "qwen3", "whisper-encoder", "u-net", "lstm", "convnext", "segformer", "bart"),
    *("electra", "deberta"),
)
"""Models whose costs are checked: the tuned ones first."""

_DEEPEST = 64

WITHIN = 0.01
"""How far MACs may be apart, as a share of PyTorch's."""


def torch_flops(source: Source) -> dict[str, int]:
    """FQN → the FLOPs that torch's counter counts in a call of the model, modules below included.

    Of modules that run more than once, and of shared ones, each call counts. The CPU's own kernels
    for attention and LSTM are turned off: the counter does not know what is in them.
    """
    source.model.requires_grad_(requires_grad=False)  # the counter hooks into gradients otherwise
    counter = FlopCounterMode(display=False, depth=_DEEPEST)
    with warnings.catch_warnings(), torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        warnings.simplefilter("ignore")  # it speaks of GPUs when its kernels are turned off
        with torch.backends.mkldnn.flags(enabled=False), counter:
            source.model(*source.args, **source.kwargs)
    root = type(source.model).__name__
    found = {"": counter.get_total_flops()}
    for name, counts in counter.get_flop_counts().items():
        if name.startswith(f"{root}."):
            found[name.removeprefix(f"{root}.")] = sum(counts.values())
    return found


def bench_costs(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """A row for each model and way to export it.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    failed: list[dict[str, str]] = []
    rows: list[dict[str, Any]] = []
    kept: dict[str, tuple[dict[str, int], int]] = {}

    def built(name: str) -> Source:
        source = build_small(name)
        parameters = sum(one.numel() for one in source.model.parameters())
        kept[name] = torch_flops(source), parameters
        return source

    for name, way, exported in exports(sources or COSTED, ALL, failed, report, build=built):
        graph = tagged(exported, name)
        flops, parameters = kept[name]
        rows.append(
            {"model": name, "export": way.name, "reported": is_reported(name)}
            | _row(graph, costs(graph), flops, parameters)
        )
    return {"rows": rows, "failed": failed}


def _row(
    graph: TaggedGraph, found: Costs, flops: dict[str, int], parameters: int
) -> dict[str, Any]:
    macs, expected = found.model.macs, flops[""] // 2
    apart = [
        fqn
        for fqn, one in found.modules.items()
        if not graph.modules[fqn].same_as
        and fqn in flops
        and abs(2 * (one.total.macs or 0) - flops[fqn]) > WITHIN * flops[fqn]
    ]
    own = [one.own.parameters for one in found.modules.values()]
    return {
        "ops": len(graph.ops),
        "macs": macs,
        "known_macs": found.model.known_macs,
        "unknown": found.model.unknown,
        "torch_macs": expected,
        "ratio": found.model.known_macs / expected if expected else None,
        "modules": sum(fqn in flops for fqn in found.modules),
        "modules_apart": apart,
        "parameters": found.model.parameters,
        "torch_parameters": parameters,
        "own_parameters": None if None in own else sum(one or 0 for one in own),
        "onnx_tool_macs": _second_opinion(graph),
        "flops": found.model.flops,
        "peak_bytes": found.peak_bytes,
    }


def _second_opinion(graph: TaggedGraph) -> int | None:
    """The MACs that onnx-tool counts, which counts element-wise work in them, too."""
    try:
        tool: Any = importlib.import_module("onnx_tool")
    except ModuleNotFoundError:
        return None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = tool.Model(graph.proto)
            model.graph.shape_infer(None)
            model.graph.profile()
        return int(model.graph.macs[0])
    except Exception:  # noqa: BLE001 # it raises whatever its shape functions meet
        return None
