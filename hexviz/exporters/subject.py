"""What can be exported, and what it is called with."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import nn

__all__ = ["Call", "Exportable", "argument_names", "bound_arguments", "call_of", "parameters_of"]

Exportable: TypeAlias = (
    "nn.Module | torch.export.ExportedProgram | torch.jit.ScriptFunction[Any, Any]"
)
"""A module, scripted ones included; what ``torch.export`` made; a scripted function."""

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments."""


def call_of(model: Exportable, args: Any, kwargs: Mapping[str, Any] | None) -> Call:
    """The arguments as ``model`` is called with them.

    A single tensor stands for a tuple of one. As for ``torch.onnx.export``, a
    dict at the end of ``args`` holds keywords, but not where ``forward`` can
    only take it as it is.
    """
    args = (args,) if isinstance(args, torch.Tensor) else tuple(args)
    if kwargs or not args or not isinstance(args[-1], dict):
        return args, dict(kwargs or {})
    *front, last = args
    names = all(isinstance(key, str) for key in last)
    if names and (_binds(model, front, last) or not _binds(model, args, {})):
        return tuple(front), last
    return args, {}


def _binds(model: Exportable, args: Any, kwargs: Mapping[str, Any]) -> bool:
    return bound_arguments(model, args, kwargs) is not None


def bound_arguments(
    model: Exportable, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Parameter of ``forward`` → what it is called with; ``None`` if it cannot be.

    As in any signature, ``*parts`` is one tuple and ``**rest`` one dict.
    """
    try:
        signature = inspect.signature(getattr(model, "forward", model))
        return dict(signature.bind(*args, **kwargs).arguments)
    # A traced module's forward has no signature at all.
    except (TypeError, ValueError):
        return None


def argument_names(model: Exportable, count: int) -> list[str]:
    """The names of the first ``count`` positional arguments of a model's ``forward``."""
    forward = getattr(model, "forward", model)
    schema = getattr(forward, "schema", None)
    if schema is not None:  # scripted, and the only thing that a traced one says
        return [one.name for one in schema.arguments if one.name != "self"][:count]
    names: list[str] = []
    for name, parameter in inspect.signature(forward).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            names.extend(f"{name}_{index}" for index in range(count - len(names)))
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            names.append(name)
    return names[:count]


def parameters_of(model: Exportable) -> list[nn.Parameter]:
    """A model's parameters; a function has none."""
    return [] if isinstance(model, torch.jit.ScriptFunction) else list(model.parameters())
