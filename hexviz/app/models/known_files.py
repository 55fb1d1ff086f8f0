"""Where files lie that were opened by path, by digest, so that links outlive the server.

::

    hexviz view m.onnx ──digest──▶ cache, known/ ──▶ /home/ann/m.onnx     after a restart

A record is only a hint. What is opened is the content: a file that has changed
since is refused, and a server opens no file by a link unless it may (see
:class:`hexviz.app.models.store.ModelStore`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hexviz.cache import Cache

__all__ = ["KnownFile", "KnownFiles", "ModelSource"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_PATHS = 8  # of files with the same content


class ModelSource(NamedTuple):
    """What a model is opened from: all that another process needs to open the same file."""

    path: Path
    """The ONNX file on this machine."""
    digest: str
    """The SHA-256 of its content, in hexadecimal; to be checked by whoever opens it."""
    name: str
    """What people call it."""
    overrides: Mapping[str, str]
    """Op id → FQN: what a person changed on top."""
    tags: Path | None = None
    """The file of tags that were taken from another graph, below the overrides."""
    renames: Sequence[tuple[str, str]] = ()
    """Recovered blocks that a person renamed, one after the other, below the overrides."""
    bare: bool = False
    """Whether a person left recovered blocks out."""

    def to_json(self) -> dict[str, Any]:
        """As a job gets it."""
        return {
            "path": str(self.path),
            "digest": self.digest,
            "name": self.name,
            "overrides": dict(self.overrides),
            "tags": None if self.tags is None else str(self.tags),
            "renames": list(map(list, self.renames)),
            "bare": self.bare,
        }


class KnownFile(NamedTuple):
    """A file that was opened, and how it looked then."""

    path: Path
    size: int
    time: int
    """Of its last change, in nanoseconds."""

    @classmethod
    def of(cls, path: Path) -> KnownFile:
        """The file as it is now.

        Raises:
            OSError: if it is not there.
        """
        status = path.stat()
        return cls(path.resolve(), status.st_size, status.st_mtime_ns)

    def seems_unchanged(self) -> bool:
        """Whether the file has the size and the time that it had; its content says for sure."""
        try:
            return KnownFile.of(self.path) == self
        except OSError:
            return False


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    path: bytes  # as the system has it, which need not be text
    size: int
    time: int
    digest: str = ""  # of the content; earlier versions did not write it


class _EarlierRecord(msgspec.Struct):
    path: str
    size: int
    time: int


class KnownFiles:
    """The files with a content that were opened by path, the one opened last first."""

    def __init__(self, cache: Cache) -> None:
        self._records = cache.records("known")
        self._earlier = cache.root / "places"

    def keep(self, digest: str, file: KnownFile) -> None:
        """Remember where the content with this digest lies.

        Raises:
            WriteError: if that cannot be written.
        """
        files = [file, *(known for known in self.find(digest) if known.path != file.path)]
        self._records.put_json(
            digest,
            [
                _Record(os.fsencode(file.path), file.size, file.time, digest)
                for file in files[:_MOST_PATHS]
            ],
        )

    def find(self, digest: str) -> Sequence[KnownFile]:
        """Where the content with this digest lay; nothing if nothing usable is kept."""
        kept = self._records.get_json(digest, list[_Record]) or self._kept_earlier(digest)
        return _usable(kept)

    def recent(self, most: int) -> list[tuple[float, str, list[KnownFile]]]:
        """The contents opened last, newest first: when (seconds since 1970), digest, and files."""
        return [
            (seconds, records[0].digest, _usable(records))
            for seconds, records in self._records.newest(list[_Record], most)
            if records and _DIGEST.fullmatch(records[0].digest)
        ]

    def _kept_earlier(self, digest: str) -> list[_Record]:
        """What hexviz 0.1 remembered of the content with this digest."""
        try:
            content = (self._earlier / f"{digest}.json").read_bytes()
            file = msgspec.json.decode(content, type=_EarlierRecord)
            return [_Record(file.path.encode(), file.size, file.time)]
        except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError):
            return []


def _usable(records: Sequence[_Record]) -> list[KnownFile]:
    found = [KnownFile(Path(os.fsdecode(file.path)), file.size, file.time) for file in records]
    # As it is written: with a zero byte, or relative, it is none of ours.
    return [file for file in found if "\0" not in str(file.path) and file.path.is_absolute()]
