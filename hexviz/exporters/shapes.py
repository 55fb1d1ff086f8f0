"""Dynamic shapes for every input of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from hexviz.exporters.subject import Exportable, argument_names, bound_arguments, call_of
from hexviz.exporters.wrappers import inner_module

__all__ = ["open_shapes"]


def open_shapes(model: Exportable, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Every dimension of every tensor among the arguments marked as open.

    The result is nested as the arguments are, with ``None`` where there is no
    tensor, as :func:`torch.export.export` takes it::

        x, past=(tensor, None)    {"x": {0: AUTO, …}, "past": ({0: AUTO, …}, None)}
    """
    if isinstance(model, nn.Module):
        model = inner_module(model)
    args, kwargs = call_of(model, args, kwargs)
    if bound_arguments(model, args, kwargs) is None:  # traced, so it takes tensors alone
        names = argument_names(model, len(args))
        return {name: _opened(value) for name, value in zip(names, args, strict=False)}
    shapes: Any = torch.export.ShapesCollection()  # type: ignore[no-untyped-call]
    for leaf in pytree.tree_leaves((args, kwargs)):
        if isinstance(leaf, torch.Tensor):
            shapes[leaf] = _opened(leaf)
    return shapes.dynamic_shapes(model, args, kwargs)


def _opened(value: object) -> dict[int, Any] | None:
    if not isinstance(value, torch.Tensor):
        return None
    return dict.fromkeys(range(value.dim()), torch.export.Dim.AUTO)
