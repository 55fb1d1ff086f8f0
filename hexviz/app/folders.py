"""Where hexviz keeps files on this machine; only their owner can read them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from hexviz.errors import WriteError
from hexviz.model.eviction import make_room
from hexviz.model.files import remove_leftovers

__all__ = [
    "assets_folder",
    "exports_folder",
    "jobs_folder",
    "measured_folder",
    "parts_folder",
    "pictures_folder",
    "places_folder",
    "tags_folder",
    "tidy",
    "uploads_folder",
]

_EXPORTS = 32 << 30
"""Bytes that exported files may take: all samples, and a few large models with weights."""


def exports_folder() -> Path:
    """Files exported for the page."""
    return _private("exports")


def uploads_folder() -> Path:
    """Files uploaded to the page, by the digest of their content."""
    return _private("uploads")


def jobs_folder() -> Path:
    """What background jobs report; plain JSON."""
    return _private("jobs")


def tags_folder() -> Path:
    """The tags of files that were opened, by the digest of the file."""
    return _private("tags")


def parts_folder() -> Path:
    """Parts of models that people take away, their reports, and their proofs."""
    return _private("parts")


def pictures_folder() -> Path:
    """What models that were opened show first."""
    return _private("pictures")


def places_folder() -> Path:
    """Where files lie that were opened by path, by the digest of their content."""
    return _private("places")


def measured_folder() -> Path:
    """What was measured while files were exported, by the digest of the file."""
    return _private("measured")


def assets_folder() -> Path:
    """CSS and JavaScript: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_assets"
    return installed if installed.is_dir() else package.parent / "assets"


def tidy() -> None:
    """Remove what processes that were killed left, and exports beyond what may be kept.

    Raises:
        WriteError: if the cache folder cannot be used or cleaned up.
    """
    root = exports_folder().parent
    for folder in (root, *(one for one in root.iterdir() if one.is_dir())):
        if not folder.is_symlink():
            remove_leftovers(folder)
    make_room(exports_folder(), "*.onnx", most_bytes=_EXPORTS)


def _private(name: str) -> Path:
    root = platformdirs.user_cache_path("hexviz", appauthor=False)
    try:
        root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (root, root / name):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            _make_ours(folder)
    except OSError as error:
        raise WriteError(f"Cannot use the cache folder {root}: {error.strerror}.") from error
    return root / name


def _make_ours(folder: Path) -> None:
    """That a folder is one, of this person, and closed to others: else they could plant files.

    Raises:
        WriteError: if it is not, and cannot be made so.
        OSError: if it cannot be looked at.
    """
    told = folder.lstat()
    if not stat.S_ISDIR(told.st_mode):
        what = "a link" if stat.S_ISLNK(told.st_mode) else "no folder"
        raise WriteError(
            f"The cache folder {folder} is {what}: remove it, or set XDG_CACHE_HOME to another."
        )
    if os.name == "posix" and told.st_uid != os.getuid():
        raise WriteError(
            f"The cache folder {folder} is somebody else's: set XDG_CACHE_HOME to one of your own."
        )
    if stat.S_IMODE(told.st_mode) & 0o077:
        folder.chmod(0o700)
