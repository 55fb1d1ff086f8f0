"""Writing files: whole or not at all, and none that is read unless a person asked for that."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hexviz.errors import WriteError

__all__ = ["file_to_write", "is_there", "write_atomically"]

# Asked for once, while nothing else runs yet: asking means to set it for a moment.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write ``chunks`` to a temporary file beside ``path``, then put it in its place.

    A link is replaced, not followed.

    Raises:
        WriteError: if anything fails, or ``path`` is, or leads to, what is no
            file, such as a device; an existing file is kept as it was.
    """
    if _is_other_than_a_file(path):
        raise WriteError(f"{path} is no file: give the name of one.")
    try:
        handle, temporary = tempfile.mkstemp(prefix=".hexviz-", dir=path.parent)
    except OSError as error:
        raise WriteError(f"Cannot write to {path.parent}: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes owner-only files; a result gets what any new file here would.
        Path(temporary).chmod(0o666 & ~_UMASK)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise WriteError(f"Cannot write {path}: {error.strerror}.") from error
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _is_other_than_a_file(path: Path) -> bool:
    if not is_there(path):
        return False
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # removed since, or a link to nothing
        return False


def is_there(path: Path) -> bool:
    """Whether there is something of this name.

    Raises:
        WriteError: if nothing can have it, because it is too long.
    """
    try:
        return path.exists()
    except OSError as error:
        raise WriteError(f"Cannot write to {path}: {error.strerror}.") from error


def file_to_write(source: Path, output: Path | None, *, in_place: bool | None = None) -> Path:
    """``output``, or ``source`` itself if a person asked for that by ``in_place``.

    ``None`` is for a result that never takes the place of what it is made
    from. A link that is changed in place stays one: what it leads to is written.

    Raises:
        WriteError: if ``output`` is ``source``, by whatever path, and nobody
            asked for that; if somebody did and it is another file; if both are missing.
    """
    same = output is not None and _is_same(source, output)
    if in_place:
        if output is not None and not same:
            raise WriteError(
                f"--in-place writes to {source}, and -o names {output}: leave one of them out."
            )
        return source.resolve()
    if output is None:
        raise WriteError("Nowhere to write to: give -o OUT.onnx, or --in-place for the same file.")
    if same:
        otherwise = "" if in_place is None else ", or --in-place to change it"
        raise WriteError(f"{output} is the file that is read: give another one{otherwise}.")
    return output


def _is_same(one: Path, other: Path) -> bool:
    return is_there(one) and is_there(other) and one.samefile(other)
