"""What a person changed on the page: tags on top of a file, each step a model of its own.

A step has a key like a file's digest, so a link to it works like any other,
and undoing is going to the step before::

    file ──{a: x}──▶ edit 1 ──{b: y}──▶ edit 2 ──tags of another graph──▶ edit 3
         ◀──undo───         ◀──undo───         ◀─────────undo───────────
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hexviz.errors import SourceError
from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import digest

__all__ = ["Edit", "keep_edit", "keep_tags", "kept_edit", "share_facts", "tags_path"]

_FACTS = (
    "positions",
    "uses",
    "top",
    "inputs",
    "outputs",
    "types",
    "inferred",
    "weights_left_out",
    "has_external_data",
)
"""What a graph works out once from its file alone."""

_MOST = 5000  # steps that are kept; looking through them for the oldest takes 15 ms
_MOST_BYTES = 1 << 28  # that they may take: one that moves all ops of a large model is megabytes


_MOST_TAGS = 1 << 30  # bytes that all tags taken from other graphs may take; 20 MB for 100,000 ops


@dataclass(frozen=True)
class Edit:
    """One step: the file it is of, the model it was made from, and all that was changed so far.

    ``base`` and ``before`` are keys; ``overrides`` maps op ids to FQNs. ``tags``
    is the digest of tags that were taken from another graph
    (:mod:`hexviz.tagging.tags_document`), ``""`` if none were; overrides go on top.
    """

    base: str
    before: str
    overrides: Mapping[str, str]
    tags: str = ""

    @property
    def content(self) -> bytes:
        """The step as the file that keeps it."""
        return json.dumps(
            {
                "base": self.base,
                "before": self.before,
                "overrides": dict(self.overrides),
                **({"tags": self.tags} if self.tags else {}),
            },
            sort_keys=True,
        ).encode()

    @property
    def key(self) -> str:
        """What the model with these overrides goes by."""
        return digest(self.content)


def share_facts(of: TaggedGraph, to: TaggedGraph) -> None:
    """Let a graph with other tags have what is known of its file already: no tag changes that.

    For 20,000 ops it takes a tenth of a second and some MB to find out anew.
    """
    for name in _FACTS:
        if name in vars(of):
            setattr(to, name, getattr(of, name))


def keep_edit(folder: Path, edit: Edit) -> None:
    """Write a step down, so that links to it outlive the server; the oldest ones give way to it.

    Raises:
        WriteError: if that fails.
    """
    write_atomically(folder / f"{edit.key}.edit", [edit.content], private=True)
    make_room(folder, "*.edit", most_files=_MOST, most_bytes=_MOST_BYTES, spared={edit.key})


def kept_edit(folder: Path, key: str) -> Edit | None:
    """The step with this key; ``None`` if there is none, or its file is not what was written."""
    path = folder / f"{key}.edit"
    try:
        content = path.read_bytes()
        if digest(content) != key:
            return None
        os.utime(path)
    except OSError:
        return None
    stored = json.loads(content)
    return Edit(stored["base"], stored["before"], stored["overrides"], stored.get("tags", ""))


def keep_tags(folder: Path, content: bytes) -> str:
    """Write down tags that were taken from another graph; returns their digest.

    Raises:
        WriteError: if that fails.
    """
    key = digest(content)
    write_atomically(folder / f"{key}.tags", [content], private=True)
    make_room(folder, "*.tags", most_bytes=_MOST_TAGS, spared={key})
    return key


def tags_path(folder: Path, key: str) -> Path:
    """The file that holds the tags with this digest, which count as used now.

    Raises:
        SourceError: if it is not kept any more.
    """
    path = folder / f"{key}.tags"
    try:
        os.utime(path)
    except OSError as error:
        raise SourceError(
            "The tags that were taken from another graph are not kept any more: open the file, "
            "and take them again."
        ) from error
    return path
