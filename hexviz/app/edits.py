"""What a person changed on the page: overrides on top of a file, each step a model of its own.

A step has a key like a file's digest, so a link to it works like any other,
and undoing is going to the step before::

    file ──{a: x}──▶ edit 1 ──{b: y}──▶ edit 2
         ◀──undo───         ◀──undo───
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hexviz.model.files import write_atomically
from hexviz.model.reader import digest

__all__ = ["Edit", "keep_edit", "kept_edit"]


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


def keep_edit(folder: Path, edit: Edit) -> None:
    """Write a step down, so that links to it outlive the server.

    Raises:
        WriteError: if that fails.
    """
    write_atomically(folder / f"{edit.key}.edit", [edit.content])


def kept_edit(folder: Path, key: str) -> Edit | None:
    """The step with this key; ``None`` if there is none, or its file is not what was written."""
    path = folder / f"{key}.edit"
    if not path.is_file():
        return None
    content = path.read_bytes()
    if digest(content) != key:
        return None
    stored = json.loads(content)
    return Edit(stored["base"], stored["before"], stored["overrides"])
