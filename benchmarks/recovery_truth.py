"""Which ops each module of an export has, kept for when nothing in the file says it any more.

A truth is read off an export's tags, where the exporter itself recorded them. A tool that
rewrites the export keeps the names of most values, so its ops are known by those. Ops that
nothing tells of are ``unsure``; they count neither for nor against anybody.

Asked for are the *members* of repeated lists: ``encoder.layer.3`` where ``encoder.layer`` also has
another member of its class, no further off than two. A member has at least :data:`LEAST` ops, and
is no single layer of PyTorch: the Linear and ReLU of a Sequential are no blocks. Attributes with
numbers, ``layer1`` to ``layer4``, are a list from three on: ``ffn1`` and ``ffn2`` are two parts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["LEAST", "TrueModule", "Truth", "know", "members", "of_rewritten", "record", "restore"]

LEAST = 4
"""Ops that a member of a list has at least; smaller ones are hardly blocks."""

TRANSFERRED = 0.85
"""How sure the map of a tagged file has to be of an op."""

_RECORDED = frozenset({"metadata", "name", "name of a known call", "weight"})
_ATTRIBUTES = 3  # with one word and numbers, which are a list then
_NUMBERED = re.compile(r"(.*?)(\d+)")
_HOLDERS = ("Sequential", "TransformerEncoderLayer", "TransformerDecoderLayer")


@dataclass(frozen=True, slots=True)
class TrueModule:
    """A module with the positions of its own ops and of those below it.

    A list that never runs itself (a ModuleList) is one as well, without a class.
    ``member`` says whether it is asked for. A module that is called several times is there
    as a whole, and once more for each call, where all calls made the same ops.
    """

    fqn: str
    class_name: str
    ops: tuple[int, ...]
    member: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """All modules of a file that have ops, its number of ops, and those that nothing tells of."""

    modules: tuple[TrueModule, ...]
    ops: int
    unsure: frozenset[int]

    @property
    def sure(self) -> float:
        """The share of ops whose module is known, in 0..1."""
        return 1 - len(self.unsure) / self.ops if self.ops else 0.0


def know(graph: TaggedGraph) -> Truth:
    """The truth of an export with its tags."""
    owners = [op.module if _is_recorded(op) else None for op in graph.ops]
    return _truth(owners, [op.op_type for op in graph.ops], _classes(graph))


def of_rewritten(graph: TaggedGraph, after: TaggedGraph) -> Truth:
    """The truth of what a tool made of an export with its tags.

    An op is where the value that it makes was made before, if the value kept its name; else
    where ``after`` has it, by its weights or by the map of values that tagged files carry. What
    the tool put before ops of one module, as a Reshape before a fused one, belongs to this.
    """
    told = {
        value: op.module
        for op in graph.ops
        if _is_recorded(op) and not op.body
        for value in op.outputs
    }

    def owner(op: Op) -> str | None:
        known = [] if op.body else [told[value] for value in op.outputs if value in told]
        is_transferred = (
            op.provenance.origin == "transferred" and op.provenance.confidence >= TRANSFERRED
        )
        return next(iter(known), op.module if is_transferred or _is_recorded(op) else None)

    owners = [owner(op) for op in after.ops]
    for at in reversed(range(len(owners))):
        readers = {owners[reader] for reader in after.flat.links_down.of(at)}
        if owners[at] is None and len(readers) == 1:
            owners[at] = readers.pop()
    return _truth(owners, [op.op_type for op in after.ops], _classes(graph))


def _is_recorded(op: Op) -> bool:
    return op.provenance.kind in _RECORDED


def _classes(graph: TaggedGraph) -> dict[str, str]:
    columns = graph.modules.columns
    return dict(zip(columns.fqns, columns.class_names, strict=True))


def _truth(owners: Sequence[str | None], kinds: Sequence[str], classes: Mapping[str, str]) -> Truth:
    ops: dict[str, list[int]] = defaultdict(list)
    for at, owner in enumerate(owners):
        for fqn in names.ancestors(owner) if owner is not None else ():
            ops[fqn].append(at)
    kinds_of = {fqn: classes.get(fqn, "") for fqn in ops}
    asked = members({fqn: (kinds_of[fqn], len(own)) for fqn, own in ops.items() if kinds_of[fqn]})
    found = [TrueModule(fqn, kinds_of[fqn], tuple(own), fqn in asked) for fqn, own in ops.items()]
    for one in list(found):
        found += [
            TrueModule(f"{one.fqn}#{turn}", one.class_name, call)
            for turn, call in enumerate(_calls(one.ops, kinds))
        ]
    unsure = frozenset(at for at, owner in enumerate(owners) if owner is None)
    return Truth(tuple(found), len(owners), unsure)


def _calls(ops: tuple[int, ...], kinds: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The ops of a module in equal parts, if they are one sequence of types several times."""
    sequence = [kinds[at] for at in ops]
    for length in range(LEAST, len(ops) // 2 + 1):
        if len(ops) % length == 0 and sequence[length:] == sequence[:-length]:
            yield from (ops[at : at + length] for at in range(0, len(ops), length))
            return


def members(modules: Mapping[str, tuple[str, int]]) -> set[str]:
    """Which modules are asked for, of FQN → class and number of ops.

    >>> sorted(members({"a.0": ("Block", 9), "a.1": ("Block", 9), "b.0": ("Linear", 9)}))
    ['a.0', 'a.1']
    """
    inner = {names.parent(fqn) for fqn in modules}
    lists: dict[tuple[str, str, str], dict[int, str]] = defaultdict(dict)
    for fqn, (kind, ops) in modules.items():
        before, _, last = fqn.rpartition(".")
        numbered = _NUMBERED.fullmatch(last)
        if numbered is None or ops < LEAST:
            continue
        if kind not in _HOLDERS and fqn not in inner and hasattr(nn, kind):
            continue
        lists[before, numbered[1], kind][int(numbered[2])] = fqn
    return {
        fqn
        for (_, prefix, _), numbers in lists.items()
        if not prefix or len(numbers) >= _ATTRIBUTES
        for fqn in _near(numbers)
    }


def _near(numbers: Mapping[int, str]) -> Iterable[str]:
    return (fqn for at, fqn in numbers.items() if any(at + by in numbers for by in (-2, -1, 1, 2)))


def record(truth: Truth) -> dict[str, Any]:
    """A truth as JSON has it."""
    return {
        "ops": truth.ops,
        "unsure": sorted(truth.unsure),
        "modules": [
            {"fqn": one.fqn, "class": one.class_name, "member": one.member, "ops": one.ops}
            for one in truth.modules
        ],
    }


def restore(document: Mapping[str, Any]) -> Truth:
    """The truth of what :func:`record` made."""
    return Truth(
        tuple(
            TrueModule(one["fqn"], one["class"], tuple(one["ops"]), one["member"])
            for one in document["modules"]
        ),
        document["ops"],
        frozenset(document["unsure"]),
    )
