"""Two architectures that no package here ships: a U-Net and a bidirectional LSTM tagger."""

from __future__ import annotations

import itertools
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["lstm_tagger", "u_net"]

Example = tuple[nn.Module, tuple[Tensor, ...]]


def u_net() -> Example:
    """A U-Net of three levels (Ronneberger et al. 2015) and one image of 40 × 40."""
    return _UNet(), (torch.linspace(-1, 1, 3 * 40 * 40).reshape(1, 3, 40, 40),)


def lstm_tagger() -> Example:
    """A two-layer bidirectional LSTM over token ids that scores each token."""
    return _Tagger(), (torch.arange(24).reshape(2, 12),)


class _DoubleConv(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)

    def forward(self, image: Tensor) -> Tensor:
        image = F.relu(self.first_norm(self.first(image)))
        return F.relu(self.second_norm(self.second(image)))


class _Down(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.convolve = _DoubleConv(before, after)

    def forward(self, image: Tensor) -> Tensor:
        return cast("Tensor", self.convolve(self.pool(image)))


class _Up(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.widen = nn.ConvTranspose2d(before, before // 2, 2, stride=2)
        self.convolve = _DoubleConv(before, after)

    def forward(self, image: Tensor, skipped: Tensor) -> Tensor:
        image = self.widen(image)
        right = skipped.shape[3] - image.shape[3]
        below = skipped.shape[2] - image.shape[2]
        image = F.pad(image, [right // 2, right - right // 2, below // 2, below - below // 2])
        return cast("Tensor", self.convolve(torch.cat([skipped, image], dim=1)))


class _UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (8, 16, 32, 64)
        self.stem = _DoubleConv(3, widths[0])
        self.down = nn.ModuleList(_Down(one, two) for one, two in itertools.pairwise(widths))
        self.up = nn.ModuleList(
            _Up(two, one) for one, two in reversed(list(itertools.pairwise(widths)))
        )
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        image = self.stem(image)
        skipped = []
        for down in self.down:
            skipped.append(image)
            image = down(image)
        for up in self.up:
            image = up(image, skipped.pop())
        return cast("Tensor", self.head(image))


class _Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.norm = nn.LayerNorm(16)
        self.encode = nn.LSTM(16, 24, num_layers=2, bidirectional=True, batch_first=True)
        self.score = nn.Linear(48, 9)

    def forward(self, tokens: Tensor) -> Tensor:
        states, _ = self.encode(self.norm(self.embed(tokens)))
        return F.log_softmax(self.score(states), dim=-1)
