"""Hooks on every module of a model, and a recorder of what each call of each gives."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hexviz.exporters.watched_tensors import (
    Array,
    fingerprint,
    same,
    tensors_in,
    to_array,
)
from hexviz.extraction.spill import Spill

__all__ = ["Call", "Hooks", "Recorder", "WatchedOutput"]


@dataclass(frozen=True, slots=True)
class WatchedOutput:
    """One tensor that a call gave; fields as in ``hexviz.measure.parity.reference.CallOutput``."""

    module: str
    call: int
    output: int
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    noise: float | None = None
    same_as: int | None = None
    owners: tuple[str, ...] = ()
    handed_to: str = ""
    reads: tuple[int, ...] = ()


@dataclass(slots=True)
class Call:
    """A call that is open, or was: its inputs' and outputs' places among all outputs, if known."""

    module: str
    number: int
    target: nn.Module
    begun: int = 0
    gave: str = ""
    inputs: list[int | None] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)
    handed: int = 0


class Hooks:
    """Hooks on all modules, and the stack of the calls that are open."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.names: dict[int, list[str]] = {}
        self.modules: dict[int, nn.Module] = {}
        for fqn, module in model.named_modules(remove_duplicate=False):
            self.names.setdefault(id(module), []).append(fqn)
            self.modules[id(module)] = module
        self.notes: list[str] = []

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on while inside; the model comes back without them, also after a failure."""
        self.stack: list[Call] = []
        self.counts: dict[str, int] = {}
        with contextlib.ExitStack() as undo:
            for module in self.modules.values():
                if isinstance(module, torch.jit.ScriptModule):
                    self._note_script(module)
                    continue
                # First of all hooks before, last of all after: others' belong to the module.
                before = module.register_forward_pre_hook(
                    self._before, with_kwargs=True, prepend=True
                )
                after = module.register_forward_hook(self._after, with_kwargs=True)
                undo.callback(before.remove)
                undo.callback(after.remove)
            undo.callback(self.left)
            yield

    def left(self) -> None:
        """The run has ended, or failed."""

    def entered(self, call: Call, tensors: list[Tensor]) -> None:
        """A call begins, with these tensors among its arguments."""

    def returned(self, call: Call, tensors: list[Tensor]) -> None:
        """A call gave these tensors."""

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        fqn = self._name(module)
        call = Call(fqn, self.counts.get(fqn, 0), module)
        self.counts[fqn] = call.number + 1
        self.entered(call, tensors_in((args, kwargs)))
        self.stack.append(call)

    def _after(self, _module: nn.Module, _args: Any, _kwargs: Any, gave: Any) -> None:
        call = self.stack.pop()
        call.gave = type(gave).__name__
        self.returned(call, tensors_in(gave))

    def _name(self, module: nn.Module) -> str:
        """Of the names of a module, the one below the module that calls it."""
        names = self.names[id(module)]
        if len(names) > 1 and self.stack:
            above = self.stack[-1].module
            below = [name for name in names if not above or name.startswith(f"{above}.")]
            names = below or names
        return min(names, key=lambda name: name.count("."))

    def _note_script(self, module: nn.Module) -> None:
        fqn = self.names[id(module)][0]
        note = f"{fqn or 'The model'} is scripted, so the modules inside it cannot be watched."
        if not any(fqn.startswith(f"{one.split(' ')[0]}.") for one in self.notes):
            self.notes.append(note)


class Recorder(Hooks):
    """The first run: every output to disk."""

    def __init__(self, model: nn.Module, spill: Spill) -> None:
        super().__init__(model)
        self.spill = spill
        self.outputs: list[WatchedOutput] = []
        self.tensorless: list[tuple[str, int, str]] = []
        self.calls: dict[tuple[str, int], Call] = {}
        self._known: dict[Any, list[int]] = {}
        self._given: set[Any] = set()

    def entered(self, call: Call, tensors: list[Tensor]) -> None:
        """Note what a call is given, and keep what no call gave: its caller made it."""
        call.begun = len(self.outputs)
        self.calls[call.module, call.number] = call
        arrays = [to_array(one) for one in tensors]
        if not self.stack:
            self._given = {fingerprint(one) for one in arrays}
            call.inputs = [None] * len(arrays)
            return
        for tensor, array in zip(tensors, arrays, strict=True):
            print_ = fingerprint(array)
            at = self._place(array, print_, 0, None)
            if at is None and print_ not in self._given and not isinstance(tensor, nn.Parameter):
                caller = self.stack[-1]
                at = self._keep(caller, 1000 + caller.handed, array, print_, None, call.module)
                caller.handed += 1
            call.inputs.append(at)

    def returned(self, call: Call, tensors: list[Tensor]) -> None:
        """Keep what a call gives."""
        if not tensors and call.gave != "NoneType":
            self.tensorless.append((call.module, call.number, call.gave))
        own = [at for at in call.inputs if at is not None]
        for output, tensor in enumerate(tensors):
            array = to_array(tensor)
            print_ = fingerprint(array)
            if print_ in self._given and self._place(array, print_, call.begun, own) is None:
                call.outputs.append(None)  # the model's own input, which nothing computed
                continue
            same = self._place(array, print_, call.begun, own)
            call.outputs.append(self._keep(call, output, array, print_, same, ""))

    def _place(self, array: Array, print_: Any, begun: int, own: list[int] | None) -> int | None:
        """The first output that is this tensor, of those made since ``begun`` or in ``own``."""
        for at in self._known.get(print_, ()):
            if (at >= begun or (own is not None and at in own)) and same(
                self.spill.load(self.outputs[at].key), array
            ):
                return at
        return None

    def _keep(
        self,
        call: Call,
        output: int,
        array: Array,
        print_: Any,
        same: int | None,
        handed_to: str,
    ) -> int:
        at = len(self.outputs)
        key = f"{at}" if same is None else self.outputs[same].key
        if same is None:
            self.spill.store(key, array)
            self._known.setdefault(print_, []).append(at)
        names = self.names_of(call.module)
        self.outputs.append(
            WatchedOutput(
                module=call.module,
                call=call.number,
                output=output,
                key=key,
                shape=tuple(array.shape),
                dtype=array.dtype,
                same_as=same,
                owners=tuple(one for one in names if one != call.module),
                handed_to=handed_to,
                reads=() if handed_to else tuple(one for one in call.inputs if one is not None),
            )
        )
        return at if same is None else same

    def names_of(self, fqn: str) -> list[str]:
        """All names of a module that has this one."""
        module = self.model.get_submodule(fqn) if fqn else self.model
        return self.names[id(module)]

    def left(self) -> None:
        """Count what was handed over on behind the outputs proper."""
        # What is handed over counts on behind the outputs proper, whose number is known only now.
        proper: dict[tuple[str, int], int] = {}
        for one in self.outputs:
            if not one.handed_to:
                key = (one.module, one.call)
                proper[key] = max(proper.get(key, 0), one.output + 1)
        self.outputs = [
            dataclasses.replace(
                one, output=one.output - 1000 + proper.get((one.module, one.call), 0)
            )
            if one.handed_to
            else one
            for one in self.outputs
        ]
