"""First pictures as they stand in the page, kept by file and class of canvas.

::

    path, size, times ───────────▶ digest, as it was when the file was last read
    digest, name, canvas, code ──▶ picture

What is known of a file by its size and times is believed for the picture alone, and only until its
content has been read again: what is answered from then on is of the file as it is.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import NamedTuple

import hexviz.app
from hexviz.cache import Cache, code_in
from hexviz.errors import WriteError
from hexviz.view.canvas_size import size_class

__all__ = ["Canvas", "FileState", "KeptPictures"]

_LOGGER = logging.getLogger(__name__)

Canvas = tuple[int, int] | None
"""Width and height of a canvas in pixels, if they are known."""


class FileState(NamedTuple):
    """A file as the system tells of it; no two contents of one path have the same."""

    path: str
    size: int
    modified: int
    """When its content changed, in nanoseconds, as whoever wrote it may have set it."""
    changed: int
    """When it was last written to or renamed, as nobody can set it."""

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The file as it is now.

        Raises:
            OSError: if it is not there.
        """
        status = path.stat()
        name = os.fsencode(path.resolve()).hex()
        return cls(name, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class KeptPictures:
    """The first pictures in a cache, made by this very code; those without ``recover`` apart.

    A cache that cannot be written is a line in the log of this module and does no harm.
    """

    def __init__(self, cache: Cache, *, recover: bool = True) -> None:
        code = code_in(Path(hexviz.app.__path__[0]).parent)
        kind = "first pictures" if recover else "first pictures without recovery"
        self._pictures = cache.records("results", f"{kind} {code}")
        self._digests = cache.records("results", "digests of files")

    def digest_of(self, state: FileState) -> str | None:
        """The digest that a file had when it was last read, if it seems unchanged since."""
        return self._digests.get_json(_key(*state), str)

    def saw(self, state: FileState, digest: str) -> None:
        """Remember the digest of a file."""
        try:
            self._digests.put_json(_key(*state), digest)
        except WriteError as error:
            _LOGGER.warning("What a file holds is not kept: %s", error)

    def get(self, digest: str, name: str, canvas: Canvas) -> str | None:
        """The picture of a file with this content and name, in the markup of the page."""
        kept = self._pictures.get(_key(digest, name, size_class(canvas)))
        return None if kept is None else bytes(kept).decode()

    def keep(self, digest: str, name: str, canvas: Canvas, picture: str) -> None:
        """Keep the picture of a file."""
        try:
            self._pictures.put(_key(digest, name, size_class(canvas)), picture.encode())
        except WriteError as error:
            _LOGGER.warning("The first picture of %s is not kept: %s", name, error)


def _key(*what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()
