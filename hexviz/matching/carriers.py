"""Casts, quantisation and layout: which of them are the same in both graphs.

::

    before   x ─ Reshape ─ Transpose ─ MatMul        after   x'─ Cast ─ Reshape ─ Transpose ─ MatMul

On the way from one value to one op, those of one type are the same in order;
what is left over after was inserted.
"""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.matching.alignment import best_alignment
from hexviz.matching.growth import Growth, Side

__all__ = ["pair_carriers"]

_LONGEST = 24
"""Carriers between a value and an op that are looked at."""


def pair_carriers(growth: Growth) -> int:
    """Pair carriers on ways between pairs; how many were paired."""
    found = 0
    for one, two in _ways(growth):
        for p, q in _aligned(growth, one, two):
            found += growth.pair_nodes(p, q, "carried")
    growth.run()
    return found


def _ways(growth: Growth) -> Iterator[tuple[list[int], list[int]]]:
    """Ways that lead from the same value to the same op, each as its open carriers, last first."""
    before, after = growth.before, growth.after
    for p, q in list(growth.nodes.items()):
        mine, theirs = before.nodes[p], after.nodes[q]
        ends: dict[int, list[int]] = {}
        for value in mine.inputs:
            if value >= 0:
                ends.setdefault(before.root(value), []).append(value)
        for place, value in enumerate(theirs.inputs):
            if value < 0:
                continue
            one = growth.values_back.get(after.root(value))
            some = ends.get(one, []) if one is not None else []
            if mine.kind == theirs.kind and place < len(mine.inputs) and mine.inputs[place] in some:
                yield _way(before, mine.inputs[place]), _way(after, value)
            elif some:
                yield _way(before, some[0]), _way(after, value)
    for one, two in zip(before.graph.outputs, after.graph.outputs, strict=False):
        if growth.values.get(before.root(one)) == after.root(two):
            yield _way(before, one), _way(after, two)


def _way(side: Side, value: int) -> list[int]:
    found: list[int] = []
    while len(found) < _LONGEST:
        maker = side.maker(value)
        if maker < 0 or not side.nodes[maker].is_carrier:
            break
        found.append(maker)
        value = side.nodes[maker].inputs[0]
    return found


def _aligned(growth: Growth, one: list[int], two: list[int]) -> list[tuple[int, int]]:
    before, after = growth.before, growth.after

    def likeness(i: int, j: int) -> float:
        p, q = one[i], two[j]
        if growth.nodes.get(p) == q:
            return 9.0
        if before.nodes[p].kind != after.nodes[q].kind or not growth.can_pair(p, q):
            return 0.0
        same = before.attributes(p) == after.attributes(q)
        return 1.0 + 0.5 * same + 0.5 * (before.trait(p) == after.trait(q))

    return [(one[i], two[j]) for i, j in best_alignment(len(one), len(two), likeness)]
