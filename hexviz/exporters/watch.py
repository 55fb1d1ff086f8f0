"""Run a PyTorch model and keep what every call of every module gave.

A hook before and one after each module's ``forward`` see all calls in the order in which they
run. What a call gave is written to disk inside the hook, because the next module may change it in
place::

    model ──▶ encoder ──▶ encoder.dense ──▶ …          calls that are open, a stack
                │  bias (made by encoder, read by encoder.dense)   handed over: kept as encoder's
                ▼  encoder.dense[0]: tensor                        kept as it returns

Equal tensors are one: where a call gives a tensor that it was given (dropout, identity), or that a
call inside it gave (containers), no arithmetic lies between, and ``same_as`` says so.

How exact the model's own numbers are is found out by a second run, in 64-bit floats, in which
every output is replaced by the first run's as it returns. So what differs at an output is the
rounding of that module alone, which is what an own error has to be compared with. A module's
parameters are cast as it is called and cast back, so that no second copy of the model is made.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from hexviz.errors import SourceError
from hexviz.exporters.export import evaluating
from hexviz.exporters.foreign_errors import first_line
from hexviz.exporters.rebind import flat_outputs
from hexviz.exporters.wrappers import unwrapped
from hexviz.extraction.spill import Spill

__all__ = ["Watched", "WatchedOutput", "to_array", "watch"]

Array = npt.NDArray[Any]

_HUGE = 1e30  # a mask's "minus infinity", which depends on the type: no number to compare
_CHUNK = 1 << 14  # elements compared at a time, which a cache holds in 64 bits
_SAMPLED = 512  # elements by which tensors are told apart at first


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


@dataclass(frozen=True)
class Watched:
    """What a run gave, in order. ``tensorless`` are calls that gave no tensor: FQN, call, type."""

    outputs: tuple[WatchedOutput, ...]
    tensorless: tuple[tuple[str, int, str], ...]
    notes: tuple[str, ...]


def watch(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], spill: Spill
) -> Watched:
    """Run ``model(*args, **kwargs)`` in evaluation mode, and keep every output in ``spill``.

    Raises:
        SourceError: if the model fails on these inputs, or two runs of it differ.
    """
    trained = model.training
    with unwrapped(model) as inner, evaluating(inner), torch.no_grad():
        if not isinstance(inner, nn.Module):
            raise SourceError(
                f"The reference is {type(inner).__name__}, whose modules cannot be watched: "
                "give the torch.nn.Module that it was made from."
            )
        recorder = _Recorder(inner, spill)
        before = torch.get_rng_state()
        try:
            with recorder.watching():
                inner(*_copied(args), **_copied(dict(kwargs)))
        # The model's own code can raise anything at all.
        except Exception as error:
            raise SourceError(
                f"The reference fails on these inputs: {first_line(error)} "
                "Check the example inputs, or give others with --inputs."
            ) from error
        drew = not torch.equal(before, torch.get_rng_state())
        noise, failure = _noise(inner, args, kwargs, recorder)
        if drew or failure:
            _refuse_stochastic(inner, args, kwargs, recorder)
    notes = list(recorder.notes)
    if trained:
        notes.append("The reference was in training mode: it is compared in evaluation mode.")
    if failure:
        notes.append(
            f"The reference does not run in 64-bit floats ({failure}), so its own rounding is "
            "not known: every error above the tolerance counts."
        )
    outputs = [
        dataclasses.replace(one, noise=noise.get(at)) for at, one in enumerate(recorder.outputs)
    ]
    return Watched(tuple(outputs), tuple(recorder.tensorless), tuple(notes))


def to_array(tensor: Tensor) -> Array:
    """The elements of a tensor; types that numpy has not come as those of ``ml_dtypes``."""
    plain = tensor.detach().cpu().contiguous()
    if plain.is_complex():
        plain = torch.view_as_real(plain)
    try:
        return np.asarray(plain.numpy())
    except TypeError:
        name = str(plain.dtype).removeprefix("torch.").upper()
        kind = onnx.TensorProto.DataType.Value(name)
        bits = {1: torch.uint8, 2: torch.int16}[plain.element_size()]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
        return np.asarray(plain.view(bits).numpy()).view(dtype)


@dataclass(slots=True)
class _Call:
    """A call that is open, or was: its inputs' and outputs' places among all outputs, if known."""

    module: str
    number: int
    target: nn.Module
    begun: int = 0
    gave: str = ""
    inputs: list[int | None] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)
    handed: int = 0


class _Hooks:
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
        self.stack: list[_Call] = []
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

    def entered(self, call: _Call, tensors: list[Tensor]) -> None:
        """A call begins, with these tensors among its arguments."""

    def returned(self, call: _Call, tensors: list[Tensor]) -> None:
        """A call gave these tensors."""

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        fqn = self._name(module)
        call = _Call(fqn, self.counts.get(fqn, 0), module)
        self.counts[fqn] = call.number + 1
        self.entered(call, _tensors((args, kwargs)))
        self.stack.append(call)

    def _after(self, _module: nn.Module, _args: Any, _kwargs: Any, gave: Any) -> None:
        call = self.stack.pop()
        call.gave = type(gave).__name__
        self.returned(call, _tensors(gave))

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


class _Recorder(_Hooks):
    """The first run: every output to disk."""

    def __init__(self, model: nn.Module, spill: Spill) -> None:
        super().__init__(model)
        self.spill = spill
        self.outputs: list[WatchedOutput] = []
        self.tensorless: list[tuple[str, int, str]] = []
        self.calls: dict[tuple[str, int], _Call] = {}
        self._known: dict[Any, list[int]] = {}
        self._given: set[Any] = set()

    def entered(self, call: _Call, tensors: list[Tensor]) -> None:
        call.begun = len(self.outputs)
        self.calls[call.module, call.number] = call
        arrays = [to_array(one) for one in tensors]
        if not self.stack:
            self._given = {_fingerprint(one) for one in arrays}
            call.inputs = [None] * len(arrays)
            return
        for tensor, array in zip(tensors, arrays, strict=True):
            print_ = _fingerprint(array)
            at = self._place(array, print_, 0, None)
            if at is None and print_ not in self._given and not isinstance(tensor, nn.Parameter):
                caller = self.stack[-1]
                at = self._keep(caller, 1000 + caller.handed, array, print_, None, call.module)
                caller.handed += 1
            call.inputs.append(at)

    def returned(self, call: _Call, tensors: list[Tensor]) -> None:
        if not tensors and call.gave != "NoneType":
            self.tensorless.append((call.module, call.number, call.gave))
        own = [at for at in call.inputs if at is not None]
        for output, tensor in enumerate(tensors):
            array = to_array(tensor)
            print_ = _fingerprint(array)
            if print_ in self._given and self._place(array, print_, call.begun, own) is None:
                call.outputs.append(None)  # the model's own input, which nothing computed
                continue
            same = self._place(array, print_, call.begun, own)
            call.outputs.append(self._keep(call, output, array, print_, same, ""))

    def _place(self, array: Array, print_: Any, begun: int, own: list[int] | None) -> int | None:
        """The first output that is this tensor, of those made since ``begun`` or in ``own``."""
        for at in self._known.get(print_, ()):
            if (at >= begun or (own is not None and at in own)) and _same(
                self.spill.load(self.outputs[at].key), array
            ):
                return at
        return None

    def _keep(
        self,
        call: _Call,
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


class _Again(_Hooks):
    """Another run of the same calls, beside what the first one gave."""

    def __init__(self, first: _Recorder) -> None:
        super().__init__(first.model)
        self.first = first

    def entered(self, call: _Call, tensors: list[Tensor]) -> None:
        known = self._first(call)
        if self.stack and len(known.inputs) == len(tensors):
            caller = self.stack[-1].module
            for at, tensor in zip(known.inputs, tensors, strict=True):
                if at is not None:
                    made = self.first.outputs[at]
                    self.met(at, tensor, fresh=bool(made.handed_to) and made.module == caller)

    def returned(self, call: _Call, tensors: list[Tensor]) -> None:
        known = self._first(call)
        if len(known.outputs) == len(tensors):
            for at, tensor in zip(known.outputs, tensors, strict=True):
                if at is not None:
                    self.met(at, tensor, fresh=True)

    def met(self, at: int, tensor: Tensor, *, fresh: bool) -> None:
        """The tensor that was output ``at``; ``fresh`` if nobody has met it before in this run."""

    def _first(self, call: _Call) -> _Call:
        return self.first.calls.get((call.module, call.number), call)


class _Exact(_Again):
    """The run in 64-bit floats: how far each output is from the first run's, then that one's."""

    def __init__(self, first: _Recorder) -> None:
        super().__init__(first)
        self.noise: dict[int, float] = {}
        self._called = {fqn for fqn, _ in first.calls}
        self._cast: list[list[Callable[[], None]]] = []

    def entered(self, call: _Call, tensors: list[Tensor]) -> None:
        self._cast.append(list(_as_double(call.target, self._uncalled(call.target))))
        super().entered(call, tensors)

    def returned(self, call: _Call, tensors: list[Tensor]) -> None:
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
        theirs = torch.from_numpy(_plain(self.first.spill.load(self.first.outputs[at].key)))
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


def _noise(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], first: _Recorder
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
            if not _close(to_array(tensor), before):
                self.changed = at


def _refuse_stochastic(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], first: _Recorder
) -> None:
    again = _Repeat(first)
    with again.watching():
        model(*_copied(args), **_copied(dict(kwargs)))
    if again.changed is not None:
        where = first.outputs[again.changed].module or "the model itself"
        raise SourceError(
            f"The reference is random: {where} gives other numbers in each run, also in evaluation "
            "mode (dropout that ignores it, or noise). Turn that off, or set a seed in forward."
        )


def _tensors(given: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists, dicts and dataclasses, in order."""
    return [tensor for _, tensor in flat_outputs(_opened(given)) if _is_plain(tensor)]


def _opened(given: Any) -> Any:
    """Dataclasses, of which torch does not know how they are nested, as dicts."""
    if dataclasses.is_dataclass(given) and not isinstance(given, (type, Mapping)):
        return {
            one.name: _opened(getattr(given, one.name, None)) for one in dataclasses.fields(given)
        }
    if type(given) in (tuple, list):
        return [_opened(one) for one in given]
    return given


def _is_plain(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta


def _copied(given: Any) -> Any:
    """The same arguments with copies of their tensors, which the model may change in place."""
    return torch.utils._pytree.tree_map(
        lambda one: one.clone() if isinstance(one, Tensor) else one, given
    )


def _double(given: Any) -> Any:
    def cast(one: Any) -> Any:
        if not isinstance(one, Tensor):
            return one
        return one.double() if one.is_floating_point() else one.clone()

    return torch.utils._pytree.tree_map(cast, given)


def _fingerprint(array: Array) -> Any:
    """What tells most tensors apart without reading one again; equal tensors have the same."""
    plain = _plain(array)
    flat = plain.reshape(-1)
    step = max(1, flat.size // _SAMPLED)
    with np.errstate(all="ignore"):
        total = float(np.sum(flat, dtype=np.float64)) if flat.size else 0.0
    return array.shape, array.dtype.str, str(total), flat[::step][:_SAMPLED].tobytes()


def _plain(array: Array) -> Array:
    """In a type that numpy and torch both know."""
    return array if array.dtype.isbuiltin == 1 else array.astype(np.float32)


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _close(one: Array, other: Array) -> bool:
    """Equal but for the order of sums, which threads may decide."""
    if one.shape != other.shape:
        return False
    ours, theirs = _plain(one), _plain(other)
    if ours.dtype.kind != "f":
        return bool(np.array_equal(ours, theirs))
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    with np.errstate(all="ignore"):
        scale = np.abs(np.nan_to_num(theirs, posinf=0.0, neginf=0.0)).max(initial=0.0)
        return bool(np.allclose(ours, theirs, rtol=1e-6, atol=1e-6 * scale, equal_nan=True))


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
