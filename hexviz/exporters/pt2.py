"""Open a ``.pt2`` file: a program that ``torch.export.save`` wrote, with its modules and inputs.

``torch.export.load`` trusts its file. Tensors that it unpickles are held to plain data here, and
archives with pickled objects or compiled code are refused, but it also evaluates a file's formulas
and looks up a file's functions by name, so a file that was made for it can run code all the same.
Hence only people name such a file, on their command line; no page and no upload does.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch.export import ExportedProgram

from hexviz.errors import SourceError
from hexviz.exporters.exporter_log import Log, captured
from hexviz.exporters.foreign_errors import first_line

__all__ = ["as_module", "open_program"]

_REFUSED = {
    "data/constants/opaque_obj_": "a pickled object",
    "data/constants/custom_obj_": "a pickled object",
    "data/aotinductor/": "compiled code",
}
"""Where an archive holds what would run on loading, below its own top folder."""


def open_program(path: Path) -> ExportedProgram:
    """The exported program in a file.

    Raises:
        SourceError: if it holds none, or what is refused, or this PyTorch cannot open it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path} is no whole archive: give a .pt2 file as torch.export.save wrote it."
        ) from error
    for name in names:
        below = name.partition("/")[2]
        for beginning, what in _REFUSED.items():
            if below.startswith(beginning):
                raise SourceError(
                    f"{path} holds {what}, which hexviz does not load: export the program "
                    "without it, or load it yourself and give it to hexviz.export."
                )
    try:
        with captured(Log()), _plain_tensors_alone():
            return torch.export.load(path)
    # A file of another version, or a damaged one, fails in many ways.
    except Exception as error:
        raise SourceError(
            f"{path} cannot be opened by PyTorch {torch.__version__}: {first_line(error)} "
            "Write it with torch.export.save of this version."
        ) from error


@contextmanager
def _plain_tensors_alone() -> Iterator[None]:
    """torch.load unpickles tensors and nothing else while inside, whatever its caller wants."""
    held = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "0"}
    with mock.patch.dict(os.environ, held):
        yield


def as_module(program: ExportedProgram) -> Any:
    """The program with its modules as modules, each of which runs by itself.

    Raises:
        SourceError: if that cannot be.
    """
    try:
        with captured(Log()):
            found = torch.export.unflatten(program)
    except Exception as error:  # its checks are of many kinds
        raise SourceError(f"The program's modules cannot be run: {first_line(error)}") from error
    for module in found.modules():
        module.training = False  # its graph has the mode that it was captured in
    return found
