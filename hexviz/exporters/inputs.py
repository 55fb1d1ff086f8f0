"""Make example inputs for a model that says what it takes.

A plain ``nn.Module`` does not tell the shapes of its inputs, and guessing
them would trace a model that nobody runs. Two conventions do tell:
``example_input_array`` (Lightning) and ``main_input_name`` with a ``config``
(transformers), beside what a ``torch.onnx.ExportableModule`` brings itself.
Nothing here knows any architecture by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree

from hexviz.errors import SourceError
from hexviz.exporters.arguments import has_values, values
from hexviz.exporters.subject import Exportable, argument_names, bound_arguments, call_of
from hexviz.exporters.wrappers import inner_module

__all__ = ["as_call", "make_inputs", "open_shapes"]

Call = tuple[tuple[Any, ...], dict[str, Any]]


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
    if isinstance(model, torch.onnx.ExportableModule):
        args, kwargs = model.example_arguments()
        return tuple(args), dict(kwargs or {})
    names = getattr(model, "main_input_name", None)
    config = getattr(model, "config", None)
    if names and config is not None:
        main = names if isinstance(names, str) else names[0]
        own = _own_dummies(model, main, frozenset(inspect.signature(model.forward).parameters))
        if own is not None:
            return (), own
        built = _build(model, main, config)
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


def _build(model: nn.Module, main: str, config: Any) -> dict[str, Tensor]:
    """The main input, what ``forward`` cannot do without, and what goes with it."""
    taken = inspect.signature(model.forward).parameters
    needed = [name for name, one in taken.items() if one.default is one.empty and has_values(name)]
    wanted = [main] if main in taken else []
    wanted += needed
    if "input_ids" in wanted:
        wanted += ["attention_mask"]
        if hasattr(config, "vision_config"):
            wanted += ["pixel_values"]
    if wanted and getattr(config, "is_encoder_decoder", False):
        wanted += ["decoder_input_ids"]
        if "decoder_input_ids" in taken:
            wanted += ["decoder_attention_mask"]
    choices = {name: values(name, config) for name in dict.fromkeys(wanted) if name in taken}
    choices = {name: some for name, some in choices.items() if some}
    calls = [
        {name: some[min(at, len(some) - 1)] for name, some in choices.items()}
        for at in range(max(map(len, choices.values()), default=0))
    ]
    if len(calls) < 2:
        return calls[0] if calls else {}
    # Pictures that go with a text are optional, and have to fit marks in it that nobody can guess.
    alone = {name: calls[0][name] for name in calls[0] if name != "pixel_values"}
    if main in alone and "pixel_values" not in needed:
        calls.append(alone)
    return next((call for call in calls if _runs(model, call)), calls[0])


def _runs(model: nn.Module, call: dict[str, Tensor]) -> bool:
    """Whether ``model`` accepts a call, found out without computing anything."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    device = next((one.device for one in model.parameters()), torch.device("cpu"))
    try:
        with mode, torch.no_grad():
            model(**{name: mode.from_tensor(value).to(device) for name, value in call.items()})
    # The model's own code says no in any way it likes.
    except Exception:  # noqa: BLE001
        return False
    return True


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
