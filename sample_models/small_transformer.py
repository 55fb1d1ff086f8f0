"""A pre-norm transformer encoder with its attention written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["build", "example_inputs"]


class SelfAttention(nn.Module):
    """Multi-head self-attention with separate projections."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """Mix hidden (batch, length, width) along its length."""
        query, key, value = (
            layer(hidden).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
        mixed: Tensor = self.output((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return mixed


class FeedForward(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.grow = nn.Linear(width, 4 * width)
        self.activation = nn.GELU()
        self.shrink = nn.Linear(4 * width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """Transform each position of hidden (batch, length, width) by itself."""
        result: Tensor = self.shrink(self.activation(self.grow(hidden)))
        return result


class EncoderBlock(nn.Module):
    """Normalise, attend, add; normalise, feed forward, add."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width)

    def forward(self, hidden: Tensor) -> Tensor:
        """Transform hidden (batch, length, width), keeping its shape."""
        hidden = hidden + self.attention(self.attention_norm(hidden))
        result: Tensor = hidden + self.feed_forward(self.feed_forward_norm(hidden))
        return result


class SmallTransformer(nn.Module):
    """Token embedding, learned positions, encoder blocks, and a head per position."""

    def __init__(
        self, vocabulary: int = 500, width: int = 64, heads: int = 4, depth: int = 2
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(1, 32, width) * 0.02)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, ids: Tensor) -> Tensor:
        """Scores (batch, length, vocabulary) for ids (batch, length), length at most 32."""
        hidden = self.tokens(ids) + self.positions[:, : ids.shape[1]]
        for block in self.blocks:
            hidden = block(hidden)
        scores: Tensor = self.head(self.norm(hidden))
        return scores


def build() -> nn.Module:
    """The encoder, with the same weights each time."""
    torch.manual_seed(0)
    return SmallTransformer().eval()


def example_inputs() -> tuple[Tensor, ...]:
    """Two sequences of 16 ids."""
    return (torch.arange(32, dtype=torch.int64).reshape(2, 16),)
