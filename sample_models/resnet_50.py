"""ResNet-50, the image classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import ResNetConfig, ResNetForImageClassification

__all__ = ["build", "example_inputs"]


def build() -> nn.Module:
    """The model with random weights, the same each time."""
    torch.manual_seed(0)
    # the configuration's defaults are ResNet-50's, but for the number of classes
    model: nn.Module = ResNetForImageClassification(ResNetConfig(num_labels=1000))
    return model.eval()


def example_inputs() -> dict[str, Tensor]:
    """One image of 224 × 224 pixels."""
    return {"pixel_values": torch.linspace(-2, 2, 3 * 224 * 224).reshape(1, 3, 224, 224)}
