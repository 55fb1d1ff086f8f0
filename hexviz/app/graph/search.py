"""Search over what a person may remember of an op or a module."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Literal

from hexviz.extraction.query import Budget, SearchIndex, parse_query
from hexviz.model.modules import Module
from hexviz.model.op import Op

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

    A hit whose own name or type is the word itself comes first, then one
    that starts with it. Modules come before ops that fit as well.

    Raises:
        QueryError: if the text cannot be understood, or takes too long.
    """
    query, budget = parse_query(text), Budget()
    modules, positions = index.modules(query, budget), index.ops(query, budget)
    word = next((word for word in text.lower().split() if ":" not in word), "")
    ops = [index.graph.ops[at] for at in positions] if most else []

    def rank(one: Module | Op) -> int:
        if isinstance(one, Op):
            return _rank(word, one.op_type.lower(), one.id.lower())
        return _rank(word, one.label.lower(), one.fqn.lower())

    found: list[Module | Op] = [*modules, *ops]
    best = heapq.nsmallest(most, found, key=rank)  # of equal ones, the first stay first
    return Found(tuple(map(_hit, best)), len(modules), tuple(positions))


def _hit(one: Module | Op) -> Hit:
    if isinstance(one, Op):
        return Hit("op", one.id, f"{one.op_type} {one.id}", one.tag)
    return Hit("module", one.fqn, one.label, one.tag)


def _rank(word: str, *names: str) -> int:
    if not word:
        return 0
    if word in names:
        return 0
    if any(name.startswith(word) for name in names):
        return 1
    return 2 if any(word in name for name in names) else 3
