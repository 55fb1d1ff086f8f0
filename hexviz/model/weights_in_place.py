"""Open a file and leave its large weights in it, where they are read when somebody wants them.

::

    file     … | initializer: name dims type raw_data ▓▓▓▓▓▓▓▓▓▓ | node | …
    parsed       initializer: name dims type external_data: this file, offset, length

What is parsed is the file with each large weight's bytes replaced by where they lie, as if they
were in a file beside the model. So memory does not hold them, and whoever reads external data
reads these. The file has to stay as it is meanwhile.

Only lengths and field numbers are looked at (https://protobuf.dev/programming-guides/encoding/);
whatever is not as expected is read the usual way.
"""

from __future__ import annotations

import math
import mmap
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError

from hexviz.errors import ReadError
from hexviz.model.reader import (
    STORED_SPARSELY,
    WEIGHTS_LEFT_OUT,
    ModelFile,
    from_proto,
    location_of,
    read,
)

__all__ = ["elements_in_place", "is_askew", "read_in_place"]

_LARGE = 1 << 20  # bytes of a weight that is left where it is
_LARGEST = (1 << 31) - 1  # bytes of a file: of larger ones, reading says what is wrong

_MODEL_GRAPH = onnx.ModelProto.DESCRIPTOR.fields_by_name["graph"].number
_GRAPH_INITIALIZER = onnx.GraphProto.DESCRIPTOR.fields_by_name["initializer"].number
_TENSOR = onnx.TensorProto.DESCRIPTOR.fields_by_name
_RAW_DATA = _TENSOR["raw_data"].number
_ELSEWHERE = {_TENSOR["external_data"].number, _TENSOR["data_location"].number}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields


class _Unexpected(Exception):  # noqa: N818 - it never leaves this module
    """The bytes are not those of a model as exporters write it."""


def read_in_place(path: str | Path) -> ModelFile:
    """As :func:`hexviz.model.reader.read`, with weights of 1 MB and more left in the file.

    Raises:
        ReadError: as that does.
    """
    path = Path(path)
    try:
        real = path.resolve()
        status = real.stat()
        if not stat.S_ISREG(status.st_mode) or not _LARGE < status.st_size <= _LARGEST:
            return read(path)
        with real.open("rb") as file:
            content = b"".join(_model(file, status.st_size, real.name))
        proto = onnx.ModelProto()
        proto.ParseFromString(content)
    except (_Unexpected, DecodeError, OSError, ValueError):
        return read(path)  # which says what is wrong, if anything is
    return from_proto(proto, name=path.name, base_dir=real.parent, content=content)


def is_askew(tensor: onnx.TensorProto) -> bool:
    """Whether a weight lies in a file where no array of its type would lie in memory.

    The runtime maps files, and its kernels read elements where they lie. Only of types that numpy
    has itself: what others mean is not read here.
    """
    if location_of(tensor) in (None, WEIGHTS_LEFT_OUT, STORED_SPARSELY) or not tensor.data_type:
        return False
    kind = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    offset = next((one.value for one in tensor.external_data if one.key == "offset"), "0")
    is_plain = kind.isbuiltin == 1 and kind.kind != "O"
    return is_plain and offset.isdecimal() and int(offset) % kind.itemsize != 0


def elements_in_place(tensor: onnx.TensorProto, base_dir: Path | None) -> npt.NDArray[Any]:
    """The elements of a weight, of a type that numpy has, that lies in a file at an offset.

    They are in memory of their own, which goes back to the system with the array: heaps keep what
    weights leave. What onnx has for this would keep them in the model from then on.

    Raises:
        ReadError: if the file is not there, or ends before they do.
    """
    told = {one.key: one.value for one in tensor.external_data}
    path = (base_dir or Path()) / told["location"]
    kind = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    memory = _memory(math.prod(tensor.dims) * kind.itemsize)
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(int(told["offset"]))
            read = file.readinto(memory)
    except OSError as error:
        raise ReadError(f"{path.name} cannot be read: {error.strerror}.") from error
    if read != len(memory):
        raise ReadError(f"{path.name} ends before the weight {tensor.name!r} does.")
    array = np.frombuffer(memory, kind).reshape(tuple(tensor.dims))
    return array.byteswap() if sys.byteorder == "big" else array


def _memory(size: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    # Shared memory, as without the flags, takes longer to get.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _model(file: BinaryIO, end: int, location: str) -> Iterator[bytes]:
    for number, start, kind, size in _fields(file, end):
        if number == _MODEL_GRAPH and kind == _BYTES:
            body = b"".join(_graph(file, file.tell() + size, location))
            yield _field(number, body)
        else:
            yield _copied(file, start, file.tell() + size)


def _graph(file: BinaryIO, end: int, location: str) -> Iterator[bytes]:
    for number, start, kind, size in _fields(file, end):
        stop = file.tell() + size
        if number == _GRAPH_INITIALIZER and kind == _BYTES and size >= _LARGE:
            yield _field(number, b"".join(_tensor(file, stop, location)))
        else:
            yield _copied(file, start, stop)


def _tensor(file: BinaryIO, end: int, location: str) -> Iterator[bytes]:
    found = False
    for number, start, kind, size in _fields(file, end):
        if number in _ELSEWHERE or (number == _RAW_DATA and (found or kind != _BYTES)):
            raise _Unexpected
        if number == _RAW_DATA and size >= _LARGE:
            found = True
            where = onnx.TensorProto(data_location=onnx.TensorProto.EXTERNAL)
            for key, value in (("location", location), ("offset", file.tell()), ("length", size)):
                where.external_data.add(key=key, value=str(value))
            yield where.SerializeToString()
            file.seek(size, os.SEEK_CUR)
        else:
            yield _copied(file, start, file.tell() + size)


def _fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, kind and bytes of each field; the file stands behind its head.

    Whoever takes one leaves the file at its end.
    """
    while (start := file.tell()) < end:
        head = _varint(file)
        number, kind = head >> 3, head & 7
        if kind == _VARINT:
            before = file.tell()
            _varint(file)
            size = file.tell() - before
            file.seek(before)
        elif kind == _BYTES:
            size = _varint(file)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise _Unexpected
        stop = file.tell() + size
        if not number or stop > end:
            raise _Unexpected
        yield number, start, kind, size
        if file.tell() != stop:
            raise _Unexpected


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise _Unexpected
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise _Unexpected


def _copied(file: BinaryIO, start: int, stop: int) -> bytes:
    """A field as it stands in the file."""
    file.seek(start)
    return file.read(stop - start)


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
