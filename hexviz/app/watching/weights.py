"""The files that a model keeps its weights in, and how long each has to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from hexviz.errors import ReadError
from hexviz.model.reader import location_of, parse, tensors

__all__ = ["check_complete", "weight_files"]

_MARK = b"location"  # the key under which a tensor names the file that holds its data


def weight_files(content: bytes, name: str, folder: Path) -> dict[Path, int]:
    """The files beside a model that hold its weights, each with the bytes that it needs.

    ``content`` is the model, ``name`` what errors call it.

    Raises:
        ReadError: if it is no readable ONNX model, or one of them is missing.
    """
    if _MARK not in content:
        return {}
    found: dict[Path, int] = {}
    for tensor in tensors(parse(content, name=name, base_dir=folder).proto):
        location = location_of(tensor)
        if location:
            path = folder / location
            found[path] = max(found.get(path, 0), _end(tensor))
    return found


def check_complete(needed: Mapping[Path, int], name: str) -> None:
    """That files of weights are as long as the model says.

    Raises:
        ReadError: if one is not, as it may be while it is being written.
    """
    for path, least in needed.items():
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ReadError(
                f"{name} keeps its weights in {path.name}, which is missing."
            ) from error
        if size < least:
            raise ReadError(
                f"{path.name}, which holds weights of {name}, is cut short: it has {size:,} bytes "
                f"of {least:,}."
            )


def _end(tensor: onnx.TensorProto) -> int:
    """Where a tensor's data ends in its file, in bytes, as far as that is said."""
    said = {one.key: one.value for one in tensor.external_data}
    numbers = [said.get(key, "0") for key in ("offset", "length")]
    return sum(int(one) for one in numbers if one.isascii() and one.isdecimal())
