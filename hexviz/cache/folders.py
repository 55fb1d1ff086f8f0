"""The cache folder on this machine: its folders, and what each may take."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import platformdirs

from hexviz.cache.blobs import Blobs
from hexviz.cache.eviction import Bound, evict
from hexviz.cache.records import Records
from hexviz.errors import WriteError
from hexviz.model.files import remove_leftovers

__all__ = ["BOUNDS", "Bound", "Cache", "user_data_folder"]

BOUNDS: Mapping[str, Bound] = MappingProxyType(
    {
        "exports": Bound(32 << 30),  # all samples, and a few large models with weights
        "uploads": Bound(8 << 30),  # thirty of the largest that the page accepts
        # Looking through 5,000 for the oldest takes 15 ms; moving all ops of a large model
        # is an edit of megabytes.
        "edits": Bound(1 << 28, files=5000),
        "transfers": Bound(1 << 30),  # 20 MB for 100,000 ops
        "known": Bound(1 << 24, files=2000),  # each is below a kilobyte or two
        "versions": Bound(2 << 30, files=200),  # what watched files held before
        "results": Bound(4 << 30, files=10_000),  # a part may be 2 GB, as a protobuf may
    }
)
"""By folder."""

_EARLIER = ("measured", "parts", "pictures", "tags")
"""Folders of hexviz 0.1 whose content can be made again."""


def user_data_folder() -> Path:
    """Where a person's programs are registered, as XDG_DATA_HOME says; nothing is kept there."""
    return platformdirs.user_data_path()


class Cache:
    """All that hexviz keeps, below ``root``: the user's cache folder, if that is left out.

    Making one touches no disk. ``bounds`` says what each folder may take.
    """

    def __init__(self, root: Path | None = None, bounds: Mapping[str, Bound] = BOUNDS) -> None:
        self.root = root or platformdirs.user_cache_path("hexviz", appauthor=False)
        self._bounds = bounds

    def folder(self, name: str) -> Path:
        """A folder of the cache, made if it is missing, and closed to everybody else.

        Raises:
            WriteError: if it cannot be made or used.
        """
        try:
            self.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.root, self.root / name):
                with suppress(FileExistsError):
                    folder.mkdir(mode=0o700)
                _close_to_others(folder)
        except OSError as error:
            raise WriteError(
                f"Cannot use the cache folder {self.root}: {error.strerror}."
            ) from error
        return self.root / name

    def blobs(self, name: str) -> Blobs:
        """The files by digest in a folder."""
        return Blobs(lambda: self.folder(name), self._bounds[name])

    def records(self, name: str, recipe: str = "") -> Records:
        """The records in a folder that are made by a ``recipe``."""
        return Records(lambda: self.folder(name), self._bounds[name], recipe)

    def sweep(self) -> None:
        """Bring every folder within its bound, and remove what killed processes left.

        What an earlier version kept elsewhere is taken over, or removed if it can be made again.

        Raises:
            WriteError: if the cache folder cannot be used or cleaned up.
        """
        self.folder("jobs")
        self._take_over()
        for folder in (self.root, *self.root.iterdir()):
            if folder.is_dir() and not folder.is_symlink():
                remove_leftovers(folder)
        for name, bound in self._bounds.items():
            evict(self.folder(name), bound)

    def _take_over(self) -> None:
        """Edits were kept among the uploads once, and each thing that can be made again apart."""
        uploads = self.folder("uploads")
        for suffix, name in ((".edit", "edits"), (".tags", "transfers")):
            for path in uploads.glob(f"*{suffix}"):
                with suppress(OSError):
                    path.replace(self.folder(name) / f"{path.stem}.json")
        for name in _EARLIER:
            shutil.rmtree(self.root / name, ignore_errors=True)


def _close_to_others(folder: Path) -> None:
    """Make sure that a folder is one, of this person, and closed: others could plant files.

    Raises:
        WriteError: if it is not, and cannot be made so.
        OSError: if it cannot be looked at.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        what = "a link" if stat.S_ISLNK(status.st_mode) else "no folder"
        raise WriteError(
            f"The cache folder {folder} is {what}: remove it, or set XDG_CACHE_HOME to another."
        )
    if hasattr(os, "getuid") and status.st_uid != os.getuid():  # Windows has no such owners
        raise WriteError(
            f"The cache folder {folder} is somebody else's: set XDG_CACHE_HOME to one of your own."
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        folder.chmod(0o700)
