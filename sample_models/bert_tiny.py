"""BERT in its smallest published size: 2 layers, width 128, 2 heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

__all__ = ["build", "example_inputs"]


def build() -> nn.Module:
    """The model with random weights, the same each time."""
    torch.manual_seed(0)
    model: nn.Module = BertModel(
        BertConfig(
            vocab_size=30522,
            hidden_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=512,
        )
    )
    return model.eval()


def example_inputs() -> dict[str, Tensor]:
    """Two sequences of 16 ids; the second is padded after 11."""
    mask = torch.ones(2, 16, dtype=torch.int64)
    mask[1, 11:] = 0
    return {"input_ids": torch.arange(1000, 1032).reshape(2, 16) * mask, "attention_mask": mask}
