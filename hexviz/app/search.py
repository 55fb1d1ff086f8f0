"""Search over what a person may remember of an op or a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hexviz.extraction.query import SearchIndex, parse_query

__all__ = ["Found", "Hit", "search"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: what it is, its id (op id or FQN), and two lines to show."""

    kind: Literal["op", "module"]
    id: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best hits of a search, and how much it found: modules, and ops by position."""

    hits: tuple[Hit, ...]
    modules: int
    ops: tuple[int, ...]


def search(index: SearchIndex, text: str, *, most: int = 40) -> Found:
    """What a line of the search language finds, best first, at most ``most`` hits.

    A hit whose own name or type is what was asked for comes first, then one
    that starts with it. Modules come before ops that fit as well.

    Raises:
        QueryError: if the text cannot be understood.
    """
    query = parse_query(text)
    modules, positions = index.modules(query), index.ops(query)
    word = next((word for word in text.lower().split() if ":" not in word), "")
    ranked: list[tuple[int, int, Hit]] = []
    for order, module in enumerate(modules):
        hit = Hit("module", module.fqn, module.label, module.tag)
        ranked.append((_rank(word, module.label.lower(), module.fqn.lower()), order, hit))
    for order, at in enumerate(positions):
        op = index.graph.ops[at]
        rank = _rank(word, op.op_type.lower(), op.id.lower())
        hit = Hit("op", op.id, f"{op.op_type} {op.id}", op.tag)
        ranked.append((rank, len(modules) + order, hit))
    ranked.sort(key=lambda entry: entry[:2])
    return Found(tuple(hit for _, _, hit in ranked[:most]), len(modules), tuple(positions))


def _rank(word: str, *names: str) -> int:
    if not word:
        return 0
    if word in names:
        return 0
    if any(name.startswith(word) for name in names):
        return 1
    return 2 if any(word in name for name in names) else 3
