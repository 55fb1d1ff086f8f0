"""Open a SOURCE: a sample's name, ``package.module:factory``, ``hf:MODEL_ID`` or a ``.pt2`` file.

torch is imported when a source is opened, not when this module is.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexviz.errors import SourceError
from hexviz.exporters.foreign_errors import first_line
from hexviz.extras import Extra, require
from sample_models import SAMPLES, SampleInfo

if TYPE_CHECKING:
    from torch import nn

    from hexviz.exporters.subject import Exportable

__all__ = [
    "PT2_WARNING",
    "Source",
    "is_pt2",
    "open_model",
    "open_source",
    "packages_of",
    "require_for",
]

PT2_WARNING = (
    "A .pt2 file is opened by torch.export.load, which can run code from it: "
    "open only what you trust."
)


@dataclass(frozen=True)
class Source:
    """A model that is ready to be exported: ``model(*args, **kwargs)`` runs it.

    ``name`` is what people call it: the sample's name, the factory's, the model id
    on the hub, or the file's name. ``model`` is a ``torch.nn.Module``, or of a
    ``.pt2`` file a ``torch.export.ExportedProgram``.
    """

    model: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    name: str = ""


def open_source(source: str, *, weights: bool = True) -> Source:
    """Build the model that ``source`` names, with example inputs.

    Args:
        source: a sample's name; ``package.module:factory``, where the factory
            takes no arguments and returns a model, or a model and its example
            inputs (a tuple of positional ones, a dict of keyword ones, or a
            single tensor); ``hf:MODEL_ID``, an id on the Hugging Face hub
            or a local folder; or a ``.pt2`` file, which must be trusted
            (:mod:`hexviz.exporters.pt2`). Modules are also looked for in the
            current folder.
        weights: with ``False``, the model's parameters have type and shape
            and take no memory, and an ``hf:`` model is built from its
            configuration alone.

    Raises:
        SourceError: if there is no such thing, or it cannot be built.
        ExtraError: if a package is not installed that it needs.
    """
    require_for(source)
    if weights:
        return _open(source, weights=True)
    from hexviz.exporters.weightless import parameters_without_memory

    with parameters_without_memory():
        return _open(source, weights=False)


def open_model(source: str) -> tuple[Exportable, str]:
    """The model that ``source`` names and its name, without values and without example inputs.

    It is built on the meta device. One that computes with values while it is built gets them,
    but for those of its parameters.

    Raises:
        SourceError: if there is no such thing, or it cannot be built.
        ExtraError: if a package is not installed that it needs.
    """
    require_for(source)
    if is_pt2(source):
        found = _open_pt2(source)
        return found.model, found.name
    import torch

    from hexviz.exporters.weightless import parameters_without_memory

    try:
        with torch.device("meta"):
            return _build(source)
    except SourceError:
        with parameters_without_memory():
            return _build(source)


def _build(source: str) -> tuple[Exportable, str]:
    if source.startswith("hf:"):
        from hexviz.exporters.hub import build_hub

        return build_hub(source.removeprefix("hf:"), weights=False)
    if ":" in source:
        model, _ = _made_by_factory(source, weights=False)
        return model, source.rpartition(":")[2]
    try:
        return importlib.import_module(_sample(source).module).build(), source
    except Exception as error:  # a sample that computes with values
        raise SourceError(f"{source} cannot be built: {first_line(error)}") from error


def is_pt2(source: str) -> bool:
    """Whether a SOURCE is a file of ``torch.export.save``, by its name."""
    return source.endswith(".pt2")


def packages_of(source: str) -> tuple[Extra, tuple[str, ...]]:
    """The packages that opening a SOURCE needs, and the extra that brings them."""
    sample = SAMPLES.get(source)
    if source.startswith("hf:") or (sample is not None and sample.needs_transformers):
        return "hf", ("torch", "transformers")
    return "export", ("torch",)


def require_for(source: str, *also: str) -> None:
    """Go on if all is installed that a SOURCE needs, and the packages ``also``.

    Raises:
        SourceError: if it is no sample, though it must be.
        ExtraError: if something is missing.
    """
    is_sample = ":" not in source and not is_pt2(source)
    if is_sample:
        _sample(source)
    extra, packages = packages_of(source)
    require(extra, f"The sample {source}" if is_sample else source, *packages, *also)


def _open(source: str, *, weights: bool) -> Source:
    if source.startswith("hf:"):
        from hexviz.exporters.hub import open_hub

        return Source(*open_hub(source.removeprefix("hf:"), weights=weights))
    if is_pt2(source):
        return _open_pt2(source)
    if ":" in source:
        return _open_factory(source, weights=weights)
    return _open_sample(source)


def _open_pt2(source: str) -> Source:
    from hexviz.exporters.pt2 import open_program

    program = open_program(Path(source))
    args, kwargs = program.example_inputs or ((), {})
    return Source(program, tuple(args), dict(kwargs), Path(source).stem)


def _sample(name: str) -> SampleInfo:
    sample = SAMPLES.get(name)
    if sample is None and name.endswith(".onnx"):
        raise SourceError(
            f"{name} is an ONNX file and no PyTorch model: "
            "`hexviz view`, `tag` and `analyze` take it as it is."
        )
    if sample is None:
        near = difflib.get_close_matches(name, SAMPLES, n=3, cutoff=0.5)
        hint = f"; near names: {', '.join(near)}" if near else ""
        raise SourceError(
            f"There is no sample {name!r}{hint}. See `hexviz samples`, "
            "or give package.module:factory, hf:MODEL_ID or a .pt2 file."
        )
    return sample


def _open_sample(name: str) -> Source:
    module = importlib.import_module(_sample(name).module)
    inputs = module.example_inputs()
    args, kwargs = ((), inputs) if isinstance(inputs, dict) else (inputs, {})
    return Source(module.build(), args, kwargs, name)


def _open_factory(source: str, *, weights: bool) -> Source:
    from hexviz.exporters.inputs import as_call, make_inputs

    model, inputs = _made_by_factory(source, weights=weights)
    call = make_inputs(model) if inputs is _NO_INPUTS else as_call(inputs)
    if call is None:
        raise SourceError(
            f"The factory {source} returned example inputs of type {type(inputs).__name__}: "
            "let it return a tuple, a dict or a tensor."
        )
    return Source(model, *call, name=source.rpartition(":")[2])


_NO_INPUTS = object()


def _made_by_factory(source: str, *, weights: bool) -> tuple[nn.Module, object]:
    """The model, and the example inputs that came with it."""
    from torch import nn

    module_name, _, attribute = source.rpartition(":")
    with _importing_from_here():
        factory = _find(module_name, attribute)
        if isinstance(factory, nn.Module):
            made: object = factory
        else:
            try:
                made = factory()
            except Exception as error:
                valueless = "" if weights else " Without weights, its parameters have no values."
                raise SourceError(
                    f"The factory {source} failed: {first_line(error)}{valueless}"
                ) from error
    pair = isinstance(made, tuple) and len(made) == 2
    model, inputs = made if pair and isinstance(made, tuple) else (made, _NO_INPUTS)
    if not isinstance(model, nn.Module):
        raise SourceError(
            f"The factory {source} returned {type(model).__name__}, not a torch.nn.Module: "
            "let it return a model, or (model, example_inputs)."
        )
    return model, inputs


def _find(module_name: str, attribute: str) -> Any:
    try:
        module = importlib.import_module(module_name)
    # A module runs its code on import, and that can raise anything.
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if not module_name or (missing and f"{module_name}.".startswith(f"{missing}.")):
            raise SourceError(
                f"There is no module {module_name!r} to import {attribute!r} from: "
                "check the name, and run from the folder that holds it."
            ) from error
        raise SourceError(f"Importing {module_name} failed: {first_line(error)}") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        near = difflib.get_close_matches(attribute, _callables(module), n=3)
        hint = f"; near names: {', '.join(near)}" if near else ""
        raise SourceError(f"{module_name} has nothing callable named {attribute!r}{hint}.")
    return factory


def _callables(module: object) -> list[str]:
    return [name for name, value in vars(module).items() if callable(value) and name[:1] != "_"]


@contextlib.contextmanager
def _importing_from_here() -> Iterator[None]:
    # An installed command does not look for modules in the current folder, as `python -m` does.
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(here)
