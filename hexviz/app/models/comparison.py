"""A comparison that a job made, as the page uses it: what became of each op of the open model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from hexviz.app.jobs.results import Results
from hexviz.app.models.edits import Edit
from hexviz.app.models.model_key import PATTERN
from hexviz.model.graph import TaggedGraph

__all__ = ["FATES", "Kept", "Other", "other_in", "pages_document", "titles"]

FATES = ("same", "retagged", "changed", "fused", "moved", "added", "removed")
"""What can have become of an op, in the order in which one hides another."""

_OTHER = re.compile(rf"(before|after):({PATTERN})")


@dataclass(frozen=True, slots=True)
class Other:
    """The graph that the open model is compared with: its key, and which of both it is."""

    role: Literal["before", "after"]
    key: str

    def order(self, opened: str) -> tuple[str, str]:
        """The keys of the graphs before and after, ``opened`` being that of the open model."""
        return (self.key, opened) if self.role == "before" else (opened, self.key)


def other_in(text: object) -> Other | None:
    """The other graph that an address or a browser names (``after:KEY``); ``None`` if none."""
    found = _OTHER.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    return Other("before" if found[1] == "before" else "after", found[2])


def pages_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the page needs of a comparison's document: all but pairs, of which there are many."""
    return {name: value for name, value in document.items() if name != "pairs"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A comparison of the open model, which is the graph ``side`` of it.

    ``document`` is as :func:`pages_document` makes it, and ``file`` the name of
    the file with all of it.
    """

    side: Literal["before", "after"]
    document: Mapping[str, Any]
    file: str

    @property
    def differences(self) -> Sequence[Mapping[str, Any]]:
        """All differences, the most important ones first."""
        found: Sequence[Mapping[str, Any]] = self.document["differences"]
        return found

    @property
    def drawn(self) -> str:
        """The key of the model that is drawn for the other one: with tags from this, or ""."""
        side = "after" if self.side == "before" else "before"
        return str(self.document.get("drawn", {}).get(side, ""))

    @property
    def is_related(self) -> bool:
        """Whether the two are graphs of one model."""
        return bool(self.document["is_related"])

    def pairs(self) -> Sequence[Mapping[str, Any]] | None:
        """All pairs of ops, read from the file; ``None`` if it is gone."""
        path = Results().path(self.file)
        if path is None:
            return None
        try:
            found: Sequence[Mapping[str, Any]] = msgspec.json.decode(path.read_bytes())["pairs"]
        except (OSError, msgspec.DecodeError, KeyError):
            return None
        return found

    def others_ops(self, at: int) -> list[str]:
        """The ids of the other graph's ops in a difference."""
        side = "after" if self.side == "before" else "before"
        return list(self.differences[at][side]) if at < len(self.differences) else []

    def ops(self, at: int) -> list[str]:
        """The ids of the open model's ops in a difference; none if there is no such one."""
        return list(self.differences[at][self.side]) if at < len(self.differences) else []

    def fates(self, graph: TaggedGraph) -> list[str]:
        """What became of each op of the open model, one of :data:`FATES`."""
        found = {}
        for fate in FATES[1:]:
            for difference in self.differences:
                if difference["kind"] == fate:
                    found.update(dict.fromkeys(difference[self.side], fate))
        return [found.get(op.id, "same") for op in graph.ops]


def titles(found: Kept, edit: Edit | None, compared: str) -> dict[str, str]:
    """What to call the graphs ``before`` and ``after``: their files, or what a person did to one.

    ``edit`` is what the open model is made by, ``compared`` names the other graph.
    """
    named = {side: str(found.document[side]["file"]) for side in ("before", "after")}
    other = other_in(compared)
    if edit is not None and other is not None and other.key in (edit.base, edit.before):
        named[found.side] = "with your corrections"
        named[other.role] = "original" if other.key == edit.base else "before the last change"
    return named
