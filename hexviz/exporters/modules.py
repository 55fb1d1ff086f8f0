"""What torch knows of a model's modules: class names and parameter counts."""

from __future__ import annotations

from torch import nn

from hexviz.model.modules import ModuleInfo

__all__ = ["describe_modules"]


def describe_modules(model: nn.Module) -> dict[str, ModuleInfo]:
    """FQN → class name and parameter count, for the root and every module that can run.

    Containers without a ``forward`` (ModuleList, ModuleDict) own no ops and
    are left out. A module that is reachable by several names is listed under
    each of them, because an exporter may use any of them for a call; those
    after the first say which that is::

        self.a = self.b = Linear()      "a": Linear, "b": Linear, the same as "a"

    ``parameters`` counts elements in the module and below it; a parameter
    that several modules share counts once in each module that holds it. It
    is ``None`` while a lazy module has not seen its shapes.
    """
    first: dict[nn.Module, str] = {}
    found = {}
    for fqn, module in model.named_modules(remove_duplicate=False):
        name = first.setdefault(module, fqn)
        if not fqn or _runs(module):
            found[fqn] = ModuleInfo(
                type(module).__name__, _parameters(module), same_as=name if name != fqn else ""
            )
    return found


def _runs(module: nn.Module) -> bool:
    return "forward" in vars(module) or type(module).forward is not nn.Module.forward


def _parameters(module: nn.Module) -> int | None:
    parameters = list(module.parameters())
    if any(nn.parameter.is_lazy(parameter) for parameter in parameters):
        return None
    return sum(parameter.numel() for parameter in parameters)
