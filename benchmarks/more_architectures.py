"""Five more architectures that no package here ships, each written as its authors' code is."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["conformer", "dense_net", "gru_with_attention", "mlp_mixer", "temporal_conv_net"]

Example = tuple[nn.Module, tuple[Tensor, ...]]


def mlp_mixer() -> Example:
    """An MLP-Mixer of four blocks (Tolstikhin et al. 2021) and one image of 32 × 32."""
    return _Mixer(), (torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32),)


def temporal_conv_net() -> Example:
    """Causal dilated convolutions in four residual blocks (Bai et al. 2018) over 40 steps."""
    return _TemporalNet(), (torch.linspace(-1, 1, 2 * 6 * 40).reshape(2, 6, 40),)


def conformer() -> Example:
    """Three Conformer blocks (Gulati et al. 2020) over 24 frames."""
    return _Conformer(), (torch.linspace(-1, 1, 2 * 24 * 20).reshape(2, 24, 20),)


def dense_net() -> Example:
    """Three dense blocks with transitions (Huang et al. 2017) and one image of 32 × 32."""
    return _DenseNet(), (torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32),)


def gru_with_attention() -> Example:
    """Two GRU layers each way, pooled by attention over a mask of the words (Yang et al. 2016)."""
    words = torch.arange(24).reshape(2, 12)
    return _Attended(), (words, words % 5 != 0)


class _TokenMixing(nn.Module):
    def __init__(self, tokens: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(tokens, hidden)
        self.second = nn.Linear(hidden, tokens)

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.second(F.gelu(self.first(x.transpose(1, 2))))
        return cast("Tensor", mixed.transpose(1, 2))


class _MixerBlock(nn.Module):
    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(width)
        self.tokens = _TokenMixing(tokens, 32)
        self.channel_norm = nn.LayerNorm(width)
        self.channels = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.token_norm(x))
        return cast("Tensor", x + self.channels(self.channel_norm(x)))


class _Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 8, stride=8)
        self.blocks = nn.Sequential(*(_MixerBlock(16, 24) for _ in range(4)))
        self.norm = nn.LayerNorm(24)
        self.head = nn.Linear(24, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        return cast("Tensor", self.head(self.norm(self.blocks(x)).mean(dim=1)))


class _Causal(nn.Conv1d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (2 * self.dilation[0], 0)))


class _TemporalBlock(nn.Module):
    def __init__(self, before: int, after: int, dilation: int) -> None:
        super().__init__()
        self.first = _Causal(before, after, 3, dilation=dilation)
        self.second = _Causal(after, after, 3, dilation=dilation)
        self.shortcut = nn.Conv1d(before, after, 1) if before != after else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.second(F.relu(self.first(x))))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class _TemporalNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (6, 16, 16, 16, 16)
        self.network = nn.Sequential(
            *(_TemporalBlock(widths[at], widths[at + 1], 2**at) for at in range(4))
        )
        self.decoder = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.decoder(self.network(x)[:, :, -1]))


class _HalfFeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.grow = nn.Linear(width, 4 * width)
        self.shrink = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.5 * cast("Tensor", self.shrink(F.silu(self.grow(self.norm(x)))))


class _SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        normed = self.norm(x)
        query, key, value = (
            layer(normed).view(batch, time, self.heads, -1).permute(0, 2, 1, 3)
            for layer in (self.query, self.key, self.value)
        )
        scores = torch.softmax(query @ key.transpose(-1, -2) / (width // self.heads) ** 0.5, -1)
        mixed = (scores @ value).permute(0, 2, 1, 3).reshape(batch, time, width)
        return x + cast("Tensor", self.out(mixed))


class _ConvolutionModule(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Conv1d(width, 2 * width, 1)
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.batch_norm = nn.BatchNorm1d(width)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.glu(self.widen(self.norm(x).transpose(1, 2)), dim=1)
        y = self.narrow(F.silu(self.batch_norm(self.depthwise(y))))
        return cast("Tensor", x + y.transpose(1, 2))


class _ConformerBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = _HalfFeedForward(width)
        self.attention = _SelfAttention(width, 4)
        self.convolution = _ConvolutionModule(width)
        self.after = _HalfFeedForward(width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(self.attention(self.before(x)))
        return cast("Tensor", self.norm(self.after(x)))


class _Conformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(20, 32)
        self.layers = nn.ModuleList(_ConformerBlock(32) for _ in range(3))
        self.head = nn.Linear(32, 12)

    def forward(self, frames: Tensor) -> Tensor:
        x = self.project(frames)
        for layer in self.layers:
            x = layer(x)
        return F.log_softmax(self.head(x), dim=-1)


class _DenseLayer(nn.Module):
    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))
        return torch.cat([x, y], dim=1)


class _Transition(nn.Module):
    def __init__(self, before: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(before)
        self.conv = nn.Conv2d(before, before // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


class _DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        growth, width = 8, 16
        self.stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        for depth in (2, 3, 2):
            layers = [_DenseLayer(width + at * growth, growth) for at in range(depth)]
            self.blocks.append(nn.Sequential(*layers))
            width += depth * growth
            self.transitions.append(_Transition(width))
            width //= 2
        self.head = nn.Linear(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            x = transition(block(x))
        return cast("Tensor", self.head(x.mean(dim=(2, 3))))


class _AttentionPool(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.project(x))).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(~mask, -1e4), dim=-1)
        return torch.bmm(weights.unsqueeze(1), x).squeeze(1)


class _Attended(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(60, 16)
        self.gru = nn.GRU(16, 12, num_layers=2, bidirectional=True, batch_first=True)
        self.norm = nn.LayerNorm(24)
        self.pool = _AttentionPool(24)
        self.head = nn.Sequential(nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        states, _ = self.gru(self.embed(words))
        return cast("Tensor", self.head(self.pool(self.norm(states), mask)))
