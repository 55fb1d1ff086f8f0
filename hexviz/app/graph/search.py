"""Search over what a person may remember of an op or a module."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Literal

from hexviz.extraction.query import parse_query
from hexviz.extraction.search_budget import Budget
from hexviz.extraction.search_index import SearchIndex
from hexviz.model.graph import Value
from hexviz.model.modules import Module
from hexviz.model.op import Op

__all__ = ["Found", "Hit", "search"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: what it is, its id (op id, FQN or value id), and two lines to show."""

    kind: Literal["op", "module", "value"]
    id: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best hits of a search, and all that it found: modules by FQN, inputs and outputs of the
    model by id, ops by position."""

    hits: tuple[Hit, ...] = ()
    modules: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    ops: tuple[int, ...] = ()


def search(index: SearchIndex, text: str, *, most: int = 40) -> Found:
    """What a line of the search language finds, best first, at most ``most`` hits.

    A hit whose own name or type is the word itself comes first, then one
    that starts with it. Modules come before ops that fit as well.

    Raises:
        QueryError: if the text cannot be understood, or takes too long.
    """
    query, budget = parse_query(text), Budget()
    modules, values = index.modules(query, budget), index.values(query, budget)
    positions = index.ops(query, budget)
    word = next((word for word in text.lower().split() if ":" not in word), "")

    def rank(one: Module | Value | Op) -> int:
        match one:
            case Op():
                return _rank(word, one.op_type.lower(), one.id.lower())
            case Module():
                return _rank(word, one.label.lower(), one.fqn.lower())
        return _rank(word, one.name.lower())

    ops = (index.graph.ops[at] for at in positions)
    found: list[Module | Value | Op] = [*modules, *values, *ops]
    best = heapq.nsmallest(most, found, key=rank)  # of equal ones, the first stay first
    return Found(
        tuple(map(_hit, best)),
        tuple(module.fqn for module in modules),
        tuple(value.id for value in values),
        tuple(positions),
    )


def _hit(one: Module | Value | Op) -> Hit:
    match one:
        case Op():
            return Hit("op", one.id, f"{one.op_type} {one.id}", one.tag)
        case Module():
            return Hit("module", one.fqn, one.label, one.tag)
    what = "an input" if one.kind == "input" else "an output"
    return Hit("value", one.id, one.name, f"{what} of the model")


def _rank(word: str, *names: str) -> int:
    if not word:
        return 0
    if word in names:
        return 0
    if any(name.startswith(word) for name in names):
        return 1
    return 2 if any(word in name for name in names) else 3
