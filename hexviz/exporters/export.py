"""Run one of PyTorch's exporters on a model, quietly, and leave the model as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import onnx
import torch
from torch import nn

from hexviz.errors import ExportError
from hexviz.exporters import dynamo, torchscript
from hexviz.exporters.exporter_log import Log, captured, outside
from hexviz.exporters.failure import describe, explain
from hexviz.exporters.interface import Exported, Options, TranslationTable
from hexviz.exporters.module_infos import class_name, describe_modules
from hexviz.exporters.module_times import ModuleTimes
from hexviz.exporters.opset import Notes
from hexviz.exporters.subject import Call, Exportable, call_of, parameters_of
from hexviz.exporters.wrappers import unwrapped
from hexviz.stages import Measured, recorded, stage

__all__ = ["EXPORTERS", "export_model"]

EXPORTERS = {"dynamo": dynamo.STAGES, "torchscript": torchscript.STAGES}
"""Exporter → the names of its stages, in order."""


def export_model(
    model: Exportable,
    args: Sequence[Any] | torch.Tensor = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    exporter: str = "dynamo",
    opset: int | None = None,
    dynamic_shapes: Any = None,
    weights: bool = True,
    optimize: bool = True,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    custom_translation_table: TranslationTable | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Export ``model``, called as ``model(*args, **kwargs)``, to ONNX.

    The model is exported in evaluation mode, without what training wraps
    around modules (see :mod:`hexviz.exporters.wrappers`), and comes back as it
    was, also after a failure. Nothing the exporter prints, warns or logs
    reaches the terminal.

    Args:
        model: the module to export, scripted or not, or what ``torch.export.export`` returned.
        args: positional example inputs; a single tensor stands for a tuple of one,
            a dict at the end for keywords.
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
        input_names: names for the inputs of the graph, in order.
        output_names: names for the outputs of the graph, in order.
        custom_translation_table: what to translate an op of PyTorch with, instead of or
            beside the exporter's own functions (dynamo only), as for ``torch.onnx.export``.
        name: what to call the model; its class name if ``None``.
        progress: called as each stage begins, with its name and the share of
            stages done in 0..1, and at the end with ``("done", 1.0)``. It may
            print, and must not raise.

    Raises:
        ExportError: if the exporter or the model fails; one line that says
            what failed and what may help, with everything the exporter
            printed in ``log`` and the original exception as its cause.
    """
    if isinstance(model, torch.onnx.ExportableModule) and not args and not kwargs:
        args, kwargs = model.example_arguments()
        input_names = input_names or model.input_names()
        output_names = output_names or model.output_names()
        dynamic_shapes = dynamic_shapes or model.dynamic_shapes()
    with unwrapped(model) as inner:
        name = name or class_name(inner)
        _refuse(inner, exporter, weights=weights, table=custom_translation_table, name=name)
        return _export(
            inner,
            call_of(inner, args, kwargs),
            Options(
                opset=opset,
                dynamic_shapes=dynamic_shapes,
                weights=weights,
                optimize=optimize,
                input_names=input_names,
                output_names=output_names,
                translations=custom_translation_table,
            ),
            exporter=exporter,
            name=name,
            progress=progress,
        )


def _refuse(model: Exportable, exporter: str, *, weights: bool, table: object, name: str) -> None:
    """Raise an error if what is asked for cannot be."""
    if exporter not in EXPORTERS:
        raise ExportError(f"There is no exporter {exporter!r}: use {' or '.join(EXPORTERS)}.")
    if exporter != "dynamo":
        for said, what in (
            (not weights, "leave out the weights"),
            (table, "use a custom_translation_table"),
            (isinstance(model, torch.export.ExportedProgram), "take what torch.export returned"),
        ):
            if said:
                raise ExportError(
                    f"The {exporter} exporter cannot {what}: use the dynamo exporter."
                )
    if weights and any(parameter.is_meta for parameter in parameters_of(model)):
        raise ExportError(
            f"{name} was built on the meta device and has no weights: "
            "leave them out (weights=False, --no-weights)."
        )


def _export(
    model: Exportable,
    call: Call,
    options: Options,
    *,
    exporter: str,
    name: str,
    progress: Progress | None,
) -> Exported:
    times = ModuleTimes(model)
    with (
        recorded() as record,
        stage("export"),
        stages_of(EXPORTERS[exporter], progress and outside(progress)) as stages,
    ):
        log = Log(_follow(stages, times) if exporter == "dynamo" else None)
        with captured(log), evaluating(model):
            try:
                proto, calls, notes = _run(
                    model, call, options, exporter=exporter, stages=stages, times=times
                )
            except ExportError as error:
                error.log = log.getvalue()
                raise
            # The exporter runs the model's own code, which can raise anything at all.
            except Exception as error:
                log.write(describe(error))
                message = explain(
                    error,
                    model=model,
                    name=name,
                    exporter=exporter,
                    dynamic=bool(options.dynamic_shapes),
                    own=_own_failure(model, *call),
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
    model: Exportable,
    call: Call,
    options: Options,
    *,
    exporter: str,
    stages: Stages,
    times: ModuleTimes,
) -> tuple[onnx.ModelProto, Mapping[str, str], Notes]:
    with times.ending():
        if exporter == "torchscript":
            times.watch()
            proto, calls = torchscript.export(model, *call, options, enter=stages.enter)
            return proto, calls, {}
        proto, notes = dynamo.export(model, *call, options, enter=stages.enter)
        return proto, {}, notes


def _own_failure(
    model: Exportable, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> BaseException | None:
    """What the model raises when it is just called; without weights it cannot be."""
    if isinstance(model, torch.export.ExportedProgram):
        return None
    if any(parameter.is_meta for parameter in parameters_of(model)):
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
def evaluating(model: Exportable) -> Iterator[None]:
    """Every module in evaluation mode while inside, and each back to what it was: flags may differ.

    Where ``eval()`` is not to be had (captured graphs, which have the mode
    that they were captured in), the flags alone are set.
    """
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    # A frozen scripted module has no such flag.
    before = [(module, getattr(module, "training", None)) for module in modules]
    try:
        if modules:
            _evaluate(modules)
        yield
    finally:
        for module, training in before:
            if training is not None and module.training is not training:
                module.training = training


def _evaluate(modules: list[nn.Module]) -> None:
    try:
        modules[0].eval()
    # ``train`` may be the model's own code, which can raise anything; captured graphs refuse it.
    except Exception:  # noqa: BLE001
        for module in modules:
            if getattr(module, "training", False):
                module.training = False


Progress = Callable[[str, float], None]
"""Called with a stage's name as it begins and the share of stages behind it, in 0..1."""


class Stages:
    """Walks through named stages in order, measuring each and reporting its beginning.

    The fraction reported is the share of *stages* done, not of time: how long
    the rest takes is not known. A stage that never begins is simply skipped.
    """

    def __init__(self, names: Sequence[str], progress: Progress | None) -> None:
        self._names = tuple(names)
        self._progress = progress
        self._current: str | None = None
        self._running = ExitStack()

    def enter(self, name: str) -> None:
        """End the current stage, if any, and begin ``name``; entering it twice changes nothing."""
        if name == self._current:
            return
        self.end()
        self._current = name
        if self._progress is not None:
            self._progress(name, self._names.index(name) / len(self._names))
        self._running.enter_context(stage(name))

    def end(self) -> None:
        """End the current stage, if any."""
        self._running.close()
        self._current = None


@contextmanager
def stages_of(names: Sequence[str], progress: Progress | None) -> Iterator[Stages]:
    """Stages to walk through; the last one ends with the block, which ``"done"`` then reports.

    A block that raises reports nothing.
    """
    stages = Stages(names, progress)
    try:
        yield stages
    finally:
        stages.end()
    if progress is not None:
        progress("done", 1.0)
