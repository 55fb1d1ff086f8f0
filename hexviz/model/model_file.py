"""A file that is said to hold a model: its bytes, and whether its outline is a model's at all.

Nothing of ONNX is imported here: a server looks at the outline before anything else is there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hexviz.errors import ReadError

__all__ = ["check_outline", "may_need_other_files", "read_file"]

_LARGEST = (1 << 31) - 1  # bytes that protobuf reads

_IR_VERSION, _GRAPH, _OPSETS = 1, 7, 8  # fields of a ModelProto
_MOST_FIELDS = 1000  # at the top of a file; one with more is looked at when it is read
_LONGEST_NUMBER = 10  # bytes

_LOCATION = b"\x0a\x08location"  # the key under which a tensor names the file that holds its data
_SEARCHED = 1 << 24  # bytes: a file whose weights lie elsewhere is small


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ReadError: if it is missing, no file (a folder, a pipe, a device), over
            2 GB, or cannot be read.
    """
    with _opened(path) as file:
        return file.read()


def check_outline(path: Path, name: str) -> None:
    """That a file is one, and that its fields at the top may be a model's: of 2 GB, a few bytes.

    Reading may still find that it is none. ``name`` is what errors call it then.

    Raises:
        ReadError: as :func:`read_file`, and if reading is sure to find that it is no ONNX model.
    """
    with _opened(path) as file:
        seen = _outline(file)
    if seen is None:
        raise ReadError(
            f"{name} is not an ONNX model, or was cut short: export or download it again."
        )
    if not (_GRAPH in seen and seen & {_IR_VERSION, _OPSETS}):
        raise ReadError(f"{name} is not an ONNX model: it holds no graph.")


def may_need_other_files(path: Path) -> bool:
    """Whether a small file may keep weights in others, so that it is of no use without these.

    Raises:
        ReadError: as :func:`read_file`.
    """
    with _opened(path) as file:
        return os.fstat(file.fileno()).st_size <= _SEARCHED and _LOCATION in file.read()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        # Nobody may write into a pipe, ever: opening one must not wait for that. Windows has no
        # such pipes among its files, and no such flag.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(path)
            if not stat.S_ISREG(status.st_mode):
                raise ReadError(f"{path} is a pipe or a device: name an .onnx file.")
            if status.st_size > _LARGEST:
                raise ReadError(
                    f"{path} has over 2 GB, more than one ONNX file can hold: "
                    "export with external data."
                )
            yield file
    except FileNotFoundError as error:
        raise ReadError(f"{path} does not exist: check the path.") from error
    except OSError as error:
        # Windows says that permission is denied. Of a name that is too long nothing can be asked.
        if isinstance(error, IsADirectoryError | PermissionError) and path.is_dir():
            raise ReadError(f"{path} is a folder: name the .onnx file in it.") from error
        raise ReadError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ReadError(f"{path} cannot be the name of a file: check the path.") from error


def _outline(file: BinaryIO) -> set[int] | None:
    """The numbers of the fields at the top of a message; ``None`` if its bytes are no fields.

    https://protobuf.dev/programming-guides/encoding/
    """
    end = os.fstat(file.fileno()).st_size
    seen: set[int] = set()
    for _ in range(_MOST_FIELDS):
        if file.tell() == end:
            return seen
        head = _number(file)
        if head is None or not head >> 3:
            return None
        match head & 7:
            case 0:
                size = None if _number(file) is None else 0
            case 1:
                size = 8
            case 2:
                size = _number(file)
            case 5:
                size = 4
            case 3 | 4:
                return _ALL  # a group: nothing writes one, and protobuf reads over it
            case _:
                return None
        if size is None or file.tell() + size > end:
            return None
        seen.add(head >> 3)
        file.seek(size, os.SEEK_CUR)
    return _ALL


_ALL = {_IR_VERSION, _GRAPH, _OPSETS}
"""What is not looked at to the end may hold everything."""


def _number(file: BinaryIO) -> int | None:
    """The next number; ``None`` if there is none."""
    value = 0
    for at in range(_LONGEST_NUMBER):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << 7 * at
        if byte[0] < 0x80:
            return value
    return None
