"""What jobs leave for the page: parts and reports by the digest of their content, and proofs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hexviz.app
from hexviz.cache import Cache, Records, code_in
from hexviz.model.reader import digest

if TYPE_CHECKING:
    from hexviz.extraction.verify import Verification

__all__ = ["Results", "file_stem"]

Kind = TypeVar("Kind")


class Results:
    """The files and proofs on this machine, in a folder that only their owner can read."""

    def __init__(self) -> None:
        self._cache = Cache()
        self._files = self._cache.blobs("results")

    def _records(self, kind: str) -> Records:
        code = code_in(Path(hexviz.app.__path__[0]).parent)
        return self._cache.records("results", f"{kind} {code}")

    def keep_comparison(
        self, before: str, after: str, document: Mapping[str, Any], file: str
    ) -> None:
        """Remember a comparison of two models, by their keys, and the ``file`` with all of it.

        Raises:
            WriteError: if that fails.
        """
        self._records("comparisons").put_json(
            _pair(before, after), {"document": document, "file": file}
        )

    def comparison(self, before: str, after: str) -> dict[str, Any] | None:
        """What was kept of a comparison, if this very code has made it."""
        return self._records("comparisons").get_json(_pair(before, after), dict[str, Any])

    def keep_costs(self, model: str, sizes: object, costs: object) -> None:
        """Remember the costs of a model, by its key, for sizes of its open dimensions.

        Raises:
            WriteError: if that fails.
        """
        self._records("costs").put_json(_sized(model, sizes), costs)

    def costs(self, model: str, sizes: object, kind: type[Kind]) -> Kind | None:
        """The costs of a model that were kept, if this very code has worked them out."""
        return self._records("costs").get_json(_sized(model, sizes), kind)

    def keep_file(self, content: bytes, model: str, ending: str) -> dict[str, Any]:
        """Write a result down; gives its ``file``, and the ``name`` to save it under.

        ``model`` is what the model is called, ``ending`` what the name ends with.
        Raises:
            WriteError: if that fails.
        """
        file = self._files.put(content, Path(ending).suffix)
        return {"file": file, "name": f"{file_stem(model)}-{ending}"}

    def path(self, file: str) -> Path | None:
        """Where the file of this name is; ``None`` if it is gone, or was never a result."""
        return self._files.find(file)

    def keep_proof(self, arguments: Mapping[str, Any], found: Verification) -> None:
        """Remember the verification of a part.

        Raises:
            WriteError: if that fails.
        """
        from hexviz.extraction.verify import verification_record

        self._records("proofs").put_json(_part(arguments), verification_record(found))

    def proof(self, arguments: Mapping[str, Any]) -> Verification | None:
        """The verification of a part, if this very code has made it."""
        from hexviz.extraction.verify import verification_of

        kept = self._records("proofs").get_json(_part(arguments), dict[str, Any])
        return None if kept is None else verification_of(kept)


def _pair(before: str, after: str) -> str:
    """What a comparison is kept by."""
    return digest(f"{before} {after}".encode())


def _sized(model: str, sizes: object) -> str:
    """What costs are kept by."""
    return digest(json.dumps([model, sizes]).encode())


def _part(arguments: Mapping[str, Any]) -> str:
    """What a proof is kept by: the model's content, what a person changed, and the part."""
    source = arguments["source"]
    named = [source["digest"], sorted(source["overrides"].items()), arguments["part"]]
    if source.get("tags"):
        named.append(Path(source["tags"]).stem)  # the digest of these tags
    if source.get("renames") or source.get("bare"):
        named.append([source["renames"], source["bare"]])
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def file_stem(name: str) -> str:
    """A file name, without its ending, that any system takes, from a stranger's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.removesuffix(".onnx"))[:80] or "model"
