"""Make example inputs for a model that says what it takes.

A plain ``nn.Module`` does not tell the shapes of its inputs, and guessing
them would trace a model that nobody runs. Two conventions do tell:
``example_input_array`` (Lightning) and ``main_input_name`` with a ``config``
(transformers). Nothing here knows any architecture by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hexviz.errors import SourceError

__all__ = ["as_call", "make_inputs"]

Call = tuple[tuple[Any, ...], dict[str, Any]]

_TOKENS = 16
_SAMPLES = 16_000  # a second of sound at the rate that speech models expect


def as_call(inputs: object) -> Call | None:
    """Example inputs as positional and keyword arguments, or ``None`` if they are no such thing.

    A mapping holds keywords, a tuple or list positions, a tensor is the one position.
    """
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    if isinstance(inputs, Mapping):
        return (), {str(name): value for name, value in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(inputs), {}
    return None


def make_inputs(model: nn.Module) -> Call:
    """Example inputs for ``model``, from what the model itself declares.

    Raises:
        SourceError: if it declares nothing to go by.
    """
    declared = as_call(getattr(model, "example_input_array", None))
    if declared is not None:
        return declared
    main = getattr(model, "main_input_name", None)
    config = getattr(model, "config", None)
    if isinstance(main, str) and config is not None:
        taken = frozenset(inspect.signature(model.forward).parameters)
        own = _own_dummies(model, main, taken)
        if own is not None:
            return (), own
        built = _build(main, config, taken)
        if built:
            return (), built
    raise SourceError(
        f"{type(model).__name__} does not say what inputs it takes: "
        "let the factory return (model, example_inputs)."
    )


def _own_dummies(model: nn.Module, main: str, taken: frozenset[str]) -> dict[str, Any] | None:
    """The model's ``dummy_inputs``, if its class has its own and its ``forward`` takes them.

    The one that all models share gives token ids without a mask, whatever the model.
    """
    # The shared one stands where ``main_input_name`` is first defined.
    chain = type(model).__mro__
    owner = next((cls for cls in chain if "dummy_inputs" in vars(cls)), None)
    base = next((cls for cls in reversed(chain) if "main_input_name" in vars(cls)), None)
    if owner is None or owner is base:
        return None
    dummies = getattr(model, "dummy_inputs", None)
    if isinstance(dummies, dict) and main in dummies and taken.issuperset(dummies):
        return dummies
    return None


def _build(main: str, config: Any, taken: frozenset[str]) -> dict[str, Tensor]:
    """The main input, and those that go with it where ``forward`` takes them."""
    inputs: dict[str, Tensor] = {}
    if main == "input_ids":
        inputs["input_ids"] = _ids(config)
        if "attention_mask" in taken:
            inputs["attention_mask"] = torch.ones(1, _TOKENS, dtype=torch.int64)
        if "pixel_values" in taken and hasattr(config, "vision_config"):
            inputs["pixel_values"] = _image(config)
    elif main == "pixel_values":
        inputs["pixel_values"] = _image(config)
    elif main == "input_values":
        inputs["input_values"] = torch.linspace(-1, 1, _SAMPLES).unsqueeze(0)
    elif main == "input_features":
        bins = getattr(config, "num_mel_bins", 80)
        # two spectrogram frames make one position in front of the encoder
        frames = 2 * getattr(config, "max_source_positions", 1500)
        inputs["input_features"] = torch.linspace(-1, 1, bins * frames).reshape(1, bins, frames)
    if inputs and "decoder_input_ids" in taken and getattr(config, "is_encoder_decoder", False):
        inputs["decoder_input_ids"] = _ids(config)
        if "decoder_attention_mask" in taken:
            inputs["decoder_attention_mask"] = torch.ones(1, _TOKENS, dtype=torch.int64)
    return inputs


def _ids(config: Any) -> Tensor:
    text = getattr(config, "text_config", None) or config
    vocabulary = getattr(text, "vocab_size", 100)
    # from 10 on, to stay clear of padding and other special ids
    return torch.arange(10, 10 + _TOKENS).remainder(vocabulary).unsqueeze(0)


def _image(config: Any) -> Tensor:
    vision = getattr(config, "vision_config", None) or config
    size = getattr(vision, "image_size", None) or 224
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    channels = getattr(vision, "num_channels", 3)
    return torch.linspace(-2, 2, channels * height * width).reshape(1, channels, height, width)
