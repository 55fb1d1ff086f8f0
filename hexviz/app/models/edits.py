"""What a person changed on the page: tags on top of a file, each step a model of its own.

A step has a key like a file's digest, so a link to it works like any other,
and undoing is going to the step before::

    file ──{a: x}──▶ edit 1 ──{b: y}──▶ edit 2 ──tags of another graph──▶ edit 3
         ◀──undo───         ◀──undo───         ◀─────────undo───────────

Tags of another graph come first, then names of recovered blocks, each after the one before, or that
these are left out; what ops a person moved comes last, so modules are called there what they are
called by then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hexviz.cache import Cache
from hexviz.errors import SourceError
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import digest
from hexviz.tagging.override import override
from hexviz.tagging.recovery.leave_out import leave_out
from hexviz.tagging.recovery.rename import rename
from hexviz.tagging.tags_document import put_tags

__all__ = [
    "Edit",
    "Edits",
    "bare_step",
    "corrected",
    "next_step",
    "read_tags",
    "rename_step",
    "share_facts",
]

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

_GONE = (
    "The tags that were taken from another graph are not kept any more: open the file, and take "
    "them again."
)


@dataclass(frozen=True)
class Edit:
    """One step: the file it is of, the model it was made from, and all that was changed so far.

    ``base`` and ``before`` are keys as links have them; ``overrides`` maps op ids to FQNs. ``tags``
    is the digest of tags that were taken from another graph
    (:mod:`hexviz.tagging.tags_document`), ``""`` if none were; overrides go on top. ``renames`` are
    the recovered blocks that were renamed, each by the FQN that one of its copies had by then;
    ``bare`` says that recovered blocks are left out.
    """

    base: str
    before: str
    overrides: Mapping[str, str]
    tags: str = ""
    renames: tuple[tuple[str, str], ...] = ()
    bare: bool = False

    @property
    def content(self) -> bytes:
        """The step as the file that keeps it."""
        return json.dumps(
            {
                "base": self.base,
                "before": self.before,
                "overrides": dict(self.overrides),
                **({"tags": self.tags} if self.tags else {}),
                **({"renames": self.renames} if self.renames else {}),
                **({"bare": True} if self.bare else {}),
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


def next_step(
    base: str, before: str, edit: Edit | None, changes: Mapping[str, str | None]
) -> Edit | None:
    """The step that more overrides (op id → FQN) make, ``None`` if they change nothing.

    ``base`` and ``before`` are as in :class:`Edit`, ``edit`` is the step before, if there was one;
    where ``changes`` has ``None``, what a person set is taken back.
    """
    so_far = edit.overrides if edit is not None else {}
    wanted = {op: fqn for op, fqn in {**so_far, **changes}.items() if fqn is not None}
    if wanted == so_far:
        return None
    if edit is None:
        return Edit(base, before, wanted)
    return replace(edit, before=before, overrides=wanted)


def rename_step(
    base: str, before: str, edit: Edit | None, graph: TaggedGraph, renamed: tuple[str, str]
) -> Edit | None:
    """The step that another name for a recovered block makes, ``None`` if it is called so already.

    ``base``, ``before`` and ``edit`` are as of :func:`next_step`; ``graph`` is the one before, and
    ``renamed`` the FQN of the block in it and the name.

    Raises:
        SelectionError: if there is no such module.
        RenameError: if the file names it itself, or the name is none or taken.
    """
    block, name = renamed
    made = rename(graph, {block: name})
    if made is graph:
        return None
    # Renaming keeps the form of the tree: modules stand in the same places.
    names = dict(zip(graph.modules.columns.fqns, made.modules.columns.fqns, strict=True))
    edit = edit or Edit(base, before, {})
    return replace(
        edit,
        before=before,
        overrides={op: names.get(fqn, fqn) for op, fqn in edit.overrides.items()},
        renames=(*edit.renames, renamed),
    )


def bare_step(base: str, before: str, edit: Edit | None, graph: TaggedGraph) -> Edit | None:
    """The step that leaves the recovered blocks of a graph out, ``None`` if it has none.

    Ops in them are moved no longer. ``base``, ``before`` and ``edit`` are as of :func:`next_step`.
    """
    if not any(graph.modules.columns.copies):
        return None
    edit = edit or Edit(base, before, {})
    modules = graph.modules
    stay = {op: fqn for op, fqn in edit.overrides.items() if not modules[fqn].is_recovered}
    return replace(edit, before=before, overrides=stay, renames=(), bare=True)


def corrected(
    graph: TaggedGraph,
    overrides: Mapping[str, str],
    renames: Sequence[tuple[str, str]] = (),
    tags: Mapping[str, Any] | None = None,
    *,
    bare: bool = False,
) -> TaggedGraph:
    """A graph with all that a person changed, as a step has it (:class:`Edit`)."""
    made = graph
    if tags is not None:
        made = put_tags(made, tags)
    for block, name in renames:
        made = rename(made, {block: name})
    if bare:
        made = leave_out(made)
    if overrides or made is graph:
        made = override(made, overrides)
    return made


class Edits:
    """The steps that are kept in a cache, and the tags of other graphs that they need."""

    def __init__(self, cache: Cache) -> None:
        self._steps = cache.blobs("edits")
        self._tags = cache.blobs("transfers")

    def keep(self, edit: Edit) -> None:
        """Write a step down, so that links to it outlive the server.

        Raises:
            WriteError: if that fails.
        """
        self._steps.put(edit.content, ".json")

    def find(self, key: str) -> Edit | None:
        """The step with this key; ``None`` if there is none, or its file was damaged."""
        content = self._steps.read(f"{key}.json")
        if content is None:
            return None
        step = json.loads(content)
        renames = tuple((block, name) for block, name in step.get("renames", ()))
        tags, bare = step.get("tags", ""), step.get("bare", False)
        return Edit(step["base"], step["before"], step["overrides"], tags, renames, bare)

    def keep_tags(self, content: bytes) -> str:
        """Write down tags that were taken from another graph; returns their digest.

        Raises:
            WriteError: if that fails.
        """
        return Path(self._tags.put(content, ".json")).stem

    def tags_path(self, tags: str) -> Path:
        """The file that holds the tags with this digest, which count as used now.

        Raises:
            SourceError: if it is not kept any more.
        """
        path = self._tags.find(f"{tags}.json")
        if path is None:
            raise SourceError(_GONE)
        return path


def read_tags(path: Path) -> Mapping[str, Any]:
    """Tags that were taken from another graph, from the file that :class:`Edits` keeps.

    Raises:
        SourceError: if it is gone, or was damaged.
    """
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if digest(content) != path.stem:
        raise SourceError(_GONE)
    found: Mapping[str, Any] = json.loads(content)
    return found
