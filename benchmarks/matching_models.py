"""The models of the benchmark of matching: those of all benchmarks, full-sized samples made small.

As in :mod:`benchmarks.models`, ``tuned`` ones were looked at op by op, and ``reported``
ones only ever scored. data2vec-vision, pvt-v2 and olmo2 are tuned on because scores of
reported ones said that layer scales, reduced attention and norms of queries are hard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from benchmarks.models import MODELS, BenchModel, build, edition
from hexviz.exporters.model_source import Source

__all__ = ["MATCHING_MODELS", "build_small"]

_SMALLER: dict[str, Callable[[], Source]] = {
    "gpt2": edition("GPT2", vocab_size=500, n_embd=64, n_layer=4, n_head=4, n_positions=64),
    "sam-vit": edition(
        "SamVision",
        output_channels=32,
        mlp_dim=128,
        num_pos_feats=32,
        window_size=2,
        global_attn_indexes=[1, 3],
        hidden_size=64,
        num_attention_heads=4,
        num_hidden_layers=4,
        image_size=64,
        patch_size=16,
    ),
}
"""Of the samples that are full-sized models."""

MATCHING_MODELS: Mapping[str, BenchModel] = MappingProxyType(
    {
        name: BenchModel(name, _SMALLER.get(name, model.open), model.reported)
        for name, model in MODELS.items()
    }
)
"""Name → model; the samples that are full-sized models in small editions."""


def build_small(name: str) -> Source:
    """A model of the table, or any other SOURCE, ready to be exported.

    Raises:
        SourceError: if there is no such thing, or it cannot be built.
    """
    known = MATCHING_MODELS.get(name)
    return known.open() if known is not None else build(name)
