"""Keeping a folder within its bound: what was used least recently goes first."""

from __future__ import annotations

import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hexviz.errors import WriteError
from hexviz.model.files import LEFTOVER

__all__ = ["Bound", "evict"]


@dataclass(frozen=True, slots=True)
class Bound:
    """What the files of a folder may take: ``size`` in bytes, and how many they may be."""

    size: int
    files: int | None = None


def evict(folder: Path, bound: Bound, spared: Collection[str] = ()) -> None:
    """Remove the files in ``folder`` that are beyond its bound.

    A file counts as used when it was written, or its time was set, last.
    ``spared`` are names of files that stay whatever they take. Other processes
    may remove files at the same time.

    Raises:
        WriteError: if the folder cannot be read, or a file not be removed.
    """
    try:
        found = []
        for path in folder.iterdir():
            if path.name.startswith(LEFTOVER):  # being written
                continue
            try:
                status = path.lstat()
            except FileNotFoundError:  # another process evicts as well
                continue
            if not stat.S_ISDIR(status.st_mode):
                used = (path.name in spared, status.st_mtime_ns)
                found.append((used, status.st_size, path))
        size = 0
        for count, ((is_spared, _), taken, path) in enumerate(sorted(found, reverse=True), start=1):
            size += taken
            too_many = bound.files is not None and count > bound.files
            if (too_many or size > bound.size) and not is_spared:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"Cannot clean up {folder}: {error.strerror}.") from error
