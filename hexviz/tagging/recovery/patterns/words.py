"""The words for what is proven, and how sure each is.

How sure: the share of stretches with the word that have an overlap of at least 0.8 with a module
of that kind, on the models that were looked at (``python -m benchmarks.recovery_words``).
"""

from __future__ import annotations

__all__ = ["BLOCKS", "PARTS", "SURE"]

BLOCKS = frozenset(
    {
        "TransformerLayer",
        "DecoderLayer",
        "ConformerLayer",
        "Bottleneck",
        "InvertedResidual",
        "ResidualBlock",
    }
)
"""What a network is a sequence of."""

PARTS = frozenset({"MultiHeadAttention", "Attention", "FeedForward", "SqueezeExcite"})
"""What such blocks are made of."""

SURE = {
    "TransformerLayer": 0.95,
    "DecoderLayer": 0.95,
    "ConformerLayer": 0.9,
    "Bottleneck": 0.95,
    "InvertedResidual": 0.95,
    "ResidualBlock": 0.95,
    "Stage": 0.75,
    "MultiHeadAttention": 0.9,
    "Attention": 0.65,
    "FeedForward": 0.8,
    "SqueezeExcite": 0.95,
    "LayerNorm": 0.95,
    "RMSNorm": 0.95,
    "GroupNorm": 0.95,
    "GELU": 0.85,
}
"""Word → confidence, in 0..1."""
