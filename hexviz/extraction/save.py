"""Write a part: with the weights where they are, or with just those that it needs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx

from hexviz.errors import WriteError
from hexviz.model.files import is_there, write_atomically
from hexviz.model.reader import WEIGHTS_LEFT_OUT, tensors
from hexviz.model.writer import serialized

__all__ = ["save"]

_ALIGNED = 4096
"""Weights start at multiples of this many bytes, so that they can be mapped into memory."""

_CHUNK = 1 << 24  # bytes copied at a time: weights can be larger than memory


def save(proto: onnx.ModelProto, path: Path, base_dir: Path | None) -> None:
    """Write a model whose external data, if any, is in ``base_dir``.

    In that folder it refers to the same files. Elsewhere, the bytes that it
    refers to are gathered in ``NAME.data`` beside it, each once.

    Raises:
        WriteError: if a file cannot be written; old ones are kept.
    """
    if base_dir is None or base_dir == path.parent.resolve() or not _external(proto):
        write_atomically(path, [serialized(proto, str(path))])
        return
    gathered = onnx.ModelProto()
    gathered.CopyFrom(proto)
    data = path.with_name(f"{path.name}.data")
    if is_there(data):
        raise WriteError(f"{data} is in the way: move it, or write to another folder.")
    ranges: dict[_Range, int] = {}
    end = 0
    for tensor in _external(gathered):
        wanted = _range(tensor, base_dir)
        if wanted not in ranges:
            ranges[wanted] = end
            end += -(-wanted[2] // _ALIGNED) * _ALIGNED
        del tensor.external_data[:]
        for key, value in (
            ("location", data.name),
            ("offset", ranges[wanted]),
            ("length", wanted[2]),
        ):
            tensor.external_data.add(key=key, value=str(value))
    content = serialized(gathered, str(path))
    write_atomically(data, _gather(ranges))
    try:
        write_atomically(path, [content])
    except BaseException:  # also an interrupt: the weights alone are of no use
        data.unlink(missing_ok=True)
        raise


_Range = tuple[Path, int, int]
"""A file, the first byte, and how many."""


def _external(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [
        tensor
        for tensor in tensors(proto)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        and not any(entry.value == WEIGHTS_LEFT_OUT for entry in tensor.external_data)
    ]


def _range(tensor: onnx.TensorProto, base_dir: Path) -> _Range:
    """Where the data of a tensor is.

    Raises:
        WriteError: if the file has no such bytes.
    """
    told = {entry.key: entry.value for entry in tensor.external_data}
    path = base_dir / told["location"]
    try:
        offset = int(told.get("offset", 0))
        size = path.stat().st_size
        length = int(told["length"]) if "length" in told else size - offset
    except (ValueError, OSError) as error:
        raise WriteError(f"The weights of {tensor.name!r} cannot be read: {error}.") from error
    if not 0 <= offset <= offset + length <= size:
        raise WriteError(
            f"{path} is too short for the weights of {tensor.name!r}: download or export it again."
        )
    return path, offset, length


def _gather(ranges: dict[_Range, int]) -> Iterator[bytes]:
    at = 0
    for (path, offset, length), start in ranges.items():
        yield bytes(start - at)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                left = length
                while left:
                    chunk = file.read(min(left, _CHUNK))
                    if not chunk:
                        raise WriteError(f"{path} became shorter while it was read: try again.")
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise WriteError(f"Cannot copy the weights in {path}: {error.strerror}.") from error
        at = start + length
