"""Stretches in each other while patterns are put around and into them.

::

    stretches   [ Block ............... ] [ Block ............... ]
    patterns      [MHA ....] [FF ..]        [MHA ....] [FF ..]

A pattern that is a stretch proves what it is. One that lies in a stretch becomes an inner one,
around what is already there and fits in it. One that crosses a stretch is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hexviz.tagging.recovery.patterns.pattern import Pattern
from hexviz.tagging.recovery.patterns.words import SURE
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["ROOT", "Node", "Tree"]

ROOT = 0
"""The number of the node around all others, which is no stretch."""

_SAME = 0.8
"""The overlap, of ops that move, from which on a pattern is the stretch."""


@dataclass(slots=True)
class Node:
    """A stretch. ``moving`` is how many of its ops move, ``proof`` the pattern that it is.

    ``inner`` and ``parent`` are numbers of nodes.
    """

    parent: int
    ops: set[int]
    moving: int
    family: int
    confidence: float
    name: str = ""
    proof: Pattern | None = None
    inner: list[int] = field(default_factory=list)


class Tree:
    """Nodes by their number."""

    def __init__(self, stretches: Sequence[Stretch], still: Sequence[bool]) -> None:
        self._still = still
        self.nodes = [Node(-1, set(), len(still), -1, 1.0)]
        self._deepest = [ROOT] * len(still)
        pending = [(one, ROOT) for one in reversed(stretches)]
        while pending:
            stretch, parent = pending.pop()
            ops = set(stretch.ops.tolist())
            node = Node(parent, ops, 0, stretch.family, stretch.confidence, stretch.name)
            number = self._add(node)
            self.nodes[parent].inner.append(number)
            pending += [(one, number) for one in reversed(stretch.inner)]

    def _add(self, node: Node) -> int:
        number = len(self.nodes)
        still, deepest = self._still, self._deepest
        self.nodes.append(node)
        parent = node.parent
        for at in node.ops:
            node.moving += not still[at]
            if deepest[at] == parent:
                deepest[at] = number
        return number

    def place(self, pattern: Pattern, family: int, *, is_block: bool) -> None:
        """Put a pattern where it belongs, if there is a place for it.

        Where a *block* is, stretches of which nothing is proven make way.
        """
        moving = [at for at in pattern.ops if not self._still[at]]
        around = self._around(moving)
        inside = self._inside(moving, around)
        shares = [(number, shared) for number, shared in inside.items()]
        if around != ROOT:
            shares.append((around, len(moving)))
        for number, shared in shares:
            node = self.nodes[number]
            if node.proof is None and shared >= _SAME * (len(moving) + node.moving - shared):
                node.proof = pattern
                if is_block:
                    self._fit(number, pattern)
                return
        crossing = [number for number, shared in inside.items() if shared < self._moving(number)]
        if crossing and is_block:
            for number in crossing:
                if self.nodes[number].proof is None and self._moving(number) <= len(moving):
                    self.dissolve(number)
            inside = self._inside(moving, around)
        if all(shared == self._moving(number) for number, shared in inside.items()):
            self._insert(pattern, family, around, inside)

    def _inside(self, moving: Iterable[int], around: int) -> Counter[int]:
        """The nodes right inside of another that some ops lie in, and how many of them."""
        found = Counter(self._child(self._deepest[at], around) for at in moving)
        found.pop(ROOT, None)
        return found

    def _moving(self, number: int) -> int:
        return self.nodes[number].moving

    def _fit(self, number: int, pattern: Pattern) -> None:
        """Give a node the ops of the block that it is proven to be.

        What it has besides stays, where it runs between those.
        """
        node = self.nodes[number]
        outer = self.nodes[node.parent]
        first, last = min(pattern.ops), max(pattern.ops)
        inner = {at for one in node.inner for at in self.nodes[one].ops}
        gone = {at for at in node.ops - pattern.ops if not first <= at <= last and at not in inner}
        new = {
            at
            for at in pattern.ops - node.ops
            if self._deepest[at] == node.parent and (node.parent == ROOT or at in outer.ops)
        }
        node.ops = (node.ops - gone) | new
        for at in gone:
            if self._deepest[at] == number:
                self._deepest[at] = node.parent
        for at in new:
            self._deepest[at] = number
        node.moving = sum(not self._still[at] for at in node.ops)

    def _insert(self, pattern: Pattern, family: int, around: int, inside: Iterable[int]) -> None:
        """A new node in one and around some of those in that, with what is free of its ops."""
        within, outer = set(inside), self.nodes[around]
        ops = {
            at
            for at in pattern.ops
            if (child := self._child(self._deepest[at], around)) in within
            or (child == ROOT and (around == ROOT or at in outer.ops))
        }
        ops.update(*(self.nodes[number].ops for number in within))
        number = self._add(Node(around, ops, 0, family, SURE[pattern.word], pattern.word, pattern))
        self.nodes[number].inner = [one for one in outer.inner if one in within]
        outer.inner = [one for one in outer.inner if one not in within] + [number]
        for one in within:
            self.nodes[one].parent = number

    def dissolve(self, number: int) -> None:
        """Take a node away; what is in it stays."""
        node = self.nodes[number]
        outer = self.nodes[node.parent]
        outer.inner = [one for one in outer.inner if one != number] + node.inner
        for one in node.inner:
            self.nodes[one].parent = node.parent
        node.inner = []
        for at in node.ops:
            if self._deepest[at] == number:
                self._deepest[at] = node.parent

    def numbers(self) -> list[int]:
        """The numbers of all nodes that are left, each after that around it."""
        found = []
        pending = [*self.nodes[ROOT].inner]
        while pending:
            number = pending.pop()
            found.append(number)
            pending += self.nodes[number].inner
        return found

    def _around(self, ops: Iterable[int]) -> int:
        """The deepest node that all ops lie in."""
        shared: list[int] | None = None
        for number in {self._deepest[at] for at in ops}:
            path = self._path(number)
            if shared is not None:
                same = sum(1 for one, other in zip(shared, path, strict=False) if one == other)
                path = path[:same]
            shared = path
        return shared[-1] if shared else ROOT

    def _path(self, number: int) -> list[int]:
        """The numbers of a node and of those around it, the outermost first."""
        path = []
        while number >= ROOT:
            path.append(number)
            number = self.nodes[number].parent
        return path[::-1]

    def _child(self, number: int, around: int) -> int:
        """The node right inside of another that a deeper one lies in; ROOT, if there is none."""
        found = ROOT
        while number != around:
            if number == ROOT:
                return ROOT
            found = number
            number = self.nodes[number].parent
        return found

    def stretches(self) -> list[Stretch]:
        """What is left as stretches, in order."""
        made: dict[int, Stretch] = {}
        for number in reversed(self.numbers()):
            node = self.nodes[number]
            inner = sorted((made[one] for one in node.inner), key=_begin)
            ops = np.array(sorted(node.ops), np.int64)
            made[number] = Stretch(ops, node.family, node.confidence, node.name, inner)
        return sorted((made[one] for one in self.nodes[ROOT].inner), key=_begin)


def _begin(stretch: Stretch) -> int:
    return int(stretch.ops[0])
