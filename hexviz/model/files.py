"""Writing files: whole or not at all, and none that is read unless a person asked for that."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hexviz.errors import WriteError

__all__ = [
    "LEFTOVER",
    "Chunk",
    "file_to_write",
    "inside",
    "is_there",
    "remove_leftovers",
    "write_atomically",
]

Chunk = bytes | memoryview
"""A piece of a file; a view of bytes is written without another copy."""

LEFTOVER = ".hexviz-"
"""What the name of every temporary file begins with."""

_LEFT = 3600  # seconds after which nobody writes to a temporary file any more

# Asked for once, while nothing else runs yet: asking means to set it for a moment.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


def write_atomically(path: Path, chunks: Iterable[Chunk], *, private: bool = False) -> None:
    """Write ``chunks`` to a temporary file beside ``path``, then put it in its place.

    Once this returns, the file is on the disk, whatever happens to the machine.
    A link is replaced, not followed. A file that is replaced leaves its
    permissions to the new one, which are its owner's alone if it is ``private``.

    Raises:
        WriteError: if anything fails, or ``path`` is, or leads to, what is no
            file, such as a device; an existing file is kept as it was.
    """
    if _is_other_than_a_file(path):
        raise WriteError(f"{path} is no file: give the name of one.")
    try:
        handle, name = tempfile.mkstemp(prefix=LEFTOVER, dir=path.parent)
    except OSError as error:
        raise WriteError(f"Cannot write to {path.parent}: {error.strerror}.") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            # mkstemp makes owner-only files; a result gets what any new file here would.
            if not private:
                temporary.chmod(_mode(path))
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WriteError(f"Cannot write {path}: {error.strerror}.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files in ``folder`` of processes that were killed while they wrote.

    Raises:
        WriteError: if one of them cannot be removed.
    """
    try:
        for path in folder.glob(f"{LEFTOVER}*"):
            try:
                status = path.lstat()
            except FileNotFoundError:  # it was in use, and is in its place now
                continue
            if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > _LEFT:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"Cannot clean up {folder}: {error.strerror}.") from error


def inside(folder: Path, name: str) -> Path:
    """The path of ``name`` below a folder, to write to; missing folders on the way are made.

    Raises:
        WriteError: if it leads out of the folder, by ``..`` or by a link, or a
            folder cannot be made.
    """
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts:
        raise WriteError(f"Will not write to {name}, which is outside of {folder}.")
    here = folder
    try:
        for part in relative.parts[:-1]:
            here /= part
            if here.is_symlink():
                raise WriteError(f"{here} is a link: nothing is written through it.")
            here.mkdir(exist_ok=True)
    except OSError as error:
        raise WriteError(f"Cannot make the folder {here}: {error.strerror}.") from error
    return here / relative.parts[-1]


def _mode(path: Path) -> int:
    try:
        mode = path.lstat().st_mode
    except OSError:  # the usual case: there is none yet
        return 0o666 & ~_UMASK
    return stat.S_IMODE(mode) & 0o777 if stat.S_ISREG(mode) else 0o666 & ~_UMASK


def _sync_folder(folder: Path) -> None:
    """Make sure that a new name in a folder is on the disk; Windows does not offer it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(handle)


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
