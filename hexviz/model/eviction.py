"""Keeping a folder of kept files within bounds: what was used longest ago goes first."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hexviz.errors import WriteError

__all__ = ["make_room"]


def make_room(
    folder: Path,
    pattern: str,
    *,
    most_files: int | None = None,
    most_bytes: int | None = None,
    spared: Collection[str] = (),
) -> list[Path]:
    """Remove the files in ``folder`` that are too many or too large in all; returns those.

    A file counts as used when it was written, or its time was set, last.
    ``spared`` are stems (names without their last suffix) of files that stay
    whatever they take. Other processes may remove files at the same time.

    Raises:
        WriteError: if the folder cannot be read, or a file not be removed.
    """
    removed = []
    try:
        found = []
        for path in folder.glob(pattern):
            try:
                told = path.lstat()
            except FileNotFoundError:  # another process makes room as well
                continue
            found.append((path.stem in spared, told.st_mtime_ns, told.st_size, path))
        size = 0
        for files, (is_spared, _, taken, path) in enumerate(sorted(found, reverse=True), start=1):
            size += taken
            too_many = most_files is not None and files > most_files
            too_large = most_bytes is not None and size > most_bytes
            if (too_many or too_large) and not is_spared:
                path.unlink(missing_ok=True)
                removed.append(path)
    except OSError as error:
        raise WriteError(f"Cannot clean up {folder}: {error.strerror}.") from error
    return removed
