"""How long each module's own ``forward`` takes while an exporter runs the model.

Measured by torch's global hooks, which an exporter does not see: nothing is
put on the model, and what is exported is the same byte for byte. Only where
Dynamo *reads* a forward instead of running it are they in its way, so who
exports says when to watch.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from hexviz.exporters.subject import Exportable

__all__ = ["ModuleTimes"]


@dataclass(slots=True)
class _Call:
    fqn: str
    began: float
    inside: float = 0.0  # seconds in the modules that it called


class ModuleTimes:
    """Sums up the seconds of one model's modules, from :meth:`watch` to :meth:`rest`."""

    def __init__(self, model: Exportable) -> None:
        # torch.export calls stand-ins for modules, which share their attributes: what tells
        # modules apart in both worlds is the dictionary of these. It lives as long as the model.
        named = model.named_modules() if isinstance(model, nn.Module) else ()
        self._known = {id(vars(module)): fqn for fqn, module in named}
        self._seconds: dict[str, float] = {}
        self._calls: list[_Call] = []
        self._hooks = contextlib.ExitStack()
        self._watching = False
        self._thread = threading.get_ident()

    @property
    def seconds(self) -> Mapping[str, float]:
        """FQN → seconds in the module's own ``forward`` so far, in the order of first returns.

        What the modules that it calls took is theirs. A module with several
        names goes by the first; one that was never called is left out.
        """
        return MappingProxyType(self._seconds)

    def watch(self) -> None:
        """Measure from now on, what is called by this thread; once more changes nothing."""
        if not self._watching:
            self._watching = True
            before = register_module_forward_pre_hook(self._enter)
            self._hooks.callback(before.remove)
            after = register_module_forward_hook(self._leave, always_call=True)
            self._hooks.callback(after.remove)

    def rest(self) -> None:
        """Measure no more, until told to."""
        self._hooks.close()
        self._calls.clear()
        self._watching = False

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """A block at whose end it rests, however that comes."""
        try:
            yield
        finally:
            self.rest()

    def _enter(self, module: nn.Module, _args: Any) -> None:
        fqn = self._fqn(module)
        if fqn is not None:
            self._calls.append(_Call(fqn, time.perf_counter()))

    def _leave(self, module: nn.Module, _args: Any, _result: Any) -> None:
        fqn = self._fqn(module)
        if fqn is None or all(call.fqn != fqn for call in self._calls):
            return
        now = time.perf_counter()
        inside = 0.0
        # A call that raised may not have been told of (torch.export keeps such hooks silent):
        # its own time is its caller's, who dealt with that.
        while (call := self._calls.pop()).fqn != fqn:
            inside += call.inside
        took = now - call.began
        own = max(0.0, took - call.inside - inside)  # rounding may take it below
        self._seconds[call.fqn] = self._seconds.get(call.fqn, 0.0) + own
        if self._calls:
            self._calls[-1].inside += took

    def _fqn(self, module: nn.Module) -> str | None:
        # Where a part of a model is compiled on the way, Dynamo reads this as well, up to here.
        if torch.compiler.is_dynamo_compiling() or threading.get_ident() != self._thread:
            return None
        return self._known.get(id(vars(module)))
