"""Let a tracer that knows only positional tensors call a model as it wants to be called.

Wrapping such a model in another module would put the wrapper's scope before
every name (``/inner/encoder/…``) and prefix every weight. Instead the model's
own ``forward`` is replaced on the instance, for the time of the export::

    forward(input_ids=T, mask=T, use_cache=False) → {"last_hidden_state": T}
    forward(T, T)                                 → (T,)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from hexviz.exporters.subject import Exportable, argument_names

__all__ = ["Inputs", "flat_outputs", "flatten_inputs", "positional_forward", "unique"]


@dataclass(frozen=True)
class Inputs:
    """A call's arguments, taken apart: named tensors, and how to put the call together again.

    ``names`` and ``tensors`` are the tensors found in them, in order.
    """

    names: tuple[str, ...]
    tensors: tuple[torch.Tensor, ...]
    leaves: tuple[Any, ...]
    slots: tuple[int, ...]
    spec: pytree.TreeSpec

    def call(self, tensors: Iterable[torch.Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments with ``tensors`` in the places of the original ones."""
        leaves = list(self.leaves)
        for slot, tensor in zip(self.slots, tensors, strict=True):
            leaves[slot] = tensor
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return args, kwargs


def flatten_inputs(model: Exportable, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
    """Find the tensors among the arguments and name them after the arguments of ``forward``.

    A tensor inside a list or dict is named by its path (``states_0``).
    Whatever is no tensor stays bound as it is.
    """
    paths, spec = pytree.tree_flatten_with_path((args, dict(kwargs)))
    positional = argument_names(model, len(args))
    slots = [at for at, (_, leaf) in enumerate(paths) if isinstance(leaf, torch.Tensor)]
    names = []
    for slot in slots:
        path: list[Any] = list(paths[slot][0])  # keys are of several classes
        kind, argument, *rest = path
        first = positional[argument.idx] if kind.idx == 0 else argument.key
        names.append("_".join([str(first), *(pytree.keystr((key,)).strip(".[]'") for key in rest)]))
    return Inputs(
        names=unique(names),
        tensors=tuple(paths[slot][1] for slot in slots),
        leaves=tuple(leaf for _, leaf in paths),
        slots=tuple(slots),
        spec=spec,
    )


def flat_outputs(output: object, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in a model's output with the keys that lead to it, ``""`` if there are none.

    >>> one = torch.ones(1)
    >>> [name for name, _ in flat_outputs({"logits": one, "states": (one, one), "loss": None})]
    ['logits', 'states_0', 'states_1']
    >>> [name for name, _ in flat_outputs((one, one))]
    ['', '']
    """
    if isinstance(output, torch.Tensor):
        yield name, output
    elif isinstance(output, Mapping):
        for key, value in output.items():
            yield from flat_outputs(value, f"{name}_{key}" if name else str(key))
    elif isinstance(output, (tuple, list)):
        for index, value in enumerate(output):
            yield from flat_outputs(value, f"{name}_{index}" if name else "")
    else:
        leaves = pytree.tree_leaves(output)
        if not (len(leaves) == 1 and leaves[0] is output):
            yield from flat_outputs(leaves, name)


@contextlib.contextmanager
def positional_forward(model: nn.Module, inputs: Inputs) -> Iterator[None]:
    """Make ``model.forward`` take the tensors of ``inputs`` and return a tuple of tensors."""
    original = model.forward
    own = vars(model).get("forward")

    def forward(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        args, kwargs = inputs.call(tensors)
        return tuple(tensor for _, tensor in flat_outputs(original(*args, **kwargs)))

    model.forward = forward
    try:
        yield
    finally:
        if own is None:
            del model.forward
        else:
            model.forward = own


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """The names, with a counter added to any that is taken or comes again.

    >>> unique(["x", "x", "y"], taken=["y"])
    ('x', 'x_2', 'y_2')
    """
    used = set(taken)
    result = []
    for name in names:
        candidate, count = name, 2
        while candidate in used:
            candidate = f"{name}_{count}"
            count += 1
        used.add(candidate)
        result.append(candidate)
    return tuple(result)
