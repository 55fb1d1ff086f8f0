"""What torch knows of a model's modules: class names and parameter counts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from hexviz.exporters.subject import Exportable
from hexviz.model.modules import ModuleInfo

__all__ = ["class_name", "describe_modules"]


def describe_modules(model: Exportable) -> dict[str, ModuleInfo]:
    """FQN → class name and parameter count, for the root and every module that can run.

    Containers without a ``forward`` (ModuleList, ModuleDict) own no ops and
    are left out. A module that is reachable by several names is listed under
    each of them, because an exporter may use any of them for a call; those
    after the first say which that is::

        self.a = self.b = Linear()      "a": Linear, "b": Linear, the same as "a"

    ``parameters`` counts elements in the module and below it; a parameter
    that several modules share counts once in each module that holds it. It
    is ``None`` while a lazy module has not seen its shapes. Of a captured
    graph (an exported program, what its ``module()`` returns), the modules are
    those whose calls it recorded.
    """
    if isinstance(model, torch.export.ExportedProgram):
        return _recorded_modules(model.graph, dict(model.named_parameters()))
    if isinstance(model, torch.jit.ScriptFunction):
        return {"": ModuleInfo(class_name(model), 0)}
    first: dict[int, str] = {}  # a module need not be hashable
    modules = {}
    for fqn, module in model.named_modules(remove_duplicate=False):
        name = first.setdefault(id(module), fqn)
        if not fqn or _runs(module):
            modules[fqn] = ModuleInfo(
                class_name(module),
                _count(module.parameters()),
                same_as=name if name != fqn else "",
            )
        if isinstance(module, torch.fx.GraphModule):
            inside = _recorded_modules(module.graph, dict(module.named_parameters()))
            for below, info in inside.items():
                modules[".".join(filter(None, (fqn, below)))] = info
    return modules


def class_name(module: object) -> str:
    """The name of a module's class; of a scripted one, that of the class it was made from."""
    if isinstance(module, torch.jit.ScriptFunction):
        return str(module.name)
    if isinstance(module, torch.jit.ScriptModule):
        return str(module.original_name)
    return type(module).__name__


def _runs(module: nn.Module) -> bool:
    if isinstance(module, torch.jit.ScriptModule):
        return bool(module._c._has_method("forward"))
    # The class's own entry: what a descriptor makes of it does not matter here.
    stands_for_nothing = inspect.getattr_static(nn.Module, "forward")
    own = inspect.getattr_static(type(module), "forward")
    return "forward" in vars(module) or own is not stands_for_nothing


def _count(parameters: Iterable[nn.Parameter]) -> int | None:
    parameters = list(parameters)
    if any(nn.parameter.is_lazy(parameter) for parameter in parameters):
        return None
    return sum(parameter.numel() for parameter in parameters)


def _recorded_modules(
    graph: torch.fx.Graph, parameters: Mapping[str, nn.Parameter]
) -> dict[str, ModuleInfo]:
    """The modules that the nodes of a captured graph say that they came from."""
    classes: dict[str, str] = {}
    for node in graph.nodes:
        for fqn, cls in (node.meta.get("nn_module_stack") or {}).values():
            name = cls if isinstance(cls, str) else cls.__name__
            classes.setdefault(fqn, name.rpartition(".")[2])
    return {
        fqn: ModuleInfo(name, _count(of for path, of in parameters.items() if _holds(fqn, path)))
        for fqn, name in classes.items()
    }


def _holds(fqn: str, path: str) -> bool:
    return not fqn or path.startswith(f"{fqn}.")
