"""A folder of results that can be made again, by the digest of what they were made from.

Only so much is kept: what was used longest ago goes first. Files appear whole or
not at all, so any number of processes can share a folder. Each begins with the
digest of the rest, and counts as missing where that is not right.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically

__all__ = ["Shelf", "code_in"]

_KEY = re.compile(r"[0-9a-f]{64}")
_CHECK = 32  # bytes of the digest in front
_SUFFIX = ".kept"


def code_in(*folders: Path) -> str:
    """A digest of the Python code in some folders."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            found.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Results of one kind; ``most`` is the bytes that all of them may take on disk.

    ``recipe`` names what they are made by: results of another recipe are never found.
    """

    folder: Path
    recipe: str
    most: int

    def get(self, key: str) -> memoryview | None:
        """The result for the content with this digest, or ``None``."""
        path = self._path(key)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        body = memoryview(content)[_CHECK:]
        if hashlib.sha256(body).digest() != content[:_CHECK]:
            path.unlink(missing_ok=True)
            return None
        return body

    def put(self, key: str, result: bytes) -> None:
        """Keep a result, and give up the oldest ones for it; one that is too large is not kept.

        Raises:
            WriteError: if the folder cannot be written.
        """
        if len(result) + _CHECK > self.most:
            return
        content = [hashlib.sha256(result).digest(), result]
        write_atomically(self._path(key), content, private=True)
        make_room(self.folder, f"*{_SUFFIX}", most_bytes=self.most)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no digest")
        name = hashlib.sha256(f"{self.recipe}:{key}".encode()).hexdigest()
        return self.folder / f"{name}{_SUFFIX}"
