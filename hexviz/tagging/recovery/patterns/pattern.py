"""What is proven of some ops: a word for them, and which ops told."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pattern"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Ops that a word of the field is proven for.

    ``anchors`` are the ops without which nobody would say so. ``entry`` is the op whose output it
    works on (-1 for an input of the model), ``exit`` its own last op.
    """

    word: str
    ops: frozenset[int]
    anchors: tuple[int, ...]
    entry: int
    exit: int
