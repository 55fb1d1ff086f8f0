"""Where models lie that were opened by path: kept by digest, so that links outlive the server.

::

    hexviz view m.onnx ──digest──▶ places/<digest>.json ──▶ /home/ann/m.onnx     after a restart

A record is only a hint. What is opened is the content: a file that has changed
since is refused, and a server opens no file by a link unless it may (see
:class:`hexviz.app.models.store.ModelStore`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hexviz.app.folders import exports_folder, places_folder
from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically

__all__ = ["ModelSource", "Places", "Remembered", "kept_places"]

_MOST = 2000  # records; each is below a kilobyte
_LARGEST = 1 << 16  # bytes of a record that is read


class ModelSource(NamedTuple):
    """What a model is opened from: all that another process needs to open the same one."""

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

    def to_json(self) -> dict[str, Any]:
        """As a job is told of it."""
        return {
            "path": str(self.path),
            "digest": self.digest,
            "name": self.name,
            "overrides": dict(self.overrides),
            "tags": None if self.tags is None else str(self.tags),
        }


class Remembered(NamedTuple):
    """A file that was opened, and how it looked then."""

    path: Path
    size: int
    time: int
    """Of its last change, in nanoseconds."""

    @classmethod
    def of(cls, path: Path) -> Remembered:
        """The file as it is now.

        Raises:
            OSError: if it is not there.
        """
        told = path.stat()
        return cls(path.resolve(), told.st_size, told.st_mtime_ns)

    def seems_unchanged(self) -> bool:
        """Whether the file has the size and the time that it had; its content says for sure."""
        try:
            return Remembered.of(self.path) == self
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Places:
    """Files by the digest of their content.

    ``exports`` is the folder that hexviz itself exports to: what is in it may
    always be opened again. ``trusted`` is for a process that works for a
    server, which wrote down only what it had opened itself: it may open all.
    """

    folder: Path
    exports: Path
    trusted: bool = False

    def keep(self, key: str, found: Remembered) -> None:
        """Remember where the content with this digest lies.

        Raises:
            WriteError: if that cannot be written.
        """
        record = {"path": os.fsdecode(found.path), "size": found.size, "time": found.time}
        write_atomically(self.folder / f"{key}.json", [json.dumps(record).encode()], private=True)
        make_room(self.folder, "*.json", most_files=_MOST)

    def find(self, key: str) -> Remembered | None:
        """Where the content with this digest lay; ``None`` if nothing usable is kept."""
        path = self.folder / f"{key}.json"
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST)
            os.utime(path)
            record = json.loads(content)
        except (OSError, ValueError, RecursionError):  # not there, no text, no JSON
            return None
        match record:
            case {"path": str(told), "size": int(size), "time": int(time)}:
                found = Path(told)
                # As it is written: with a zero byte, or relative, it is none of ours.
                if "\0" not in told and found.is_absolute():
                    return Remembered(found, size, time)
        return None

    def is_ours(self, path: Path) -> bool:
        """Whether a file may be opened again whoever asks: it was exported here."""
        return self.trusted or path.resolve().is_relative_to(self.exports.resolve())


def kept_places(*, trusted: bool = False) -> Places:
    """The places remembered on this machine.

    Raises:
        WriteError: if there is no cache folder and none can be made.
    """
    return Places(places_folder(), exports_folder(), trusted)
