"""A small ranker of token sequences whose graph is mostly shape, type and layout ops.

It does by hand what library layers hide: positions from the shape of the
input, a padding mask from the ids, split and merged heads with dynamic
reshapes, a masked mean. Exported unoptimised, more than half of its ops are
auxiliary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["build", "example_inputs"]

_VOCABULARY, _WIDTH, _HEADS, _LONGEST, _TAGS = 200, 32, 4, 64, 6
_PAD = 0


class TokenEmbedding(nn.Module):
    """Looks up tokens and positions; positions are counted from the input's own shape."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(_VOCABULARY, _WIDTH, padding_idx=_PAD)
        self.positions = nn.Embedding(_LONGEST, _WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        """Embed ids of shape (batch, length) as (batch, length, width)."""
        batch, length = ids.shape
        positions = torch.arange(length, device=ids.device).unsqueeze(0).expand(batch, length)
        embedded: Tensor = self.tokens(ids) + self.positions(positions)
        return embedded


class PaddingMask(nn.Module):
    """Marks what attention may look at: real tokens, and none to the right."""

    def forward(self, ids: Tensor) -> Tensor:
        """From ids (batch, length) make a boolean mask (batch, 1, length, length)."""
        length = ids.shape[1]
        real = torch.where(ids == _PAD, torch.zeros_like(ids), torch.ones_like(ids)).to(torch.bool)
        steps = torch.arange(length, device=ids.device)
        causal = steps.unsqueeze(1) >= steps.unsqueeze(0)
        return real.unsqueeze(1).unsqueeze(2) & causal.unsqueeze(0).unsqueeze(0)


class MaskedAttention(nn.Module):
    """Multi-head attention over one fused projection."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(_WIDTH, 3 * _WIDTH)
        self.output = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Attend within hidden (batch, length, width) where mask is true."""
        batch, length, width = hidden.shape
        query, key, value = self.project(hidden).split(width, dim=-1)
        query, key, value = (self._heads(part) for part in (query, key, value))
        scores = query @ key.transpose(-2, -1) / math.sqrt(width // _HEADS)
        scores = torch.where(mask, scores, torch.full_like(scores, torch.finfo(scores.dtype).min))
        mixed = scores.softmax(dim=-1) @ value
        merged = mixed.permute(0, 2, 1, 3).reshape(batch, length, width)
        result: Tensor = self.output(merged)
        return result

    @staticmethod
    def _heads(part: Tensor) -> Tensor:
        batch, length, width = part.shape
        return part.reshape(batch, length, _HEADS, width // _HEADS).permute(0, 2, 1, 3)


class Block(nn.Module):
    """Attention and a feed-forward step, each normalised and added back."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = MaskedAttention()
        self.attention_norm = nn.LayerNorm(_WIDTH)
        self.grow = nn.Linear(_WIDTH, 2 * _WIDTH)
        self.shrink = nn.Linear(2 * _WIDTH, _WIDTH)
        self.output_norm = nn.LayerNorm(_WIDTH)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Transform hidden (batch, length, width), keeping its shape."""
        hidden = self.attention_norm(hidden + self.attention(hidden, mask))
        grown = torch.relu(self.grow(hidden))
        result: Tensor = self.output_norm(hidden + self.shrink(grown))
        return result


class MaskedMean(nn.Module):
    """Averages over the real tokens, and over the width for a length-independent scale."""

    def forward(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Pool hidden (batch, length, width) into (batch, width)."""
        weight = (ids != _PAD).unsqueeze(-1).to(hidden.dtype)
        total = torch.where(weight > 0, hidden, torch.zeros_like(hidden)).sum(dim=1)
        pooled = total / weight.sum(dim=1).clamp(min=1)
        return pooled - pooled.mean(dim=-1, keepdim=True)


class TagRanker(nn.Module):
    """Scores tags for a sequence of token ids and lists them best first."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = TokenEmbedding()
        self.mask = PaddingMask()
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.pool = MaskedMean()
        self.classifier = nn.Linear(_WIDTH, _TAGS)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """From ids (batch, length): scores (batch, tags) and the last token's state."""
        hidden = self.embedding(ids)
        mask = self.mask(ids)
        for block in self.blocks:
            hidden = block(hidden, mask)
        last = (ids != _PAD).to(torch.int64).sum(dim=1) - 1
        index = last.view(-1, 1, 1).expand(-1, 1, hidden.shape[-1])
        return self.classifier(self.pool(hidden, ids)), hidden.gather(1, index).squeeze(1)


def build() -> nn.Module:
    """The ranker, with the same weights each time."""
    torch.manual_seed(0)
    return TagRanker().eval()


def example_inputs() -> tuple[Tensor, ...]:
    """Two sequences of 12 ids; the second is padded after 8."""
    ids = torch.arange(1, 25, dtype=torch.int64).reshape(2, 12)
    ids[1, 8:] = _PAD
    return (ids,)
