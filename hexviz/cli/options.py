"""Arguments and options that several commands have, and what they mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from hexviz.cli import completion

__all__ = [
    "AsJson",
    "NoRecover",
    "OnnxFile",
    "Output",
    "Symbols",
    "print_json",
    "read_inputs",
    "read_sizes",
]

OnnxFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="An .onnx file.", autocompletion=completion.files)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]
NoRecover = Annotated[
    bool,
    typer.Option(
        "--no-recover", help="Leave what names no module at the root, whatever the graph repeats."
    ),
]


Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol",
        metavar="NAME=N",
        help="The size of an open dimension of the inputs, as batch=1. Can be repeated.",
    ),
]


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, indent=2, ensure_ascii=True))  # noqa: T201


def read_inputs(path: Path | None) -> dict[str, Any] | None:
    """The arrays of an .npz file, by name.

    Raises:
        ReadError: if it is none.
    """
    if path is None:
        return None
    import numpy as np

    from hexviz.errors import ReadError

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    # A damaged archive fails in its own way in each of the libraries that read it.
    except Exception as error:
        raise ReadError(
            f"{path} is no .npz file of arrays: write it with numpy.savez, by name of input."
        ) from error


_MOST_DIGITS = 12


def read_sizes(symbols: Iterable[str] | None) -> dict[str, int]:
    """Sizes of open dimensions by name, as a person wrote them: ``batch=1``.

    Raises:
        MeasureError: if one is not written so, is too large, or one name has two.
    """
    from hexviz.errors import MeasureError

    found: dict[str, int] = {}
    for one in symbols or ():
        name, sign, size = one.rpartition("=")
        if not (sign and name and re.fullmatch("[0-9]+", size, re.ASCII)):
            raise MeasureError(f"{one!r} sets no size: write --symbol NAME=N, as in batch=1.")
        if len(size) > _MOST_DIGITS:
            raise MeasureError(
                f"The size of {name!r} is too large: it may have {_MOST_DIGITS} digits."
            )
        if found.setdefault(name, int(size)) != int(size):
            raise MeasureError(
                f"--symbol gives {name!r} two sizes, {found[name]} and {int(size)}: give it once."
            )
    return found
