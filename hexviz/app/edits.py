"""What a person changed on the page: overrides on top of a file, each step a model of its own.

A step has a key like a file's digest, so a link to it works like any other,
and undoing is going to the step before::

    file ──{a: x}──▶ edit 1 ──{b: y}──▶ edit 2
         ◀──undo───         ◀──undo───
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import digest
from hexviz.model.room import make_room

__all__ = ["Edit", "keep_edit", "kept_edit", "share_facts"]

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


@dataclass(frozen=True)
class Edit:
    """One step: the file it is of, the model it was made from, and all overrides so far.

    ``base`` and ``before`` are keys; ``overrides`` maps op ids to FQNs.
    """

    base: str
    before: str
    overrides: Mapping[str, str]

    @property
    def content(self) -> bytes:
        """The step as the file that keeps it."""
        return json.dumps(
            {"base": self.base, "before": self.before, "overrides": dict(self.overrides)},
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
    return Edit(stored["base"], stored["before"], stored["overrides"])
