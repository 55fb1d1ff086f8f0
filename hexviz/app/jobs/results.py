"""What jobs leave for the page: parts and reports by the digest of their content, and proofs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hexviz.app
from hexviz.app.download import file_stem
from hexviz.app.folders import parts_folder
from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically
from hexviz.model.reader import digest
from hexviz.model.shelf import Shelf, code_in

if TYPE_CHECKING:
    from hexviz.extraction.verify import Verification

__all__ = ["Results"]

_FILE = re.compile(r"[0-9a-f]{64}\.(onnx|json)")
_MOST = 1 << 31  # bytes of all files together: a protobuf, the largest of them, takes as much
_MOST_PROOFS = 1 << 25  # bytes: thousands
_MOST_COMPARISONS = 1 << 28  # bytes: some dozens of the largest graphs, thousands of others


class Results:
    """The files and proofs on this machine, in a folder that only their owner can read."""

    def __init__(self) -> None:
        self._folder = parts_folder()

    @property
    def _proofs(self) -> Shelf:
        return self._shelf("proofs", _MOST_PROOFS)

    def _shelf(self, kind: str, most: int) -> Shelf:
        # Only by this very code; files, which a page asks for, need no look at all of it.
        code = code_in(Path(hexviz.app.__path__[0]).parent)
        return Shelf(self._folder, f"{kind} {code}", most)

    def keep_comparison(
        self, before: str, after: str, document: Mapping[str, Any], file: str
    ) -> None:
        """Remember a comparison of two models, by their keys, and the ``file`` with all of it.

        Raises:
            WriteError: if that fails.
        """
        content = json.dumps({"document": document, "file": file}).encode()
        self._shelf("comparisons", _MOST_COMPARISONS).put(_pair(before, after), content)

    def comparison(self, before: str, after: str) -> dict[str, Any] | None:
        """What was kept of a comparison, if this very code has made it."""
        shelf = self._shelf("comparisons", _MOST_COMPARISONS)
        kept = shelf.get(_pair(before, after))
        found: dict[str, Any] | None = None if kept is None else json.loads(bytes(kept))
        return found

    def keep_file(self, content: bytes, model: str, ending: str) -> dict[str, Any]:
        """Write a result down; gives its ``file``, and the ``name`` to save it under.

        ``model`` is what the model is called, ``ending`` what the name ends with.
        Files that were used longest ago go, so that all take a limited room.

        Raises:
            WriteError: if that fails.
        """
        file = f"{digest(content)}{Path(ending).suffix}"
        write_atomically(self._folder / file, [content])
        make_room(self._folder, "*.[oj]*", most_bytes=_MOST, spared=[Path(file).stem])
        return {"file": file, "name": f"{file_stem(model)}-{ending}"}

    def path(self, file: str) -> Path | None:
        """Where the file of this name is; ``None`` if it is gone, or was never a result."""
        if not _FILE.fullmatch(file):
            return None
        path = self._folder / file
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def keep_proof(self, told: Mapping[str, Any], found: Verification) -> None:
        """Remember the verification of a part.

        Raises:
            WriteError: if that fails.
        """
        from hexviz.extraction.verify import verification_record

        self._proofs.put(_place(told), json.dumps(verification_record(found)).encode())

    def proof(self, told: Mapping[str, Any]) -> Verification | None:
        """The verification of a part, if this very code has made it."""
        from hexviz.extraction.verify import verification_of

        kept = self._proofs.get(_place(told))
        return None if kept is None else verification_of(json.loads(bytes(kept)))


def _pair(before: str, after: str) -> str:
    """What a comparison is kept by."""
    return digest(f"{before} {after}".encode())


def _place(told: Mapping[str, Any]) -> str:
    """What a proof is kept by: the model's content, what a person changed, and the part."""
    source = told["source"]
    named = [source["digest"], sorted(source["overrides"].items()), told["part"]]
    if source.get("tags"):
        named.append(Path(source["tags"]).stem)  # the digest of these tags
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()
