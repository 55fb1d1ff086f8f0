"""The main path of a scene: the way tensors take, to be drawn straight from top to bottom.

::

    ids            mask        In each open box it is the longest live path, a module
     │              │          counting its ops that compute with tensors and what is
    embed (8)    52 ops        loose counting one. Where the path enters a box, the path
     │   ╭──────────╯          inside starts, and where it leaves, that ends.
    encoder (80)
     │
    pooler (3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Step", "main_path"]


@dataclass(frozen=True, slots=True)
class Step:
    """An edge between two vertices of an interior; ``live`` as in a scene's edges."""

    source: int
    target: int
    live: bool
    argument: int = 0


def main_path(
    weights: Sequence[int],
    steps: Sequence[Step],
    start: int | None = None,
    end: int | None = None,
) -> list[int]:
    """The positions of the steps on the heaviest path, in order.

    Steps must have no cycle. A path is kept to ``start`` and ``end`` if there is
    one between them. Where several ways are as heavy, as those of query, key and
    value are, it takes the one in the middle.
    """
    live = [at for at, step in enumerate(steps) if step.live] or list(range(len(steps)))
    into: list[list[int]] = [[] for _ in weights]
    out: list[list[int]] = [[] for _ in weights]
    for at in live:
        into[steps[at].target].append(at)
        out[steps[at].source].append(at)
    waiting = [len(members) for members in into]
    order = [vertex for vertex, degree in enumerate(waiting) if not degree]
    for vertex in order:
        for at in out[vertex]:
            waiting[steps[at].target] -= 1
            if not waiting[steps[at].target]:
                order.append(steps[at].target)
    heaviest: list[int | None] = [None] * len(weights)
    chosen: list[int | None] = [None] * len(weights)
    for vertex in order:
        ways = [at for at in into[vertex] if heaviest[steps[at].source] is not None]
        if not ways:
            heaviest[vertex] = weights[vertex] if start in (None, vertex) else None
            continue
        most = max(_value(heaviest[steps[at].source]) for at in ways)
        equal = [at for at in ways if heaviest[steps[at].source] == most]
        equal.sort(key=lambda at: (steps[at].argument, steps[at].source))
        chosen[vertex] = equal[(len(equal) - 1) // 2]
        heaviest[vertex] = most + weights[vertex]
    if end is None or heaviest[end] is None:
        reached = [vertex for vertex in order if heaviest[vertex] is not None]
        if not reached:
            return []
        end = max(reached, key=lambda vertex: (_value(heaviest[vertex]), -vertex))
    path: list[int] = []
    way = chosen[end]
    while way is not None:
        path.append(way)
        way = chosen[steps[way].source]
    return path[::-1]


def _value(weight: int | None) -> int:
    return weight or 0
