"""Which edges of an interior go back in time: a drawing from top to bottom turns them."""

from __future__ import annotations

from collections.abc import Sequence

from hexviz.view.problem import Edge

__all__ = ["backward"]


def backward(count: int, edges: Sequence[Edge]) -> list[bool]:
    """Which edges to turn so that no cycle is left: those that go back in time within one.

    Two closed modules may feed each other. Cells come in order of execution,
    so within a knot of cells that all reach each other the edge that goes to
    an earlier cell is the one drawn upwards::

        a → b → c      a, b form a knot: b → a is turned, b → c is not
        ↑___│
    """
    knot = _knots(count, edges)
    return [edge.source > edge.target and knot[edge.source] == knot[edge.target] for edge in edges]


def _knots(count: int, edges: Sequence[Edge]) -> list[int]:
    """The strongly connected component of each cell (Tarjan 1972, on a stack of our own)."""
    following: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        following[edge.source].append(edge.target)
    seen = [0] * count
    low = [0] * count
    knot = [-1] * count
    stack: list[int] = []
    clock = 0
    for root in range(count):
        if seen[root]:
            continue
        work = [(root, 0)]
        while work:
            cell, at = work.pop()
            if at == 0:
                clock += 1
                seen[cell] = low[cell] = clock
                stack.append(cell)
            elif knot[following[cell][at - 1]] < 0:
                low[cell] = min(low[cell], low[following[cell][at - 1]])
            for step in range(at, len(following[cell])):
                after = following[cell][step]
                if not seen[after]:
                    work.append((cell, step + 1))
                    work.append((after, 0))
                    break
                if knot[after] < 0:
                    low[cell] = min(low[cell], seen[after])
            else:
                if low[cell] == seen[cell]:
                    while knot[cell] < 0:
                        knot[stack.pop()] = cell
    return knot
