"""Switch a model to evaluation for the time of an export."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch import nn

from hexviz.exporters.subject import Exportable

__all__ = ["evaluating"]


@contextlib.contextmanager
def evaluating(model: Exportable) -> Iterator[None]:
    """Every module in evaluation mode while inside, and each back to what it was: flags may differ.

    Where ``eval()`` is not to be had (captured graphs, which have the mode
    that they were captured in), the flags alone are set.
    """
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    # A frozen scripted module has no such flag.
    before = [(module, getattr(module, "training", None)) for module in modules]
    try:
        if modules:
            _evaluate(modules)
        yield
    finally:
        for module, training in before:
            if training is not None and module.training is not training:
                module.training = training


def _evaluate(modules: list[nn.Module]) -> None:
    try:
        modules[0].eval()
    # ``train`` may be the model's own code, which can raise anything; captured graphs refuse it.
    except Exception:  # noqa: BLE001
        for module in modules:
            if getattr(module, "training", False):
                module.training = False
