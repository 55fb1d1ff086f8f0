"""Search over what a person may remember of an op or a module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hexviz.model.graph import TaggedGraph

__all__ = ["Hit", "search"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: what it is, its id (op id or FQN), and two lines to show."""

    kind: Literal["op", "module"]
    id: str
    title: str
    detail: str


def search(graph: TaggedGraph, query: str, *, most: int = 40) -> list[Hit]:
    """Modules and ops that contain every word of ``query``, best first, at most ``most``.

    Words are looked for in class name, tag and FQN of modules, and in type,
    id, name and tag of ops, whatever their case. A hit whose own name or type
    starts with the query comes before one that merely contains it.
    """
    words = query.lower().split()
    if not words:
        return []
    found: list[tuple[int, int, Hit]] = []
    for order, module in enumerate(graph.modules):
        own = module.label.lower()
        if all(word in f"{module.tag} {module.fqn}".lower() for word in words) and any(
            word in own or word in module.fqn.rpartition(".")[2].lower() for word in words
        ):
            hit = Hit("module", module.fqn, module.label, module.tag)
            found.append((_rank(words, own, module.fqn.lower()), order, hit))
    for order, op in enumerate(graph.ops):
        text = f"{op.op_type} {op.id} {op.name} {op.tag} {op.module}".lower()
        if all(word in text for word in words):
            hit = Hit("op", op.id, f"{op.op_type} {op.id}", op.tag)
            rank = _rank(words, op.op_type.lower(), op.id.lower())
            found.append((rank, len(graph.modules) + order, hit))
    found.sort(key=lambda entry: entry[:2])
    return [hit for _, _, hit in found[:most]]


def _rank(words: list[str], *names: str) -> int:
    if any(name == words[0] for name in names):
        return 0
    if any(name.startswith(words[0]) for name in names):
        return 1
    return 2 if any(words[0] in name for name in names) else 3
