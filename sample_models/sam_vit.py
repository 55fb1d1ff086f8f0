"""Segment Anything with its ViT-B image encoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import SamConfig, SamModel

__all__ = ["build", "example_inputs"]


def build() -> nn.Module:
    """The model with random weights, the same each time.

    Attention is the written-out kind: the fused one does not decompose into
    ONNX ops together with this model's relative position bias.
    """
    torch.manual_seed(0)
    model: nn.Module = SamModel(SamConfig(attn_implementation="eager"))
    return model.eval()


def example_inputs() -> dict[str, Tensor]:
    """One image of 1024 × 1024 pixels and one prompt of one point, in pixels."""
    return {
        "pixel_values": torch.linspace(-2, 2, 3 * 1024 * 1024).reshape(1, 3, 1024, 1024),
        "input_points": torch.tensor([[[[512.0, 384.0]]]]),
    }
