"""Run one of PyTorch's exporters on a model, quietly, and leave the model as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import onnx
import torch
from torch import nn

from hexviz.errors import ExportError
from hexviz.exporters import dynamo, torchscript
from hexviz.exporters.capture import Log, captured, outside
from hexviz.exporters.failure import describe, explain
from hexviz.exporters.module_times import ModuleTimes
from hexviz.exporters.modules import describe_modules
from hexviz.exporters.opset import Notes
from hexviz.exporters.result import Exported
from hexviz.exporters.stages import Progress, Stages, stages_of
from hexviz.stages import Measured, recorded, stage

__all__ = ["EXPORTERS", "export_model"]

EXPORTERS = {"dynamo": dynamo.STAGES, "torchscript": torchscript.STAGES}
"""Exporter → the names of its stages, in order."""


def export_model(
    model: nn.Module,
    args: tuple[Any, ...] | torch.Tensor = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    exporter: str = "dynamo",
    opset: int | None = None,
    dynamic_shapes: Any = None,
    weights: bool = True,
    optimize: bool = True,
    name: str | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Export ``model``, called as ``model(*args, **kwargs)``, to ONNX.

    The model is exported in evaluation mode and comes back as it was, also
    after a failure. Nothing the exporter prints, warns or logs reaches the
    terminal.

    Args:
        model: the module to export.
        args: positional example inputs; a single tensor stands for a tuple of one.
        kwargs: keyword example inputs. Values that are not tensors are fixed
            in the exported graph.
        exporter: ``"dynamo"`` or ``"torchscript"``.
        opset: the ONNX opset version; the exporter's recommended one if ``None``.
        dynamic_shapes: as for :func:`torch.export.export`: input name → axis →
            name or ``torch.export.Dim``.
        weights: with ``False``, parameters come out with name, type and shape
            but no data (dynamo only).
        optimize: let the exporter optimise the graph (dynamo only; TorchScript
            always folds constants).
        name: what to call the model; its class name if ``None``.
        progress: called as each stage begins, with its name and the share of
            stages done in 0..1, and at the end with ``("done", 1.0)``. It may
            print, and must not raise.

    Raises:
        ExportError: if the exporter or the model fails; one line that says
            what failed and what may help, with everything the exporter
            printed in ``log`` and the original exception as its cause.
    """
    if exporter not in EXPORTERS:
        raise ExportError(f"There is no exporter {exporter!r}: use {' or '.join(EXPORTERS)}.")
    if not weights and exporter != "dynamo":
        raise ExportError(
            f"The {exporter} exporter cannot leave out the weights: use the dynamo exporter."
        )
    if weights and any(parameter.is_meta for parameter in model.parameters()):
        raise ExportError(
            f"{name or type(model).__name__} was built on the meta device and has no weights: "
            "leave them out (weights=False, --no-weights)."
        )
    if isinstance(args, torch.Tensor):
        args = (args,)
    name = name or type(model).__name__
    times = ModuleTimes(model)
    with (
        recorded() as record,
        stage("export"),
        stages_of(EXPORTERS[exporter], progress and outside(progress)) as stages,
    ):
        log = Log(_follow(stages, times) if exporter == "dynamo" else None)
        with captured(log), _evaluating(model):
            try:
                proto, calls, notes = _run(
                    model,
                    args,
                    kwargs or {},
                    stages=stages,
                    times=times,
                    exporter=exporter,
                    opset=opset,
                    dynamic_shapes=dynamic_shapes,
                    weights=weights,
                    optimize=optimize,
                )
            except ExportError as error:
                error.log = log.getvalue()
                raise
            # The exporter runs the model's own code, which can raise anything at all.
            except Exception as error:
                log.write(describe(error))
                message = explain(
                    error,
                    name=name,
                    exporter=exporter,
                    dynamic=bool(dynamic_shapes),
                    opset=opset,
                    own=_own_failure(model, args, kwargs or {}),
                )
                raise ExportError(message, log=log.getvalue()) from error
            modules = describe_modules(model)
    return Exported(
        proto=proto,
        modules=modules,
        name=name,
        measured=Measured(record.stages, times.seconds),
        calls=calls,
        notes=notes,
    )


def _run(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    stages: Stages,
    times: ModuleTimes,
    exporter: str,
    opset: int | None,
    dynamic_shapes: Any,
    weights: bool,
    optimize: bool,
) -> tuple[onnx.ModelProto, Mapping[str, str], Notes]:
    with times.ending():
        if exporter == "torchscript":
            times.watch()
            proto, calls = torchscript.export(
                model, args, kwargs, opset=opset, dynamic_shapes=dynamic_shapes, enter=stages.enter
            )
            return proto, calls, {}
        stages.enter("tracing")
        proto, notes = dynamo.export(
            model,
            args,
            kwargs,
            opset=opset,
            dynamic_shapes=dynamic_shapes,
            optimize=optimize,
            weights=weights,
            enter=stages.enter,
        )
        return proto, {}, notes


def _own_failure(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> BaseException | None:
    """What the model raises when it is just called; without weights it cannot be."""
    if any(parameter.is_meta for parameter in model.parameters()):
        return None
    try:
        with torch.no_grad():
            model(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - a model's own code can raise anything at all
        return error
    return None


def _follow(stages: Stages, times: ModuleTimes) -> Callable[[str], None]:
    def heard(line: str) -> None:
        begun = dynamo.stage_of(line)
        if begun is not None:
            stages.enter(begun)
        runs = dynamo.runs_forward(line)
        if runs is not None:
            (times.watch if runs else times.rest)()

    return heard


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Switch every module to evaluation, and each back to what it was: flags may differ."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
