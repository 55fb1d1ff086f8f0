"""Say in one line what an exporter's exception means and what may help."""

from __future__ import annotations

import traceback

from torch.onnx import OnnxExporterError

from hexviz.exporters.wording import first_line, plain

__all__ = ["cause", "describe", "explain"]

_OTHER = {"dynamo": "torchscript", "torchscript": "dynamo"}


def explain(
    error: BaseException, *, name: str, exporter: str, dynamic: bool, opset: int | None
) -> str:
    """One line: which exporter failed on which model, why, and what to try next."""
    advice = [f"the {_OTHER[exporter]} exporter"]
    if dynamic:
        advice.append("static shapes")
    advice.append("another opset" if opset is None else f"another opset than {opset}")
    return (
        f"The {exporter} exporter failed on {name}: {first_line(cause(error))} "
        f"Try {', '.join(advice[:-1])} or {advice[-1]}."
    )


def describe(error: BaseException) -> str:
    """The whole traceback, for the log, without terminal colours."""
    return plain("".join(traceback.format_exception(error)))


def cause(error: BaseException) -> BaseException:
    """What the exporter tripped over: its own exceptions are wrappers that say where, not what."""
    while isinstance(error, OnnxExporterError) and error.__cause__ is not None:
        error = error.__cause__
    return error
