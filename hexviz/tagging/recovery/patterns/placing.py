"""Where patterns go among the stretches that repetition found.

::

    stretches   [ Block ............... ] [ Block ............... ]
    patterns      [MHA ....] [FF ..]        [MHA ....] [FF ..]

A pattern that is a stretch names it. One that lies in a stretch becomes an inner one, around what
is already there and fits in it. One that crosses a stretch is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.pattern import Pattern
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["Node", "Tree"]

_SAME = 0.8
"""The overlap from which on a pattern is the stretch."""

_ROOT = 0


@dataclass(slots=True)
class Node:
    """A stretch while others are put around and into it; ``ops`` are all its ops."""

    parent: int
    ops: set[int]
    moving: int
    family: int
    confidence: float
    name: str = ""
    patterns: list[Pattern] = field(default_factory=list)
    inner: list[int] = field(default_factory=list)
    gone: bool = False


class Tree:
    """Stretches in each other, node 0 around all of them."""

    def __init__(self, flow: Dataflow, stretches: Sequence[Stretch]) -> None:
        self._still = flow.still
        size = len(flow.still)
        self.nodes = [Node(-1, set(), size, -1, 1.0)]
        self.deepest = [_ROOT] * size
        pending = [(one, _ROOT) for one in reversed(stretches)]
        while pending:
            stretch, parent = pending.pop()
            number = self._add(
                Node(
                    parent,
                    set(stretch.ops.tolist()),
                    0,
                    stretch.family,
                    stretch.confidence,
                    stretch.name,
                )
            )
            self.nodes[parent].inner.append(number)
            for at in self.nodes[number].ops:
                self.deepest[at] = number
            pending += [(one, number) for one in reversed(stretch.inner)]

    def _add(self, node: Node) -> int:
        still = self._still
        node.moving = sum(not still[at] for at in node.ops)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def place(self, pattern: Pattern, family: int) -> bool:
        """Put a pattern where it belongs; whether there was a place for it."""
        moving = {at for at in pattern.ops if not self._still[at]}
        around = self._around(moving)
        inside = Counter(self._child(self.deepest[at], around) for at in moving)
        inside.pop(-1, None)
        for number, shared in inside.items():
            node = self.nodes[number]
            if shared / (len(moving) + node.moving - shared) >= _SAME:
                node.patterns.append(pattern)
                return True
        node = self.nodes[around]
        if around != _ROOT and len(moving) / max(node.moving, 1) >= _SAME:
            node.patterns.append(pattern)
            return True
        if any(shared < self.nodes[number].moving for number, shared in inside.items()):
            return False
        self._insert(pattern, family, around, [*inside])
        return True

    def _insert(self, pattern: Pattern, family: int, around: int, inside: Sequence[int]) -> None:
        parent = self.nodes[around]
        ops = set(pattern.ops) if around == _ROOT else pattern.ops & parent.ops
        for number in inside:
            ops |= self.nodes[number].ops
        # What stands still and lies in a neighbour stays there.
        ops = {
            at
            for at in ops
            if self.deepest[at] == around or self._child(self.deepest[at], around) in inside
        }
        node = Node(around, ops, 0, family, pattern.confidence, pattern.word, [pattern])
        number = self._add(node)
        node.inner = [one for one in parent.inner if one in inside]
        parent.inner = [one for one in parent.inner if one not in inside]
        parent.inner.append(number)
        for one in inside:
            self.nodes[one].parent = number
        for at in ops:
            if self.deepest[at] == around:
                self.deepest[at] = number

    def _around(self, ops: Iterable[int]) -> int:
        """The deepest node that all ops lie in."""
        numbers = {self.deepest[at] for at in ops}
        path: list[int] | None = None
        for number in numbers:
            own = self._path(number)
            if path is None:
                path = own
                continue
            shared = 0
            while shared < min(len(path), len(own)) and path[shared] == own[shared]:
                shared += 1
            path = path[:shared]
        return path[-1] if path else _ROOT

    def _path(self, number: int) -> list[int]:
        path = []
        while number >= 0:
            path.append(number)
            number = self.nodes[number].parent
        return path[::-1]

    def _child(self, number: int, around: int) -> int:
        """The node right inside of another that a deeper one lies in, -1 for that one itself."""
        found = -1
        while number != around:
            if number < 0:
                return -1
            found = number
            number = self.nodes[number].parent
        return found

    def stretches(self) -> list[Stretch]:
        """The stretches as they are now."""
        made: dict[int, Stretch] = {}
        for number in range(len(self.nodes) - 1, 0, -1):
            node = self.nodes[number]
            ops = np.array(sorted(node.ops), np.int64)
            made[number] = Stretch(ops, node.family, node.confidence, node.name)
        for number in range(1, len(self.nodes)):
            node = self.nodes[number]
            inner = [made[one] for one in node.inner if one in made]
            made[number].inner = sorted(inner, key=lambda one: int(one.ops[0]))
        top = [made[one] for one in self.nodes[_ROOT].inner]
        return sorted(top, key=lambda one: int(one.ops[0]))
