"""What tools noted on the nodes of a file, each distinct text read once.

The notes of 100,000 nodes are some thousand different ones: what PyTorch's exporter writes
names the modules around a node, and last the node itself. So a note is cut before its last
entry, and what stands before it is looked up::

    ['', 'encoder', 'encoder.fc', 'linear_7']   →   ['', 'encoder', 'encoder.fc'   +   linear_7
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import compress
from typing import NamedTuple

from hexviz.model.columns import CallColumns
from hexviz.model.flat import FlatGraph
from hexviz.model.op import ON_RECORD, Call, Provenance
from hexviz.model.other_keys import LAYER
from hexviz.tagging import calls, metadata, stored
from hexviz.tagging.metadata import Scope, scopes_of
from hexviz.tagging.stored import Record, stored_provenance

__all__ = ["Notes", "read_notes"]

_KEYS = metadata.KEYS | stored.KEYS | calls.KEYS | {metadata.REWRITTEN, LAYER}

_TORCH = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy", "namespace")


class Notes(NamedTuple):
    """What each node's metadata says.

    ``own`` maps positions to hexviz's own record. ``numbers`` are, by position, numbers in
    ``scopes``: what others noted, ``()`` for nothing, and where hexviz's own record is sure.
    ``rewritten`` are the positions of nodes that a rewrite made. ``layers`` are annotations by
    position, which may name a module (:mod:`hexviz.tagging.layer_annotations`).
    """

    own: dict[int, Provenance]
    numbers: list[int]
    scopes: list[tuple[Scope, ...]]
    rewritten: frozenset[int]
    calls: CallColumns
    layers: Mapping[int, str]


def read_notes(flat: FlatGraph) -> Notes:
    """The notes on all nodes."""
    return _Reader().read(flat)


Head = tuple[str, str, str]
"""Names, classes and namespace of the modules around a node, as they are written."""

_DEEPEST = 16
"""Modules around one that are looked at by the way."""


def _without_step(head: Head) -> Head:
    """The same without the innermost module."""
    scopes, classes, namespace = head
    around, kinds = scopes.rpartition(", '")[0], classes.rpartition(", '")[0]
    return around, kinds, namespace.rpartition("/")[0]


def _one_further(outer: Scope, around: Head, inner: Head) -> Scope | None:
    """The scope of a module in that of ``outer``; ``None`` where it takes a closer look.

    ``around`` is ``inner`` without its last step.
    """
    name, kind = inner[0][len(around[0]) + 3 :], inner[1][len(around[1]) + 3 :]
    if name[-1:] != "'" or kind[-1:] != "'":
        return None
    name, kind = name[:-1], kind[:-1]
    step = f"/{name}: {kind}"
    if inner[2][len(around[2]) :] != step or "'" in step or "\\" in step:
        return None
    return metadata.inside(outer, name, kind)


class _Reader:
    """Reads notes, and remembers what it has read."""

    def __init__(self) -> None:
        self._own: dict[int, Provenance] = {}
        self._rewritten: list[int] = []
        self._scopes: list[tuple[Scope, ...]] = [()]
        self._heads: dict[Head, int] = {}
        self._plain: dict[Head, Scope] = {}
        self._others: dict[tuple[Scope, ...], int] = {(): 0}
        self._recorded: dict[int, Call] = {}
        self._records: dict[Record, Provenance] = {}

    def read(self, flat: FlatGraph) -> Notes:
        """Go through what stands under the keys that mean something."""
        size = len(flat.columns.ids)
        columns = flat.notes(_KEYS)
        nothing: list[str | None] = [None] * size
        layers = {at: text for at, text in enumerate(columns.pop(LAYER, ())) if text}
        torch = [columns.pop(key, nothing) for key in _TORCH]
        numbers = [0] * size
        other: set[int] = set()
        for column in columns.values():
            other.update(at for at, text in enumerate(column) if text is not None)
        heads = self._heads
        usual: list[int] = []
        names: list[str] = []
        targets: list[str] = []
        for at, (scopes, classes, namespace) in enumerate(zip(*torch, strict=True)):
            if scopes is None or classes is None or namespace is None or at in other:
                if scopes is not None or classes is not None or namespace is not None:
                    other.add(at)
                continue
            around, _, name = scopes.rpartition(", '")
            kinds, _, target = classes.rpartition(", '")
            head = around, kinds, namespace.rpartition("/")[0]
            number = heads.get(head)
            if number is None:
                number = self._number(head)
            numbers[at] = number
            usual.append(at)
            names.append(name)
            targets.append(target)
        sure = _are_last_entries(names) and _are_last_entries(set(targets))
        if not sure or -1 in heads.values():
            plain = [
                numbers[at] >= 0 and _are_last_entries([name]) and _are_last_entries([target])
                for at, name, target in zip(usual, names, targets, strict=True)
            ]
            other.update(at for at, is_plain in zip(usual, plain, strict=True) if not is_plain)
            usual = list(compress(usual, plain))
            names, targets = list(compress(names, plain)), list(compress(targets, plain))
        columns.update(zip(_TORCH, torch, strict=True))
        for at in sorted(other):
            notes = {key: text for key, one in columns.items() if (text := one[at]) is not None}
            numbers[at] = self._other(at, notes)
        found = calls.call_columns(
            size, usual, [one[:-2] for one in names], [one[:-2] for one in targets]
        )
        return Notes(
            self._own,
            numbers,
            self._scopes,
            frozenset(self._rewritten),
            found.with_others(self._recorded),
            layers,
        )

    def _number(self, head: Head) -> int:
        """The number of what stands before the last entries, -1 if nothing does.

        Modules lie in modules that are mostly known: only the step from one to the next is looked
        at, where it is written plainly.
        """
        pending: list[Head] = []
        around = head
        while around not in self._heads and len(pending) < _DEEPEST and around[0] and around[1]:
            pending.append(around)
            around = _without_step(around)
        for inner in reversed(pending):
            outer = self._plain.get(around)
            scope = None if outer is None else _one_further(outer, around, inner)
            if scope is None:
                scopes = metadata.recorded(f"{inner[0]}]", f"{inner[1]}]", inner[2])
                scope = metadata.only_plain(scopes, f"{inner[0]}]", f"{inner[1]}]", inner[2])
            else:
                scopes = (scope,)
            if scope is not None:
                self._plain[inner] = scope
            self._heads[inner] = len(self._scopes)
            self._scopes.append(scopes)
            around = inner
        return self._heads.setdefault(head, -1)

    def _other(self, at: int, notes: Mapping[str, str]) -> int:
        """What other notes than the usual ones say."""
        if metadata.REWRITTEN in notes:
            self._rewritten.append(at)
        if (call := calls.call_of(notes)) is not None:
            self._recorded[at] = call
        why = stored_provenance(notes, self._records)
        if why is not None:
            self._own[at] = why
            if why.origin in ON_RECORD:
                return 0
        scopes = scopes_of(notes)
        number = self._others.get(scopes)
        if number is None:
            number = self._others[scopes] = len(self._scopes)
            self._scopes.append(scopes)
        return number


def _are_last_entries(texts: Collection[str]) -> bool:
    """Whether these are ends of lists, each with one plain text in it: ``linear_7']``."""
    joined = "\0".join([*texts, ""])
    counts = (joined.count("']\0"), joined.count("'"), joined.count("\0"))
    return counts == (len(texts),) * 3 and "\\" not in joined
