"""The models of the accuracy benchmark: small editions of published architectures.

Depth and width are reduced so that an export takes seconds; what kinds of
modules there are and how they call each other is not. ``tuned`` models were
looked at, op by op, while the rules were written. ``reported`` ones were only
ever scored: no rule, threshold or figure was chosen by them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from hexviz.exporters.inputs import make_inputs
from hexviz.exporters.model_source import Source, open_source
from hexviz.extras import require

__all__ = ["MODELS", "BenchModel", "build", "edition", "with_noise"]


@dataclass(frozen=True, slots=True)
class BenchModel:
    """One model of the benchmark; ``reported`` ones are never tuned on."""

    name: str
    open: Callable[[], Source]
    reported: bool


def build(name: str) -> Source:
    """A model of the table, or any other SOURCE, ready to be exported.

    Raises:
        SourceError: if there is no such thing, or it cannot be built.
    """
    known = MODELS.get(name)
    return known.open() if known is not None else open_source(name)


def with_noise(source: Source, *, seed: int = 1) -> Source:
    """The same source, its parameters changed a little in place, so that no two are equal."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in source.model.parameters():
            if parameter.is_floating_point():
                noise = torch.randn(parameter.shape, generator=draw, dtype=torch.float32)
                parameter.add_(0.05 * noise.to(parameter.dtype))
    return source


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


def edition(kind: str, **config: Any) -> Callable[[], Source]:
    """A transformers model ``{kind}Model`` from its ``{kind}Config``, ready to be exported."""

    def opened() -> Source:
        require("hf", "A model of the benchmark", "transformers")
        transformers = importlib.import_module("transformers")
        torch.manual_seed(0)
        settings = getattr(transformers, f"{_CONFIG.get(kind, kind)}Config")(**config)
        for part in (settings, *vars(settings).values()):
            if getattr(part, "use_cache", False):
                part.use_cache = False
        settings._attn_implementation = "eager"
        model: Any = getattr(transformers, f"{kind}Model")(settings).eval()
        return Source(model, *make_inputs(model), name=kind)

    return opened


_CONFIG = {"T5Encoder": "T5"}
_MORE = "benchmarks.more_architectures"


def _whisper_encoder() -> Source:
    whole: Source = edition(
        "Whisper",
        vocab_size=500,
        d_model=64,
        encoder_layers=4,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_source_positions=64,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )()
    features = whole.kwargs["input_features"]
    encoder: Any = whole.model
    return Source(encoder.get_encoder(), (features,), name="whisper-encoder")


def _local(factory: str, module: str = "benchmarks.architectures") -> Callable[[], Source]:
    def opened() -> Source:
        architectures = importlib.import_module(module)
        torch.manual_seed(0)
        model, args = getattr(architectures, factory)()
        return Source(model.eval(), args, name=factory)

    return opened


def _sample(name: str) -> Callable[[], Source]:
    return lambda: open_source(name)


_TUNED: dict[str, Callable[[], Source]] = {
    "custom-auxiliary": _sample("custom-auxiliary"),
    "residual-cnn": _sample("residual-cnn"),
    "small-transformer": _sample("small-transformer"),
    "bert-tiny": _sample("bert-tiny"),
    "resnet-50": _sample("resnet-50"),
    "gpt2": _sample("gpt2"),
    "sam-vit": _sample("sam-vit"),
    "llama": edition(
        "Llama", **_TEXT, num_hidden_layers=4, num_key_value_heads=2, max_position_embeddings=64
    ),
    "swin": edition(
        "Swin",
        image_size=64,
        patch_size=4,
        embed_dim=24,
        depths=[2, 2, 2],
        num_heads=[2, 4, 8],
        window_size=4,
    ),
    "wav2vec2": edition(
        "Wav2Vec2",
        **_TEXT,
        num_hidden_layers=3,
        conv_dim=(32, 32, 32),
        conv_stride=(5, 4, 4),
        conv_kernel=(10, 4, 4),
        num_feat_extract_layers=3,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    ),
    "mobilenet-v2": edition("MobileNetV2", image_size=96, depth_multiplier=0.35),
    "albert": edition("Albert", **_TEXT, embedding_size=32, num_hidden_layers=4),
    "t5-encoder": edition(
        "T5Encoder", vocab_size=500, d_model=64, d_kv=16, d_ff=128, num_layers=4, num_heads=4
    ),
    "vit": edition(
        "ViT",
        hidden_size=64,
        num_attention_heads=4,
        intermediate_size=128,
        num_hidden_layers=4,
        **_IMAGE,
    ),
    "lstm": _local("lstm_tagger"),
    "convnext": edition(
        "ConvNext", image_size=64, hidden_sizes=[16, 32, 64, 128], depths=[2, 2, 3, 2]
    ),
    "segformer": edition(
        "Segformer", hidden_sizes=[16, 32, 64, 128], depths=[2, 2, 2, 2], image_size=64
    ),
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
    "distilbert": edition(
        "DistilBert", vocab_size=500, dim=64, n_heads=4, hidden_dim=128, n_layers=4
    ),
    "qwen3": edition("Qwen3", **_TEXT, num_hidden_layers=4, num_key_value_heads=2, head_dim=16),
    "clip-vision": edition(
        "CLIPVision",
        hidden_size=64,
        num_attention_heads=4,
        intermediate_size=128,
        num_hidden_layers=4,
        **_IMAGE,
    ),
    "whisper-encoder": _whisper_encoder,
    "u-net": _local("u_net"),
    "bart": edition(
        "Bart",
        vocab_size=500,
        d_model=64,
        encoder_layers=3,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=64,
    ),
    "electra": edition("Electra", **_TEXT, embedding_size=32, num_hidden_layers=4),
    "deberta": edition(
        "DebertaV2",
        **_TEXT,
        num_hidden_layers=3,
        relative_attention=True,
        position_biased_input=False,
        pos_att_type=["p2c", "c2p"],
    ),
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
    "mlp-mixer": _local("mlp_mixer", _MORE),
    "tcn": _local("temporal_conv_net", _MORE),
    "conformer": _local("conformer", _MORE),
    "densenet": _local("dense_net", _MORE),
    "gru": _local("gru_with_attention", _MORE),
}

MODELS: Mapping[str, BenchModel] = MappingProxyType(
    {
        name: BenchModel(name, opener, reported)
        for table, reported in ((_TUNED, False), (_REPORTED, True))
        for name, opener in table.items()
    }
)
"""Name → model, the tuned ones first."""
