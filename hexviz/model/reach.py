"""What an op depends on, what depends on it, and what lies between two ops.

::

    a → b → d       upstream(d) = a b c d        between(a, d) = a b c d
    └─→ c ──┘       downstream(b) = b d          between(b, c) = nothing
"""

from __future__ import annotations

from collections.abc import Sequence

from hexviz.model.flat import FlatGraph

__all__ = ["between", "downstream", "upstream"]


def upstream(flat: FlatGraph, position: int) -> frozenset[int]:
    """The positions of all that an op depends on, itself included."""
    return _reached(flat.predecessors, position)


def downstream(flat: FlatGraph, position: int) -> frozenset[int]:
    """The positions of all that depends on an op, itself included."""
    return _reached(flat.successors, position)


def between(flat: FlatGraph, one: int, other: int) -> frozenset[int]:
    """The positions on all ways from one op to another, in whichever direction there are any."""
    forth = downstream(flat, one) & upstream(flat, other)
    return forth or (downstream(flat, other) & upstream(flat, one))


def _reached(neighbours: Sequence[Sequence[int]], start: int) -> frozenset[int]:
    reached = {start}
    pending = [start]
    while pending:
        for after in neighbours[pending.pop()]:
            if after not in reached:
                reached.add(after)
                pending.append(after)
    return frozenset(reached)
