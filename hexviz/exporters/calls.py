"""In which module's call each node of a TorchScript export ran, from the trace itself.

The exporter names a node by the last attributes of the modules that were open,
so two modules can have one scope (``/proj``) and a later call looks like
another module (``/fc_1``). But it also gives every scope the name of a class,
which no byte of the file depends on::

    torch.nn.modules.linear.Linear::proj        as PyTorch names it
    hexviz.call.7::proj                         as it is named here, for each call anew

So each node's own scope tells the call when the exporter makes its name.

Source: ``_setup_trace_module_map`` in torch 2.13.0,
torch/onnx/_internal/torchscript_exporter/utils.py, and ``_slow_forward`` in
torch/nn/modules/module.py.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from hexviz.model import fqn as names

__all__ = ["module_calls"]

_CLASS = "hexviz.call.{}::"

_CALL = re.compile(r"(?:^|/)hexviz\.call\.(\d+)::")

_NAME_NODES = "_jit_pass_onnx_assign_scoped_names_for_node_and_value"


@contextlib.contextmanager
def module_calls(model: nn.Module) -> Iterator[Mapping[str, str]]:
    """Node name → FQN of the module that it ran in, filled by an export while inside.

    A module with several names goes by the first of those that lie in the
    module that calls it; one that a list has several times, by its places in
    turn. Nodes that the exporter gives no scope (those in bodies) are left out,
    and all of them if this version of PyTorch does not name nodes so.
    """
    found: dict[str, str] = {}
    calls = _Calls(model)
    name_nodes: Any = getattr(torch._C, _NAME_NODES, None)

    def name_and_read(graph: torch._C.Graph) -> None:
        name_nodes(graph)
        for node in graph.nodes():
            fqn = calls.innermost(node.scopeName())
            if fqn is not None and node.hasAttribute("onnx_name"):
                found[node.s("onnx_name")] = fqn

    with contextlib.ExitStack() as stack:
        if name_nodes is not None:
            stack.callback(register_module_forward_pre_hook(calls.begin).remove)
            stack.callback(setattr, torch._C, _NAME_NODES, name_nodes)
            setattr(torch._C, _NAME_NODES, name_and_read)
        yield found


class _Calls:
    """The calls of one model's modules during a trace, numbered as they begin."""

    def __init__(self, model: nn.Module) -> None:
        self._names: dict[nn.Module, list[str]] = {}
        for fqn, module in model.named_modules(remove_duplicate=False):
            self._names.setdefault(module, []).append(fqn)
        self._fqns: list[str] = []  # by the number of the call
        self._callers: list[int | None] = []
        self._begun: Counter[tuple[int | None, nn.Module]] = Counter()

    def begin(self, module: nn.Module, _args: Any) -> None:
        """Name the scope that the exporter is about to open for the next call."""
        scopes, state = torch.jit._trace._trace_module_map, torch._C._get_tracing_state()
        if not scopes or not state or module not in scopes or module not in self._names:
            return
        given = scopes[module]
        own = _CALL.match(given)
        end = own.end() if own else len(torch.typename(type(module)) + "::")
        caller = self._number(state.current_scope())
        scopes[module] = _CLASS.format(len(self._fqns)) + given[end:]
        self._fqns.append(self._name(module, caller))
        self._callers.append(caller)

    def innermost(self, scope: str) -> str | None:
        """The FQN of the module that a scope's path ends in."""
        number = self._number(scope)
        return None if number is None else self._fqns[number]

    def _number(self, scope: str) -> int | None:
        found = _CALL.findall(scope)
        return int(found[-1]) if found else None

    def _name(self, module: nn.Module, caller: int | None) -> str:
        """Which of the names of a module this call goes by."""
        known = self._names[module]
        if len(known) == 1:
            return known[0]
        before = self._begun[caller, module]
        self._begun[caller, module] += 1
        around = caller
        while around is not None:
            inside = [one for one in known if names.is_within(one, self._fqns[around])]
            if inside:
                listed = all(one.rpartition(".")[2].isdecimal() for one in inside)
                return inside[before % len(inside) if listed else 0]
            around = self._callers[around]
        return known[0]
