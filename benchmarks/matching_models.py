"""The models of the benchmark of matching: those of all benchmarks, and more kinds of each.

A matching meets what exporters and optimisers do to an architecture, so more
architectures are asked than for tags. As in :mod:`benchmarks.models`,
``tuned`` ones were looked at op by op, and ``reported`` ones only ever scored.
data2vec-vision, pvt-v2 and olmo2 are tuned on because scores of reported ones
said that layer scales, reduced attention and norms of queries are hard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from benchmarks.models import MODELS, BenchModel, build, edition
from hexviz.exporters.model_source import Source

__all__ = ["MATCHING_MODELS", "build_small"]

_TEXT: dict[str, Any] = {
    "vocab_size": 500,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}
_IMAGE = {"image_size": 64, "patch_size": 16}
_VISION = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 4, **_IMAGE}
_SPEECH = {
    "conv_dim": (32, 32, 32),
    "conv_stride": (5, 4, 4),
    "conv_kernel": (10, 4, 4),
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}

_SMALLER: dict[str, Callable[[], Source]] = {
    "gpt2": edition("GPT2", vocab_size=500, n_embd=64, n_layer=4, n_head=4, n_positions=64),
    "sam-vit": edition(
        "SamVision",
        output_channels=32,
        mlp_dim=128,
        num_pos_feats=32,
        window_size=2,
        global_attn_indexes=[1, 3],
        **_VISION,
    ),
}
"""Of the samples that are full-sized models."""

_TUNED: dict[str, Callable[[], Source]] = {
    "regnet": edition(
        "RegNet",
        embedding_size=16,
        hidden_sizes=[16, 24, 32, 48],
        depths=[1, 2, 2, 1],
        groups_width=8,
    ),
    "opt": edition(
        "OPT",
        vocab_size=500,
        hidden_size=64,
        num_hidden_layers=4,
        ffn_dim=128,
        num_attention_heads=4,
        max_position_embeddings=64,
        word_embed_proj_dim=64,
    ),
    "mobilevit": edition(
        "MobileViT",
        image_size=64,
        hidden_sizes=[32, 40, 48],
        neck_hidden_sizes=[8, 8, 16, 24, 32, 40, 64],
        num_attention_heads=4,
    ),
    "t5": edition(
        "T5",
        vocab_size=500,
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=0,
    ),
    "phi": edition("Phi", **_TEXT, num_hidden_layers=4, max_position_embeddings=64),
    "hubert": edition("Hubert", **_TEXT, num_hidden_layers=3, **_SPEECH),
    "mamba": edition("Mamba", vocab_size=500, hidden_size=64, num_hidden_layers=2),
    "poolformer": edition(
        "PoolFormer", image_size=64, depths=[2, 2, 2, 2], hidden_sizes=[16, 32, 48, 64]
    ),
    "focalnet": edition("FocalNet", image_size=64, embed_dim=24, depths=[1, 1, 2, 1]),
    "data2vec-vision": edition("Data2VecVision", intermediate_size=128, **_VISION),
    "pvt-v2": edition(
        "PvtV2",
        image_size=64,
        hidden_sizes=[16, 32, 48, 64],
        depths=[1, 2, 1, 1],
        num_attention_heads=[1, 2, 2, 4],
    ),
    "olmo2": edition(
        "Olmo2", **_TEXT, num_hidden_layers=4, num_key_value_heads=2, max_position_embeddings=64
    ),
}

_REPORTED: dict[str, Callable[[], Source]] = {
    "roberta": edition("Roberta", **_TEXT, num_hidden_layers=4),
    "gpt-neox": edition("GPTNeoX", **_TEXT, num_hidden_layers=4, max_position_embeddings=64),
    "mpnet": edition("MPNet", **_TEXT, num_hidden_layers=4),
    "gemma2": edition("Gemma2", **_TEXT, num_hidden_layers=4, num_key_value_heads=2, head_dim=16),
    "bloom": edition("Bloom", vocab_size=500, hidden_size=64, n_layer=4, n_head=4),
    "beit": edition("Beit", intermediate_size=128, **_VISION),
    "dinov2": edition("Dinov2", **_VISION),
    "mobilenet-v1": edition("MobileNetV1", image_size=96, depth_multiplier=0.25),
    "efficientnet": edition(
        "EfficientNet",
        image_size=64,
        width_coefficient=0.25,
        depth_coefficient=0.5,
        hidden_dim=320,
    ),
    "pvt": edition(
        "Pvt",
        image_size=64,
        hidden_sizes=[16, 32, 48, 64],
        depths=[1, 1, 2, 1],
        num_attention_heads=[1, 2, 2, 4],
    ),
    "squeezebert": edition("SqueezeBert", **_TEXT, embedding_size=64, num_hidden_layers=4),
    "convbert": edition("ConvBert", **_TEXT, num_hidden_layers=3),
    "mobilebert": edition("MobileBert", vocab_size=500, num_hidden_layers=3),
}

MATCHING_MODELS: Mapping[str, BenchModel] = MappingProxyType(
    {
        **{
            name: BenchModel(name, _SMALLER.get(name, model.open), model.reported)
            for name, model in MODELS.items()
        },
        **{
            name: BenchModel(name, opener, reported)
            for table, reported in ((_TUNED, False), (_REPORTED, True))
            for name, opener in table.items()
        },
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
