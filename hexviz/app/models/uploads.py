"""Files that people sent, kept by the digest of their content, each with the name it came with."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hexviz.errors import ReadError, WriteError
from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically

__all__ = ["Uploads", "label_of"]

_UNUSUAL = re.compile(r"[^\w.\- ]")
_LONGEST = 120  # characters of a name

_MOST = 8 << 30
"""Bytes that all uploads may take: thirty of the largest that the page accepts."""


def label_of(name: str) -> str:
    """What a stranger's file is called here, whatever it was called there.

    >>> label_of("../../<b>etc</b>/net 1.onnx")
    'net 1.onnx'
    """
    return _UNUSUAL.sub("_", Path(name).name)[:_LONGEST] or "upload.onnx"


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads in a folder; ``most`` is the bytes that they may take."""

    folder: Path
    most: int = _MOST

    def keep(self, key: str, content: bytes, label: str, spared: Collection[str] = ()) -> None:
        """Keep an upload, and give up those for it that were not opened for longest.

        ``spared`` are the keys of uploads that stay, beside the new one.

        Raises:
            WriteError: if that fails; nothing of a new upload is kept then.
        """
        name = self.folder / f"{key}.name"
        # The name first: a model is there from when both are, and a name alone is nothing.
        write_atomically(name, [label.encode()], private=True)
        try:
            write_atomically(self.folder / f"{key}.onnx", [content], private=True)
        except WriteError:
            if self.find(key) is None:
                name.unlink(missing_ok=True)
            raise
        for path in make_room(self.folder, "*.onnx", most_bytes=self.most, spared={key, *spared}):
            path.with_suffix(".name").unlink(missing_ok=True)

    def find(self, key: str) -> Path | None:
        """The file with this content; ``None`` if it is not kept."""
        path = self.folder / f"{key}.onnx"
        return path if path.is_file() and not path.is_symlink() else None

    def name(self, key: str) -> str:
        """What the upload with this content is called."""
        try:
            return label_of((self.folder / f"{key}.name").read_text(errors="replace"))
        except OSError:  # given up, or never written whole
            return "upload.onnx"

    def read(self, key: str) -> bytes:
        """The bytes of an upload that was found, which counts as used now.

        Raises:
            ReadError: if it cannot be read.
        """
        path = self.folder / f"{key}.onnx"
        try:
            os.utime(path)
            return path.read_bytes()
        except OSError as error:
            raise ReadError(f"The upload cannot be read: {error.strerror}.") from error
