"""Files by the digest of their content: what has the same content is kept once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from hexviz.cache.eviction import Bound, evict
from hexviz.errors import WriteError
from hexviz.model.files import write_atomically

__all__ = ["Blobs"]

_NAME = re.compile(r"[0-9a-f]{64}\.(onnx|json)")


@dataclass(frozen=True, slots=True)
class Blobs:
    """The files in a folder of the cache, each named ``<SHA-256>.onnx`` or ``<SHA-256>.json``.

    Files appear whole or not at all, so any number of processes can share a folder.
    """

    folder: Callable[[], Path]
    bound: Bound

    def put(self, content: bytes, suffix: str, spared: Collection[str] = ()) -> str:
        """Keep content, and evict what was used least recently for it; returns the file's name.

        ``spared`` are names of other files that stay.

        Raises:
            WriteError: if that fails; nothing new is kept then.
        """
        name = f"{hashlib.sha256(content).hexdigest()}{suffix}"
        folder = self.folder()
        write_atomically(folder / name, [content], private=True)
        evict(folder, self.bound, {name, *spared})
        return name

    def find(self, name: str) -> Path | None:
        """The file of this name, which counts as used now; ``None`` if it is not kept."""
        if not _NAME.fullmatch(name):
            return None
        try:
            path = self.folder() / name
            if path.is_symlink() or not path.is_file():
                return None
            os.utime(path)
        except (OSError, WriteError):  # evicted just now, or no folder to look in
            return None
        return path

    def read(self, name: str) -> bytes | None:
        """The content of the file of this name; ``None`` if it is not kept, or was damaged."""
        path = self.find(name)
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == path.stem else None
