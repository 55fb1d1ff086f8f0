"""Say in one line what an exporter's exception means and what helps.

Advice is only given where it is known to help: what the other exporter does
with a kind of model, or whether it has a translation for an op, is looked up
and not guessed.
"""

from __future__ import annotations

import re
import traceback
import types

import torch
from torch import nn
from torch._dynamo.exc import UserError, UserErrorType
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.jit._trace import TopLevelTracedModule
from torch.onnx import OnnxExporterError
from torch.onnx._internal.exporter._registration import ONNXRegistry
from torch.onnx._internal.torchscript_exporter.registration import registry

from hexviz.exporters.foreign_errors import first_line, plain
from hexviz.exporters.subject import Exportable

__all__ = ["cause", "describe", "explain", "translated_by"]

_OTHER = {"dynamo": "torchscript", "torchscript": "dynamo"}

# 'aten::diff' in TorchScript's messages, OpOverload(op='aten.diff', …) in dynamo's
_OP = re.compile(r"operator '(\w+::\w+)'|OpOverload\(op='(\w+\.\w+)'")
_NEWER_OPSET = re.compile(r"added in version (\d+)")


def explain(
    error: BaseException,
    *,
    model: Exportable,
    name: str,
    exporter: str,
    dynamic: bool,
    own: BaseException | None,
) -> str:
    """One line: which exporter failed on which model, where in it, why, and the way out.

    ``own`` is what the model raises when it is called without an exporter.
    """
    if own is not None:
        return (
            f"{name} itself fails when called with these inputs: {first_line(own)} "
            "Check the example inputs; no exporter can help."
        )
    kind = _about_kind(model, exporter)
    if kind:  # which says more than what the exporter tripped over
        return f"The {exporter} exporter failed on {name}: {kind}"
    found = cause(error)
    where = _innermost_module(model, found)
    place = f"{name}, in its {where}" if where else name
    advice = _about_op(str(found), exporter) or _about_error(found, dynamic=dynamic)
    return f"The {exporter} exporter failed on {place}: {first_line(found)} {advice}"


def _about_kind(model: Exportable, exporter: str) -> str:
    """The way out if the model, or a part of it, is of a kind that the exporter does not take."""
    if isinstance(model, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        if exporter == "torchscript":
            return ""
        return "it is scripted, which only the torchscript exporter takes: use that one."
    if not isinstance(model, nn.Module):
        return ""
    scripted = _topmost(model, torch.jit.ScriptModule)
    if scripted:
        fqn, child = scripted
        if isinstance(child, TopLevelTracedModule):
            if exporter == "dynamo":
                return ""
            return f"its child {fqn} is traced (torch.jit.trace): use the dynamo exporter."
        return (
            f"its child {fqn} is scripted (torch.jit.script), which no exporter takes inside a "
            "model: put the module that it was made from in its place, or trace the whole model "
            "(torch.jit.trace) and export that with the torchscript exporter."
        )
    captured = _topmost(model, torch.fx.GraphModule)
    if captured and exporter == "torchscript" and not _can_evaluate(captured[1]):
        what = f"its child {captured[0]}" if captured[0] else "it"
        return f"{what} is a graph that torch.export captured: use the dynamo exporter."
    return ""


def _topmost(model: nn.Module, kind: type[nn.Module]) -> tuple[str, nn.Module] | None:
    return next((pair for pair in model.named_modules() if isinstance(pair[1], kind)), None)


def _can_evaluate(module: nn.Module) -> bool:
    # torch.export puts functions that refuse on what it captures
    return not isinstance(vars(module).get("eval"), types.MethodType)


def _about_op(message: str, exporter: str) -> str:
    """The way out if the exporter has no translation for an op."""
    newer = _NEWER_OPSET.search(message)
    if newer:
        return f"Use opset {newer[1]} (--opset {newer[1]})."
    match = _OP.search(message)
    if match is None:
        return ""
    op = (match[1] or match[2]).replace("::", ".")
    if translated_by(_OTHER[exporter], op):
        return f"The {_OTHER[exporter]} exporter translates {op}: use that one."
    return (
        f"No exporter translates {op}: tell the dynamo exporter how (custom_translation_table), "
        "or compute it by other ops."
    )


def _about_error(found: BaseException, *, dynamic: bool) -> str:
    """What helps against a kind of error."""
    if isinstance(found, GuardOnDataDependentSymNode):
        return (
            "It decides by its data. Use torch.cond, or try the torchscript exporter, which "
            "keeps the branch that the example inputs take."
        )
    if isinstance(found, UserError) and found.error_type is UserErrorType.CONSTRAINT_VIOLATION:
        return "Its sizes are not as open as asked for. Try static shapes."
    if "trace a dynamo-optimized function" in str(found):
        return (
            "It calls a function under torch.compile: use the dynamo exporter, "
            "or call the function that was compiled."
        )
    if dynamic:
        return "Without open sizes there is less to fail on: try static shapes."
    return "The model itself runs; the log has all that the exporter said."


def _innermost_module(model: Exportable, error: BaseException) -> str:
    """The FQN of the module whose ``forward`` the error came through last, if it tells."""
    if not isinstance(model, nn.Module):
        return ""
    # torch.export calls stand-ins for modules, which share their attributes.
    known = {id(vars(module)): fqn for fqn, module in model.named_modules()}
    found = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module):
            found = known.get(id(vars(module)), found)
    return found


def describe(error: BaseException) -> str:
    """The whole traceback, for the log, without terminal colours."""
    return plain("".join(traceback.format_exception(error)))


def cause(error: BaseException) -> BaseException:
    """What the exporter tripped over: its own exceptions are wrappers that say where, not what."""
    while isinstance(error, OnnxExporterError) and error.__cause__ is not None:
        error = error.__cause__
    return error


_NEWEST = 23  # opsets that the TorchScript exporter was ever registered for


def translated_by(exporter: str, op: str) -> bool:
    """Whether ``exporter`` translates an op of PyTorch, given as ``aten.diff``.

    What the dynamo exporter takes apart before it translates counts by its
    own; an op that PyTorch composes of others is taken apart.
    """
    namespace, _, name = op.partition(".")
    if exporter == "torchscript":
        known = registry.get_function_group(f"{namespace}::{name}")
        return known is not None and any(known.get(opset) for opset in range(7, _NEWEST))
    packet = getattr(getattr(torch.ops, namespace, None), name, None)
    if not isinstance(packet, torch._ops.OpOverloadPacket):
        return False
    names = packet.overloads()  # type: ignore[no-untyped-call]
    overloads = [getattr(packet, overload) for overload in names]
    functions = ONNXRegistry.from_torchlib()
    return any(functions.is_registered(one) or one._can_decompose() for one in overloads)
