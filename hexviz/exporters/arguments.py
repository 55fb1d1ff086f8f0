"""Example values for arguments of a transformers model, by what the argument is called.

Sizes come from the model's configuration and its sub-configurations. Where a
name stands for values of several ranks (an image or a clip, a waveform or a
spectrogram), all of them are given, likeliest first, for whoever can try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

__all__ = ["TOKENS", "has_values", "values"]

TOKENS = 16
_SAMPLES = 16_000  # a second of sound at the rate that speech models expect
_FRAMES = 256  # of a spectrogram, where nothing says how many
_CLIP = 4  # frames of a clip, where nothing says how many
_TYPES = ("text_config", "vision_config", "audio_config", "encoder_config", "encoder", "decoder")


def has_values(argument: str) -> bool:
    """Whether values can be made for an argument of that name."""
    return argument.endswith(("input_ids", "attention_mask")) or argument in _MAKERS


def values(argument: str, config: Any) -> list[Tensor]:
    """Values for an argument, likeliest first; an empty list if nothing tells what it is."""
    if argument.endswith("input_ids"):
        return [_ids(config)]
    if argument.endswith("attention_mask"):
        return [torch.ones(1, TOKENS, dtype=torch.int64)]
    maker = _MAKERS.get(argument)
    return list(maker(config)) if maker else []


def _ids(config: Any) -> Tensor:
    vocabulary = _said(config, "vocab_size", among=("text_config",)) or 100
    # from 10 on, to stay clear of padding and other special ids
    return torch.arange(10, 10 + TOKENS).remainder(int(vocabulary)).unsqueeze(0)


def _images(config: Any) -> Iterator[Tensor]:
    image = _image(config)
    frames = _said(config, "num_frames", "frames_per_clip")
    if frames:
        yield _clip(image, frames)
    yield image
    if not frames:
        yield _clip(image, _CLIP)


def _clips(config: Any) -> Iterator[Tensor]:
    image = _image(config)
    yield _clip(image, _said(config, "num_frames", "frames_per_clip") or _CLIP)


def _image(config: Any) -> Tensor:
    vision = getattr(config, "vision_config", None) or config
    size = _said(vision, "image_size", "crop_size") or 224
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    channels = _said(vision, "num_channels", "in_channels", "in_chans") or 3
    return _ramp(1, int(channels), int(height), int(width))


def _clip(image: Tensor, frames: int) -> Tensor:
    return image.unsqueeze(1).repeat(1, int(frames), 1, 1, 1)


def _sounds(config: Any) -> Iterator[Tensor]:
    bins = _said(config, "num_mel_bins")
    spectrogram = _ramp(1, _said(config, "max_length") or _FRAMES, bins) if bins else None
    if spectrogram is not None and _said(config, "patch_size"):
        yield spectrogram
    channels = _said(config, "audio_channels")
    if channels:
        yield _ramp(1, int(channels), _SAMPLES)
    yield _ramp(1, _SAMPLES)
    if not channels:
        yield _ramp(1, 1, _SAMPLES)
    if spectrogram is not None:
        yield spectrogram


def _spectrograms(config: Any) -> Iterator[Tensor]:
    bins = _said(config, "num_mel_bins", "input_feat_per_channel", "feature_size") or 80
    positions = _said(config, "max_source_positions")
    # two spectrogram frames make one position in front of the encoder
    frames = 2 * int(positions) if positions else _FRAMES
    yield _ramp(1, int(bins), frames)
    for size in {bins, _said(config, "feature_projection_input_dim", "input_dim") or bins}:
        yield _ramp(1, _FRAMES, int(size))
    yield _ramp(1, 1, _FRAMES, int(bins))


def _series(config: Any) -> Iterator[Tensor]:
    length = int(_said(config, "context_length") or 64)
    lags = _said(config, "lags_sequence")
    channels = _said(config, "num_input_channels")
    if lags:
        yield _ramp(1, length + max(lags))
    if channels:
        yield _ramp(1, length, int(channels))
    yield _ramp(1, length)


def _time_features(config: Any) -> Iterator[Tensor]:
    length = int(_said(config, "context_length") or 64) + max(_said(config, "lags_sequence") or [0])
    yield _ramp(1, length, int(_said(config, "num_time_features") or 1))


def _observed(config: Any) -> Iterator[Tensor]:
    for series in _series(config):
        yield torch.ones_like(series)


def _hidden(config: Any) -> Iterator[Tensor]:
    for name in ("d_model", "hidden_size", "embed_dim", "dim"):
        size = _said(config, name)
        if size:
            yield _ramp(1, TOKENS, int(size))


_MAKERS: dict[str, Callable[[Any], Iterator[Tensor]]] = {
    "pixel_values": _images,
    "pixel_values_videos": _clips,
    "input_values": _sounds,
    "input_features": _spectrograms,
    "past_values": _series,
    "past_time_features": _time_features,
    "past_observed_mask": _observed,
    "inputs": _hidden,
    "inputs_embeds": _hidden,
    "latents": _hidden,
}


def _ramp(*shape: int) -> Tensor:
    count = 1
    for size in shape:
        count *= size
    return torch.linspace(-1, 1, count).reshape(shape)


def _said(config: Any, *names: str, among: tuple[str, ...] = _TYPES) -> Any:
    """The first of some attributes that a configuration has, or one of its parts."""
    parts = [config, *(getattr(config, part, None) for part in among)]
    for name in names:
        for part in parts:
            found = getattr(part, name, None)
            if found is not None and not isinstance(found, str):
                return found
    return None
