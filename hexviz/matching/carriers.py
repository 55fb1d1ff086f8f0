"""Casts, quantisation and layout: which of them are the same in both graphs.

::

    before   x ─ Reshape ─ Transpose ─ MatMul        after   x'─ Cast ─ Reshape ─ Transpose ─ MatMul

On the way from one value to one op, those of one type are the same in order;
what is left over after was inserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hexviz.matching.alignment import best_alignment
from hexviz.matching.pair_growth import Growth
from hexviz.matching.side import Side

__all__ = ["pair_carriers", "pair_left_over", "same_sort", "served_by"]

_LAYOUT = frozenset({"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"})

_LONGEST = 24
"""Carriers between a value and an op that are looked at."""

_LONGEST_CLIMB = 256
"""Carriers from an inserted one up to what makes its value that are looked at."""

Pairs = Iterable[tuple[int, int]]
"""Nodes before and after of which one stands for the other, also in part."""


def pair_carriers(growth: Growth, beside: Pairs = ()) -> int:
    """Pair carriers on ways between pairs, and between those ``beside``; how many were paired."""
    found = 0
    for one, two in _ways(growth, beside):
        for p, q in _aligned(growth, one, two):
            found += growth.pair_nodes(p, q, "carried")
    growth.run()
    return found


def _ways(growth: Growth, beside: Pairs) -> Iterator[tuple[list[int], list[int]]]:
    """Ways that lead from the same value to the same op, each as its carriers, last first."""
    before, after = growth.before, growth.after
    for p, q in (*growth.nodes.items(), *beside):
        inputs = before.nodes[p].inputs
        places: tuple[dict[int, int], dict[int, int]] | None = None
        for place, value in enumerate(after.nodes[q].inputs):
            maker = after.maker(value)
            if maker < 0 or not after.nodes[maker].is_carrier:
                continue
            root = after.root(value)
            opposite = inputs[place] if place < len(inputs) else -1
            if opposite >= 0 and growth.are_same(before.root(opposite), root):
                yield _way(before, opposite), _way(after, value)
                continue
            if places is None:
                places = _places(growth, inputs)
            of_root, of_partner = places
            partner = growth.values_back.get(root, -1)
            at = min(of_root.get(partner, len(inputs)), of_partner.get(root, len(inputs)))
            if at < len(inputs):
                yield _way(before, inputs[at]), _way(after, value)
    for one, two in zip(before.graph.outputs, after.graph.outputs, strict=False):
        if growth.are_same(before.root(one), after.root(two)):
            yield _way(before, one), _way(after, two)


def _places(growth: Growth, inputs: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """The first place of each value that an op before reads: by its root, and by its partner."""
    of_root: dict[int, int] = {}
    of_partner: dict[int, int] = {}
    for place, value in enumerate(inputs):
        if value >= 0:
            root = growth.before.root(value)
            of_root.setdefault(root, place)
            if root in growth.values:
                of_partner.setdefault(growth.values[root], place)
    return of_root, of_partner


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
        if not same_order(growth, p, q):
            return 0.0
        same = before.attributes(p) == after.attributes(q)
        return 1.0 + 0.5 * same + 0.5 * (before.trait(p) == after.trait(q))

    return [(one[i], two[j]) for i, j in best_alignment(len(one), len(two), likeness)]


def same_sort(growth: Growth, p: int, q: int) -> bool:
    """Whether both nodes change layout, or both change types."""
    mine, theirs = growth.before.nodes[p], growth.after.nodes[q]
    if not (mine.is_carrier and theirs.is_carrier):
        return False
    is_layout = growth.before.graph.op(p).op_type in _LAYOUT
    return is_layout == (growth.after.graph.op(q).op_type in _LAYOUT)


def same_order(growth: Growth, p: int, q: int) -> bool:
    """Whether the elements are in the order they were made in on both sides, or on neither.

    ::

        before   x ─ Transpose ─ Reshape        after   x ─ Reshape ─ Transpose

    The second Reshape hands on what ``x`` is; the first one does not.
    """
    return _is_turned(growth.before, p) == _is_turned(growth.after, q)


def _is_turned(side: Side, node: int) -> bool:
    for _ in range(_LONGEST):
        if node < 0 or not side.nodes[node].is_carrier:
            return False
        if side.graph.op(node).op_type == "Transpose":
            return True
        node = side.maker(side.nodes[node].inputs[0])
    return False


def pair_left_over(growth: Growth, beside: Pairs = ()) -> None:
    """Pair carriers of one sort that lie between the same others, though their types differ.

    ::

        before   x ─ Reshape ─ Transpose ─ Reshape ─ MatMul
        after    x ─────────── Transpose ─ Flatten ─ MatMul      Flatten gives the last Reshape's
    """
    for one, two in _ways(growth, beside):
        place = 0
        for q in two:
            known = growth.nodes_back.get(q)
            if known is not None:
                place = one.index(known, place) + 1 if known in one[place:] else place
                continue
            is_open = place < len(one) and one[place] not in growth.nodes
            if is_open and same_sort(growth, one[place], q) and same_order(growth, one[place], q):
                growth.note(one[place], q, "between")
                place += 1


def served_by(growth: Growth, whole: Mapping[int, list[int]], q: int) -> int | None:
    """The node before that an inserted carrier serves.

    It is what makes its value; of a constant's and a given value's, what reads it.
    """
    after = growth.after

    def known(node: int) -> int | None:
        return whole[node][0] if node in whole else growth.nodes_back.get(node)

    last = growth.last.get(after.root(after.nodes[q].inputs[0]), -1)
    if (maker := growth.before.maker(last)) >= 0:  # a Relu that quantising does as well
        return maker
    node = q
    for _ in range(_LONGEST_CLIMB):
        if node < 0 or not after.nodes[node].is_carrier or not after.nodes[node].inputs:
            break
        node = after.maker(after.nodes[node].inputs[0])
        found = known(node) if node >= 0 else None
        if found is not None:
            return found
    waiting = [q]
    for reader in waiting:
        for value in after.nodes[reader].outputs:
            for user in after.users(value) if value >= 0 else ():
                found = known(user)
                if found is not None:
                    return found
                if after.nodes[user].is_carrier and len(waiting) < _LONGEST:
                    waiting.append(user)
    return None
