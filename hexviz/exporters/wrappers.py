"""Take off what training puts around modules, so that names are those in the model's code.

``torch.compile``, ``DataParallel`` and the like wrap a module in another one
that only calls it. An exporter would write the wrapper into every name::

    encoder._orig_mod.fc    →  encoder.fc
    module.encoder.fc       →  encoder.fc

For the time of an export each wrapper is replaced by what it wraps, and what
is compiled in place by what was compiled; the TorchScript exporter refuses
both. The model comes back as it was.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import nn

from hexviz.exporters.subject import Exportable

__all__ = ["inner_module", "unwrapped"]

# Found by name, because most of these modules are imported only by who uses them.
_WRAPPERS = {
    "torch._dynamo.eval_frame.OptimizedModule": "_orig_mod",
    "torch.nn.parallel.data_parallel.DataParallel": "module",
    "torch.nn.parallel.distributed.DistributedDataParallel": "module",
    "torch.optim.swa_utils.AveragedModel": "module",
    "torch.distributed.algorithms._checkpoint.checkpoint_wrapper.CheckpointWrapper": (
        "_checkpoint_wrapped_module"
    ),
}
"""Class that only calls the module it holds → the attribute that it holds it in."""

_COMPILED = "torch._dynamo.eval_frame.OptimizedModule"


def inner_module(module: nn.Module) -> nn.Module:
    """What a module wraps, through any number of wrappers, or the module itself.

    A wrapper that does more than call the module (a class of somebody's own
    with another ``forward``, one with hooks) is no wrapper.
    """
    seen = set()
    while id(module) not in seen:
        seen.add(id(module))
        attribute = _wrapped_in(module)
        if attribute is None:
            break
        module = vars(module)["_modules"][attribute]
    return module


@contextlib.contextmanager
def unwrapped(model: Exportable) -> Iterator[Exportable]:
    """The module inside ``model``'s wrappers, without wrappers in it, while inside.

    Code that reaches through a wrapper (``self.net.module.fc``) still runs:
    what was wrapped answers to that attribute itself.
    """
    if not isinstance(model, nn.Module):
        yield model
        return
    inner = inner_module(model)
    with contextlib.ExitStack() as undo:
        todo, seen = [inner], {id(inner)}
        while todo:
            parent = todo.pop()
            _run_uncompiled(parent, undo)
            children = vars(parent).get("_modules")
            if not isinstance(children, dict):  # a scripted module keeps its children elsewhere
                continue
            for name, child in list(children.items()):
                if child is None:
                    continue
                bare = inner_module(child)
                if bare is not child:
                    children[name] = bare
                    undo.callback(children.__setitem__, name, child)
                    _answer_for_wrappers(child, bare, undo)
                if id(bare) not in seen:
                    seen.add(id(bare))
                    todo.append(bare)
        yield inner


def _wrapped_in(module: nn.Module) -> str | None:
    """The attribute of a wrapper that holds what it wraps, ``None`` if it is no wrapper."""
    for cls in type(module).__mro__:
        name = f"{cls.__module__}.{cls.__qualname__}"
        attribute = _WRAPPERS.get(name)
        if attribute is None:
            continue
        own = vars(module)
        # A compiled module sets the forward of the instance itself.
        calls_only = name == _COMPILED or (
            type(module).forward is vars(cls)["forward"] and "forward" not in own
        )
        hooked = own.get("_forward_hooks") or own.get("_forward_pre_hooks")
        return attribute if calls_only and not hooked else None
    return None


def _answer_for_wrappers(wrapper: nn.Module, bare: nn.Module, undo: contextlib.ExitStack) -> None:
    own = vars(bare)
    while wrapper is not bare:
        attribute = cast("str", _wrapped_in(wrapper))
        # In the instance's dictionary alone, so that nobody takes it for a child.
        if attribute not in own and attribute not in own["_modules"]:
            own[attribute] = bare
            undo.callback(own.pop, attribute, None)
        wrapper = vars(wrapper)["_modules"][attribute]


def _run_uncompiled(module: nn.Module, undo: contextlib.ExitStack) -> None:
    """Undo ``module.compile()``, and ``torch.compile`` of its ``forward``, until ``undo`` ends."""
    if isinstance(module, torch.jit.ScriptModule):
        return
    own = vars(module)
    if own.get("_compiled_call_impl") is not None:
        undo.callback(own.__setitem__, "_compiled_call_impl", own.pop("_compiled_call_impl"))
    if "forward" in own:
        plain = _compiled_from(own["forward"])
        if plain is not None:
            undo.callback(own.__setitem__, "forward", own["forward"])
            if getattr(plain, "__func__", None) is type(module).forward:
                del own["forward"]
            else:
                own["forward"] = plain
    else:
        plain = _compiled_from(type(module).forward)
        if plain is not None:
            own["forward"] = types.MethodType(plain, module)
            undo.callback(own.pop, "forward", None)


def _compiled_from(function: Any) -> Callable[..., Any] | None:
    if getattr(function, "_torchdynamo_disable", False):
        return None
    return getattr(function, "_torchdynamo_orig_callable", None)
