"""GPT-2 in its 124 million parameter size, with its language-modelling head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

__all__ = ["build", "example_inputs"]


def build() -> nn.Module:
    """The model with random weights, the same each time.

    It keeps no cache of keys and values between calls, which a graph of one
    forward pass could not hold.
    """
    torch.manual_seed(0)
    model: nn.Module = GPT2LMHeadModel(GPT2Config(use_cache=False))
    return model.eval()


def example_inputs() -> dict[str, Tensor]:
    """One sequence of 16 ids.

    The mask is spelled out although nothing is masked: without it the model
    looks for packed sequences in a way that TorchScript cannot export.
    """
    return {
        "input_ids": torch.arange(100, 116).reshape(1, 16),
        "attention_mask": torch.ones(1, 16, dtype=torch.int64),
    }
