"""Results by the digest of what they were made from: found again, or made again.

A file begins with the digest of the rest, and counts as missing where that is not right.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from hexviz.cache.eviction import Bound, evict
from hexviz.errors import WriteError
from hexviz.model.files import write_atomically

__all__ = ["Records", "code_in"]

Kind = TypeVar("Kind")

_KEY = re.compile(r"[0-9a-f]{64}")
_CHECK = 32  # bytes of the digest in front
_SUFFIX = ".record"


@functools.cache
def code_in(*folders: Path) -> str:
    """A digest of the Python code in some folders, for recipes: other code makes other results."""
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            found.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one kind in a folder of the cache.

    ``recipe`` names what they are made by: those of another recipe are never found.
    Reading never fails: a folder that cannot be used holds nothing.
    """

    folder: Callable[[], Path]
    bound: Bound
    recipe: str = ""

    def get(self, key: str) -> memoryview | None:
        """The record for the content with this digest, or ``None``."""
        name = self._name(key)
        try:
            path = self.folder() / name
            content = path.read_bytes()
            os.utime(path)
        except (OSError, WriteError):
            return None
        body = memoryview(content)[_CHECK:]
        if hashlib.sha256(body).digest() != content[:_CHECK]:
            path.unlink(missing_ok=True)
            return None
        return body

    def put(self, key: str, content: bytes) -> None:
        """Keep a record, and evict what was used least recently for it.

        One that is larger than all that may be kept is not kept.

        Raises:
            WriteError: if the folder cannot be written.
        """
        name = self._name(key)
        if len(content) + _CHECK > self.bound.size:
            return
        folder = self.folder()
        check = hashlib.sha256(content).digest()
        write_atomically(folder / name, [check, content], private=True)
        evict(folder, self.bound)

    def get_json(self, key: str, kind: type[Kind]) -> Kind | None:
        """The record for this digest as a ``kind``; ``None`` if there is none, or it is no such."""
        content = self.get(key)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, RecursionError):
            return None

    def put_json(self, key: str, value: object) -> None:
        """Keep plain data, a dataclass or a Struct.

        Raises:
            WriteError: if the folder cannot be written.
        """
        self.put(key, msgspec.json.encode(value))

    def newest(self, kind: type[Kind], most: int) -> list[tuple[float, Kind]]:
        """What was kept or used last, newest first, each with when that was (seconds since 1970).

        It does not count as use. The folder holds records of this kind alone.
        """
        used: list[tuple[float, Path]] = []
        with suppress(OSError, WriteError):
            used = [(path.stat().st_mtime, path) for path in self.folder().glob(f"*{_SUFFIX}")]
        found: list[tuple[float, Kind]] = []
        for seconds, path in sorted(used, reverse=True):
            if len(found) == most:
                break
            # What another process evicts meanwhile, or is damaged, is none.
            with suppress(OSError, msgspec.MsgspecError, RecursionError):
                content = path.read_bytes()
                if hashlib.sha256(content[_CHECK:]).digest() == content[:_CHECK]:
                    found.append((seconds, msgspec.json.decode(content[_CHECK:], type=kind)))
        return found

    def _name(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no digest")
        return hashlib.sha256(f"{self.recipe}:{key}".encode()).hexdigest() + _SUFFIX
