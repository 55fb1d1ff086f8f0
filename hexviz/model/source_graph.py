"""The graph that tags were transferred from: kept in the metadata of the file that has them now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import onnx

__all__ = ["TRANSFERRED_FROM", "SourceGraph", "read_source_graph"]

TRANSFERRED_FROM = "hexviz.transferred_from"
"""The key of the model's metadata; a digest follows it, so that tagged files can be merged."""

_LONGEST = 1 << 25  # characters of a stranger's JSON that are read
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class SourceGraph:
    """What is remembered of the graph that tags came from.

    ``file`` is its name, ``digest`` the SHA-256 (hex) of its structure, as
    :func:`hexviz.tagging.overrides_file.structure_digest` makes it, ``ops`` how many
    it has. ``types`` are the types of ops there that are evidence for an op of
    another type here.
    """

    file: str
    digest: str
    ops: int
    types: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text that is kept in the model's metadata."""
        return json.dumps(
            {
                "file": self.file,
                "digest": self.digest,
                "ops": self.ops,
                **({"types": dict(self.types)} if self.types else {}),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """What such a text says; ``None`` where a stranger wrote something else."""
        if len(text) > _LONGEST:
            return None
        try:
            stored = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(stored, dict):
            return None
        file, digest, ops = stored.get("file"), stored.get("digest"), stored.get("ops")
        # Not isinstance, for which true is a whole number.
        if not isinstance(file, str) or not isinstance(digest, str) or type(ops) is not int:
            return None
        if len(file) > _LONGEST_NAME or len(digest) > _LONGEST_NAME or ops < 0:
            return None
        types = stored.get("types")
        known = types if isinstance(types, dict) else {}
        return cls(
            file, digest, ops, {op: kind for op, kind in known.items() if isinstance(kind, str)}
        )


def read_source_graph(metadata: Iterable[onnx.StringStringEntryProto]) -> SourceGraph | None:
    """The graph that a model's tags came from; ``None`` if it tells of none, or of several."""
    texts = {
        entry.value
        for entry in metadata
        if isinstance(entry.key, str)
        and isinstance(entry.value, str)
        and (entry.key == TRANSFERRED_FROM or entry.key.startswith(f"{TRANSFERRED_FROM}."))
    }
    return SourceGraph.from_json(texts.pop()) if len(texts) == 1 else None
