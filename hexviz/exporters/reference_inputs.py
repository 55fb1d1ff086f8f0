"""What a reference model is run on: given inputs, or its examples with values that hide no fault.

Example inputs are made to export with, and hide what is wrong: a mask of ones masks nothing, a row
of ids reads a corner of the vocabulary, zeros multiply any weight away::

    attention_mask  1 1 1 1 1 1 1 1      →  1 1 1 1 1 1 0 0     so that a graph without mask shows
    input_ids       10 11 12 13 …        →  412 7 93 …          all over the embedding
    token_type_ids  0 0 0 0 …            →  1 0 1 1 …
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hexviz.errors import SourceError
from hexviz.exporters.inputs import as_call, make_inputs
from hexviz.exporters.model_source import Source
from hexviz.exporters.rebind import Inputs, flatten_inputs
from hexviz.exporters.subject import call_of
from hexviz.exporters.watched_tensors import to_array
from hexviz.exporters.wrappers import inner_module

__all__ = ["named_inputs", "source_of", "telling", "weights_of", "with_arrays"]

Array = npt.NDArray[Any]

_SEED = 22
_MASKED = 4  # one in so many positions of a mask is masked out


def source_of(reference: object, inputs: Mapping[str, Array] | None) -> Source:
    """A model, or a pair of a model and its example inputs, as a source.

    A model alone is called with the given arrays by name, or with what it declares itself.

    Raises:
        SourceError: if it is neither, or nothing says what the model takes.
    """
    model, call = reference, None
    if isinstance(reference, tuple) and len(reference) == 2:
        model, call = reference[0], as_call(reference[1])
    if not isinstance(model, nn.Module):
        raise SourceError(
            f"The reference is of type {type(reference).__name__}: give a torch.nn.Module, a pair "
            "(model, example_inputs), a SOURCE, or another graph."
        )
    if call is None and inputs is not None:
        taken = inspect.signature(inner_module(model).forward).parameters
        if set(inputs) <= set(taken):
            arrays = {
                name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in inputs.items()
            }
            call = (), arrays
    args, kwargs = call if call is not None else make_inputs(model)
    return Source(model, args, kwargs, type(model).__name__)


def weights_of(model: nn.Module) -> dict[str, Callable[[], Array | None]]:
    """A model's parameters and buffers, by the names that an export gives them."""
    inner = inner_module(model)
    held = inner.state_dict(keep_vars=True)
    return {
        name: partial(to_array, tensor)
        for name, tensor in held.items()
        if isinstance(tensor, Tensor) and tensor.layout == torch.strided and not tensor.is_meta
    }


def named_inputs(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
    """The tensors among a model's arguments, by the names that an export gives them."""
    inner = inner_module(model)
    args, kwargs = call_of(inner, args, kwargs)
    return flatten_inputs(inner, args, kwargs)


def telling(inputs: Inputs, limits: Mapping[str, int]) -> tuple[Inputs, tuple[str, ...]]:
    """The same inputs with values that let a fault show, and what was changed.

    ``limits`` says of indices how many rows there are in what they point into. Shapes and types
    stay, and so do numbers that say something: positions in order, floats that differ.
    """
    draw = torch.Generator().manual_seed(_SEED)
    tensors, notes = [], []
    for name, tensor in zip(inputs.names, inputs.tensors, strict=True):
        changed, note = _telling(tensor, limits.get(name), draw)
        tensors.append(changed)
        if note:
            notes.append(f"{name}: {note}")
    return replace(inputs, tensors=tuple(tensors)), tuple(notes)


def _telling(tensor: Tensor, limit: int | None, draw: torch.Generator) -> tuple[Tensor, str]:
    if not tensor.numel():
        return tensor, ""
    is_whole = not tensor.is_floating_point() and not tensor.is_complex()
    is_constant = bool((tensor == tensor.reshape(-1)[0]).all())
    if is_whole and limit is not None and limit > 1 and not _is_counting(tensor):
        ids = torch.randint(0, limit, tensor.shape, generator=draw).to(tensor.dtype)
        return ids, f"all over the {limit} rows that it points into"
    if is_whole and is_constant and tensor.dim() == 2 and bool(tensor.reshape(-1)[0] == 1):
        masked = max(1, tensor.shape[-1] // _MASKED)
        if masked < tensor.shape[-1]:
            changed = tensor.clone()
            changed[-1, -masked:] = 0
            return changed, f"the last {masked} of a row are 0"
    if tensor.is_floating_point() and is_constant:
        drawn = torch.randn(tensor.shape, generator=draw, dtype=torch.float32)
        return drawn.to(tensor.dtype), "drawn from a normal distribution"
    return tensor, ""


def _is_counting(tensor: Tensor) -> bool:
    """Whether the rows are 0, 1, 2, …: positions, which mean what they are."""
    row = torch.arange(tensor.shape[-1]) if tensor.dim() else torch.zeros(())
    return tensor.dim() > 0 and tensor.shape[-1] > 1 and bool((tensor == row).all())


def with_arrays(
    inputs: Inputs, arrays: Mapping[str, Array], names: Mapping[str, str]
) -> tuple[Inputs, frozenset[str]]:
    """The same call with given arrays in the places of the tensors, and the names that were used.

    Arrays go by the model's own names or by those of the graph's inputs, which ``names`` maps to
    the model's.

    Raises:
        SourceError: if an array has a type that the model's input cannot have.
    """
    by_name = {names.get(name, name): (name, array) for name, array in arrays.items()}
    tensors, used = [], set()
    for name, tensor in zip(inputs.names, inputs.tensors, strict=True):
        if name not in by_name:
            tensors.append(tensor)
            continue
        given, array = by_name[name]
        used.add(given)
        if array.dtype.kind not in "biufc":
            raise SourceError(f"The input {given!r} is {array.dtype}, which no tensor can be.")
        made = torch.from_numpy(np.ascontiguousarray(array))
        if made.is_floating_point() == tensor.is_floating_point():
            made = made.to(tensor.dtype)
        tensors.append(made)
    return replace(inputs, tensors=tuple(tensors)), frozenset(used)
