"""Models to try hexviz on, built from code alone: no network, no files, the same weights each time.

Each sample is a module with ``build()``, the model, and ``example_inputs()``,
a dict of keyword tensors or a tuple of positional ones. This table is plain
data, so listing the samples imports neither torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["SAMPLES", "SampleInfo"]


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """One sample: its name on the command line, how to show it, and where its code is.

    ``needs_transformers`` says that building it takes the extra ``hf``.
    """

    name: str
    title: str
    description: str
    module: str
    needs_transformers: bool = False


SAMPLES: Mapping[str, SampleInfo] = MappingProxyType(
    {
        sample.name: sample
        for sample in (
            SampleInfo(
                "custom-auxiliary",
                "Tag ranker",
                "Masked attention over token ids; more shape and layout ops than arithmetic.",
                "sample_models.custom_auxiliary",
            ),
            SampleInfo(
                "residual-cnn",
                "Residual CNN",
                "Three convolution stages with skip connections on 32 × 32 images.",
                "sample_models.residual_cnn",
            ),
            SampleInfo(
                "small-transformer",
                "Small transformer",
                "Two pre-norm encoder blocks with attention written out by hand.",
                "sample_models.small_transformer",
            ),
            SampleInfo(
                "bert-tiny",
                "BERT-tiny",
                "Two BERT layers of width 128, vocabulary 30,522.",
                "sample_models.bert_tiny",
                needs_transformers=True,
            ),
            SampleInfo(
                "resnet-50",
                "ResNet-50",
                "The image classifier, 25.6 million parameters, 224 × 224 input.",
                "sample_models.resnet_50",
                needs_transformers=True,
            ),
            SampleInfo(
                "gpt2",
                "GPT-2",
                "The 124 million parameter language model; its head shares the embedding's weight.",
                "sample_models.gpt2",
                needs_transformers=True,
            ),
            SampleInfo(
                "sam-vit",
                "Segment Anything (ViT-B)",
                "Image encoder, prompt encoder and mask decoder on a 1024 × 1024 image.",
                "sample_models.sam_vit",
                needs_transformers=True,
            ),
        )
    }
)
"""Name → sample, the small ones first."""
