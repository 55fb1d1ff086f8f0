"""Further runs of a watched model: in 64-bit floats for its noise, and again for what is random."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hexviz.errors import SourceError
from hexviz.exporters.call_recorder import Call, Hooks, Recorder
from hexviz.exporters.foreign_errors import first_line
from hexviz.exporters.watched_tensors import as_plain, close, copied, to_array

__all__ = ["noise_of", "refuse_stochastic"]

_HUGE = 1e30  # a mask's "minus infinity", which depends on the type: no number to compare
_CHUNK = 1 << 14  # elements compared at a time, which a cache holds in 64 bits


class _Again(Hooks):
    """Another run of the same calls, beside what the first one gave."""

    def __init__(self, first: Recorder) -> None:
        super().__init__(first.model)
        self.first = first

    def entered(self, call: Call, tensors: list[Tensor]) -> None:
        known = self._first(call)
        if self.stack and len(known.inputs) == len(tensors):
            caller = self.stack[-1].module
            for at, tensor in zip(known.inputs, tensors, strict=True):
                if at is not None:
                    made = self.first.outputs[at]
                    self.met(at, tensor, fresh=bool(made.handed_to) and made.module == caller)

    def returned(self, call: Call, tensors: list[Tensor]) -> None:
        known = self._first(call)
        if len(known.outputs) == len(tensors):
            for at, tensor in zip(known.outputs, tensors, strict=True):
                if at is not None:
                    self.met(at, tensor, fresh=True)

    def met(self, at: int, tensor: Tensor, *, fresh: bool) -> None:
        """The tensor that was output ``at``; ``fresh`` if nobody has met it before in this run."""

    def _first(self, call: Call) -> Call:
        return self.first.calls.get((call.module, call.number), call)


class _Exact(_Again):
    """The run in 64-bit floats: how far each output is from the first run's, then that one's."""

    def __init__(self, first: Recorder) -> None:
        super().__init__(first)
        self.noise: dict[int, float] = {}
        self._called = {fqn for fqn, _ in first.calls}
        self._cast: list[list[Callable[[], None]]] = []

    def entered(self, call: Call, tensors: list[Tensor]) -> None:
        self._cast.append(list(_as_double(call.target, self._uncalled(call.target))))
        super().entered(call, tensors)

    def returned(self, call: Call, tensors: list[Tensor]) -> None:
        super().returned(call, tensors)
        for undo in reversed(self._cast.pop()):
            undo()

    def left(self) -> None:
        while self._cast:
            for undo in reversed(self._cast.pop()):
                undo()

    def met(self, at: int, tensor: Tensor, *, fresh: bool) -> None:
        if not tensor.is_floating_point():
            return
        theirs = torch.from_numpy(as_plain(self.first.spill.load(self.first.outputs[at].key)))
        if theirs.shape != tensor.shape:
            return
        if fresh and at not in self.noise:
            self.noise[at] = _relative(tensor, theirs)
        # In place, so that whatever else is a view of it goes along.
        with contextlib.suppress(RuntimeError):  # an expanded tensor cannot be written to
            tensor.copy_(theirs)

    def _uncalled(self, module: nn.Module) -> Iterator[nn.Module]:
        """Modules below whose parameters the module uses without calling them.

        Not those that are called inside one that is not, a ModuleList: they are cast by themselves,
        or a whole encoder would be held in 64 bits.
        """
        for child in module.children():
            if self._called.isdisjoint(self.names.get(id(child), ())):
                yield child
                yield from self._uncalled(child)


def _as_double(module: nn.Module, uncalled: Iterable[nn.Module]) -> Iterator[Callable[[], None]]:
    """Cast what a module holds itself; each step yields how to undo it."""
    for owner in (module, *uncalled):
        for parameter in owner.parameters(recurse=False):
            if parameter.is_floating_point() and parameter.dtype != torch.float64:
                original = parameter.data
                parameter.data = original.double()
                yield _setter(parameter, original)
        for name, buffer in list(owner.named_buffers(recurse=False)):
            if buffer.is_floating_point() and buffer.dtype != torch.float64:
                owner._buffers[name] = buffer.double()
                yield _buffer_setter(owner, name, buffer)


def _setter(parameter: nn.Parameter, original: Tensor) -> Callable[[], None]:
    def undo() -> None:
        parameter.data = original

    return undo


def _buffer_setter(owner: nn.Module, name: str, original: Tensor) -> Callable[[], None]:
    def undo() -> None:
        owner._buffers[name] = original

    return undo


def noise_of(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], first: Recorder
) -> tuple[dict[int, float], str]:
    """Output → what the model's own precision explains of it; and why there is nothing, if so."""
    exact = _Exact(first)
    default = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with exact.watching():
            model(*_double(args), **_double(dict(kwargs)))
    # The model's own code can raise anything, and much of it was never run in this type.
    except Exception as error:  # noqa: BLE001
        return {}, first_line(error).rstrip(".")
    finally:
        torch.set_default_dtype(default)
    return exact.noise, ""


class _Repeat(_Again):
    """A second plain run: which output is another one than before."""

    changed: int | None = None

    def met(self, at: int, tensor: Tensor, *, fresh: bool) -> None:
        if self.changed is None and fresh:
            before = self.first.spill.load(self.first.outputs[at].key)
            if not close(to_array(tensor), before):
                self.changed = at


def refuse_stochastic(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], first: Recorder
) -> None:
    """Run the model again, and refuse it if that gives other numbers.

    Raises:
        SourceError: if it does; the message names the first module of which it is so.
    """
    again = _Repeat(first)
    with again.watching():
        model(*copied(args), **copied(dict(kwargs)))
    if again.changed is not None:
        where = first.outputs[again.changed].module or "the model itself"
        raise SourceError(
            f"The reference is random: {where} gives other numbers in each run, also in evaluation "
            "mode (dropout that ignores it, or noise). Turn that off, or set a seed in forward."
        )


def _double(given: Any) -> Any:
    def cast(one: Any) -> Any:
        if not isinstance(one, Tensor):
            return one
        return one.double() if one.is_floating_point() else one.clone()

    return torch.utils._pytree.tree_map(cast, given)


def _relative(exact: Tensor, rounded: Tensor) -> float:
    """The largest difference over the largest magnitude, where both are numbers."""
    worst = largest = 0.0
    one, other = exact.reshape(-1), rounded.reshape(-1)
    for start in range(0, one.numel(), _CHUNK):
        ours = one[start : start + _CHUNK].double().numpy()
        theirs = other[start : start + _CHUNK].double().numpy()
        with np.errstate(all="ignore"):
            sizes = np.abs(theirs)
            # Of NaN, neither holds; most tensors are numbers throughout, and this is the fast way.
            if not (sizes.max() < _HUGE and np.abs(ours).max() < _HUGE):
                there = (sizes < _HUGE) & (np.abs(ours) < _HUGE)
                ours, theirs, sizes = ours[there], theirs[there], sizes[there]
            worst = max(worst, float(np.abs(ours - theirs).max(initial=0.0)))
            largest = max(largest, float(sizes.max(initial=0.0)))
    return worst / largest if largest > 0 else 0.0
