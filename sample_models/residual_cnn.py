"""A convolutional classifier with skip connections, the size of a CIFAR network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["build", "example_inputs"]


class ConvNorm(nn.Sequential):
    """A 3 × 3 convolution and its batch normalisation."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class ResidualBlock(nn.Module):
    """Two convolutions around which the input is added back, resized if it must be."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride)
        self.second = ConvNorm(outputs, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, image: Tensor) -> Tensor:
        """From (batch, inputs, height, width) to (batch, outputs, height / stride, …)."""
        inner = self.second(torch.relu(self.first(image)))
        return torch.relu(inner + self.shortcut(image))


class ResidualCNN(nn.Module):
    """A stem, three stages of residual blocks, and a linear head."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = ConvNorm(3, 16)
        self.stages = nn.Sequential(
            nn.Sequential(ResidualBlock(16, 16, 1), ResidualBlock(16, 16, 1)),
            nn.Sequential(ResidualBlock(16, 32, 2), ResidualBlock(32, 32, 1)),
            nn.Sequential(ResidualBlock(32, 64, 2), ResidualBlock(64, 64, 1)),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(64, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Class scores (batch, classes) for images (batch, 3, 32, 32)."""
        features = self.stages(torch.relu(self.stem(image)))
        scores: Tensor = self.head(self.pool(features).flatten(1))
        return scores


def build() -> nn.Module:
    """The network, with the same weights each time."""
    torch.manual_seed(0)
    return ResidualCNN().eval()


def example_inputs() -> tuple[Tensor, ...]:
    """One image of 32 × 32 pixels."""
    return (torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32),)
