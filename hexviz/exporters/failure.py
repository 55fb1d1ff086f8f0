"""Say in one line what an exporter's exception means and what may help."""

from __future__ import annotations

import traceback

from torch._dynamo.exc import UserError, UserErrorType
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.onnx import OnnxExporterError
from torch.onnx.errors import UnsupportedOperatorError

from hexviz.exporters.wording import first_line, plain

__all__ = ["cause", "describe", "explain"]

_OTHER = {"dynamo": "torchscript", "torchscript": "dynamo"}


def explain(
    error: BaseException,
    *,
    name: str,
    exporter: str,
    dynamic: bool,
    opset: int | None,
    own: BaseException | None,
) -> str:
    """One line: which exporter failed on which model, why, and what to try next.

    ``own`` is what the model raises when it is called without an exporter.
    """
    if own is not None:
        return (
            f"{name} itself fails when called with these inputs: {first_line(own)} "
            "Check the example inputs; no exporter can help."
        )
    found = cause(error)
    advice = _advice(found, exporter=exporter, dynamic=dynamic, opset=opset)
    return f"The {exporter} exporter failed on {name}: {first_line(found)} {advice}"


def _advice(found: BaseException, *, exporter: str, dynamic: bool, opset: int | None) -> str:
    """What is likely to help against a kind of failure."""
    other = f"the {_OTHER[exporter]} exporter"
    newer = "another opset" if opset is None else f"another opset than {opset}"
    if isinstance(found, GuardOnDataDependentSymNode):
        return (
            f"It decides by its data. Try {other}, which keeps the branch that the example "
            "inputs take."
        )
    if isinstance(found, UserError) and found.error_type is UserErrorType.CONSTRAINT_VIOLATION:
        return "Its sizes are not as open as asked for. Try static shapes."
    if isinstance(found, UnsupportedOperatorError):
        return f"Try {other} or {newer}."
    return f"Try {other}{', static shapes' if dynamic else ''} or {newer}."


def describe(error: BaseException) -> str:
    """The whole traceback, for the log, without terminal colours."""
    return plain("".join(traceback.format_exception(error)))


def cause(error: BaseException) -> BaseException:
    """What the exporter tripped over: its own exceptions are wrappers that say where, not what."""
    while isinstance(error, OnnxExporterError) and error.__cause__ is not None:
        error = error.__cause__
    return error
