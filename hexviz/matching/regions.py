"""What lies between values that are known to be the same: sets of ops that stand for each other.

::

    before   x ─ ReduceMean, Sub, Pow, …, Mul, Add ─ y        x and y are known after
    after    x ─ LayerNormalization ─────────────── y

Inside, ops of one type are aligned in order; the op that gives a known value
stands for the ones before it that are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from difflib import SequenceMatcher

from hexviz.matching.alignment import best_alignment
from hexviz.matching.pair_growth import Growth
from hexviz.matching.side import Side
from hexviz.model.op import category

__all__ = ["align", "claimed"]

_MOST = 60_000
"""Pairs of ops for which all alignments are looked at; larger stretches are compared as texts."""

_MOST_AS_TEXT = 400_000
"""Pairs of ops of one type up to which stretches are compared as texts, which looks at all of them
again and again."""

_FEW_READERS = 4
"""Readers that a value may have to tell which stretches belong together."""


_LONGEST_LAYOUT = 8
"""Ops in a row that only cut or pad a value for the op that reads it, at most."""


def align(growth: Growth) -> int:
    """Pair ops of one type in stretches that belong together; how many were paired."""
    found = 0
    for mine, theirs in _stretches(growth):
        pairs = _aligned(growth, mine, theirs)
        rivals = _rivals(growth, mine, theirs, pairs)
        for p, q in pairs:
            if growth.pair_nodes(p, q, "order" if rivals.get(q) else "between"):
                found += 1
                growth.ambiguous[q] = rivals.get(q, ())
    growth.run()
    return found


def _open(side: Side, paired: Iterable[int]) -> list[int]:
    known = set(paired)
    return [at for at, node in enumerate(side.nodes) if at not in known and not node.is_carrier]


class _Groups:
    """Nodes that belong together."""

    def __init__(self) -> None:
        self._parent: dict[tuple[str, int], tuple[str, int]] = {}

    def find(self, one: tuple[str, int]) -> tuple[str, int]:
        root = one
        while (above := self._parent.setdefault(root, root)) != root:
            root = above
        while one != root:
            self._parent[one], one = root, self._parent[one]
        return root

    def join(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        self._parent[self.find(one)] = self.find(other)


def _stretches(growth: Growth) -> list[tuple[list[int], list[int]]]:
    """The open nodes before and after that lie between the same known values."""
    groups = _Groups()
    sides = (
        ("before", growth.before, growth.nodes, growth.values),
        ("after", growth.after, growth.nodes_back, growth.values_back),
    )
    opened: dict[str, list[int]] = {}
    for name, side, paired, known in sides:
        opened[name] = _open(side, paired)
        inside = set(opened[name])
        for node in opened[name]:
            groups.find((name, node))
            for value in side.nodes[node].outputs:
                root = side.root(value)
                if root >= 0 and root not in known and not side.is_constant(root):
                    for reader, _ in side.graph.readers[root]:
                        if reader in inside:
                            groups.join((name, node), (name, reader))
    _join_over_values(growth, groups, opened)
    collected: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
    for place, name in enumerate(("before", "after")):
        for node in opened[name]:
            collected.setdefault(groups.find((name, node)), ([], []))[place].append(node)
    return [(mine, theirs) for mine, theirs in collected.values() if mine and theirs]


def _join_over_values(growth: Growth, groups: _Groups, opened: dict[str, list[int]]) -> None:
    inside, inside_after = set(opened["before"]), set(opened["after"])
    bound: set[tuple[str, int]] = set()
    for node in opened["after"]:
        for value in growth.after.nodes[node].outputs:
            one = growth.values_back.get(growth.after.root(value)) if value >= 0 else None
            maker = growth.before.maker(one) if one is not None else -1
            if maker in inside:
                groups.join(("after", node), ("before", maker))
                bound.add(("after", node))
    makers: dict[int, int] = {}  # reader after → an open op that its partner reads from
    for node in opened["after"]:
        for value in growth.after.nodes[node].outputs:
            root = growth.after.root(value)
            for reader, _ in growth.after.graph.readers[root] if value >= 0 else ():
                if reader not in makers:
                    makers[reader] = _open_makers_joined(growth, groups, reader, inside)
                if makers[reader] >= 0:
                    groups.join(("after", node), ("before", makers[reader]))
                    bound.add(("after", node))
    ended = {groups.find(one) for one in bound}
    sole: dict[int, int] = {}  # value after → the only open reader of its partner
    for node in opened["after"]:
        if groups.find(("after", node)) in ended:
            continue
        for value in growth.after.moving(node):
            if value not in sole:
                sole[value] = _sole_open_reader(growth, value, inside, inside_after)
            if sole[value] >= 0:
                groups.join(("after", node), ("before", sole[value]))


def _open_makers_joined(growth: Growth, groups: _Groups, reader: int, inside: set[int]) -> int:
    """Join the open ops before that a reader's partner reads from; any of them, -1 for none."""
    partner = growth.nodes_back.get(reader)
    operands = growth.before.operands(partner) if partner is not None else ()
    makers = [growth.before.maker(one) for one in operands if one not in growth.values]
    makers = [maker for maker in makers if maker in inside]
    for maker in makers:
        groups.join(("before", maker), ("before", makers[0]))
    return makers[0] if makers else -1


def _sole_open_reader(
    growth: Growth, value: int, inside: Container[int], inside_after: Container[int]
) -> int:
    """The open op that reads the partner of a value after, if just one reads either; else -1."""
    one = growth.values_back.get(value)
    if one is None or len(growth.before.graph.readers[one]) > _FEW_READERS:
        return -1
    readers = {x for x, _ in growth.before.graph.readers[one] if x in inside}
    others = {x for x, _ in growth.after.graph.readers[value] if x in inside_after}
    return readers.pop() if len(readers) == len(others) == 1 else -1


def _aligned(growth: Growth, mine: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs in order, of as many ops and as well as possible."""
    kinds = [growth.before.nodes[p].kind for p in mine]
    kinds_after = [growth.after.nodes[q].kind for q in theirs]
    if len(mine) * len(theirs) > _MOST:
        there = Counter(kinds_after)
        same = sum(count * there[kind] for kind, count in Counter(kinds).items())
        if same > _MOST_AS_TEXT:
            return []
        matcher = SequenceMatcher(None, kinds, kinds_after, autojunk=False)
        return [
            (mine[one + step], theirs[two + step])
            for one, two, size in matcher.get_matching_blocks()
            for step in range(size)
        ]
    pairs = best_alignment(
        len(mine), len(theirs), lambda i, j: _likeness(growth, mine[i], theirs[j])
    )
    return [(mine[i], theirs[j]) for i, j in pairs]


def _rivals(
    growth: Growth, mine: Sequence[int], theirs: Sequence[int], pairs: Iterable[tuple[int, int]]
) -> dict[int, tuple[int, ...]]:
    """Node after → the nodes before that are as like it as the one it is aligned with."""
    if len(mine) * len(theirs) > _MOST:
        return {}
    found = {}
    for p, q in pairs:
        likeness = _likeness(growth, p, q)
        found[q] = tuple(
            other for other in mine if other != p and _likeness(growth, other, q) >= likeness
        )
    return found


def _likeness(growth: Growth, p: int, q: int) -> float:
    before, after = growth.before, growth.after
    if before.nodes[p].kind != after.nodes[q].kind or not growth.can_pair(p, q):
        return 0.0
    score = 1.0 + 0.25 * (before.attributes(p) == after.attributes(q))
    theirs = after.operands(q)
    score += sum(growth.values.get(one) in theirs for one in before.moving(p))
    return score + 0.5 * (before.trait(p) == after.trait(q))


def claimed(growth: Growth) -> tuple[dict[int, list[int]], dict[int, int]]:
    """What stands for what, where it is not one op for one.

    First, node after → the nodes before that went into it, that whose value it gives first.
    Second, node after that is a part of what one before does → that one.
    """
    whole: dict[int, list[int]] = {}
    parts: dict[int, int] = {}
    gone: set[int] = set()
    open_before = set(_open(growth.before, growth.nodes))
    open_after = set(_open(growth.after, growth.nodes_back))
    for q, node in enumerate(growth.after.nodes):
        if node.is_carrier or not node.outputs or node.outputs[0] < 0:
            continue
        one = growth.values_back.get(growth.after.root(node.outputs[0]))
        giver = growth.before.maker(one) if one is not None else -1
        known = growth.nodes_back.get(q)
        if known is not None and _does_the_same(growth, known, q):
            continue
        if giver < 0 or growth.before.nodes[giver].is_carrier or giver == known:
            if known is not None:
                giver = known
            else:
                continue
        giver = _before_layout(growth, giver, q, open_before)
        holder = growth.nodes.get(giver)
        if holder is not None and holder != q:
            made = growth.after.nodes[holder].outputs[0]
            if growth.values_back.get(growth.after.root(made)) == one:
                continue
            del growth.nodes[giver], growth.nodes_back[holder]
            parts[holder] = giver
            whole.pop(holder, None)
        packed = _has_own_matrix(growth.after, q, growth.values_back)
        region = _region(growth.before, giver, open_before, gone, growth.values, packed=packed)
        packed = _has_own_matrix(growth.before, giver, growth.values)
        region_after = _region(
            growth.after, q, open_after, parts, growth.values_back, packed=packed
        )
        if known is not None and known != giver:
            region.append(known)
        for value in node.outputs[1:]:
            one = growth.values_back.get(growth.after.root(value)) if value >= 0 else None
            maker = growth.before.maker(one) if one is not None else -1
            if maker in open_before and maker not in gone:
                region.append(maker)
        gone.update(region)
        gone.add(giver)
        whole[q] = [giver, *sorted(set(region) - {giver})]
        for other in region_after:
            if other != q and other not in whole and other not in parts:
                parts[other] = giver
    return whole, parts


def _before_layout(growth: Growth, giver: int, q: int, inside: set[int]) -> int:
    """What an op gives the value of, if that was only cut or padded for the op that reads it."""
    side = growth.before
    for _ in range(_LONGEST_LAYOUT):
        if giver not in inside or _is_layout(growth.after, q) or not _is_layout(side, giver):
            break
        moving = side.moving(giver)
        above = side.maker(moving[0]) if len(moving) == 1 else -1
        if above < 0 or side.nodes[above].is_carrier:
            break
        giver = above
    return giver


def _is_layout(side: Side, node: int) -> bool:
    op = side.graph.op(node)
    return category(op.domain, op.op_type) == "tensor manipulation"


def _does_the_same(growth: Growth, p: int, q: int) -> bool:
    """Whether nothing went into an op, whatever its value is called.

    Quantisers remove a Relu in front of what cannot be negative, and keep its name.
    """
    same = growth.before.nodes[p].kind == growth.after.nodes[q].kind
    return same and growth.constants(p, q) == "equal"


def _has_own_matrix(side: Side, node: int, known: Container[int]) -> bool:
    """Whether a node computes with a matrix that is no other op's: of several packed into one."""
    return any(
        value not in known and side.contents.dimensions(value) > 1
        for value in side.operands(node)
        if side.is_constant(value)
    )


def _region(
    side: Side,
    end: int,
    inside: Container[int],
    gone: Container[int],
    known: Container[int],
    *,
    packed: bool,
) -> list[int]:
    """The open nodes that lead to ``end``, up to values that are known.

    Those with a matrix of their own only went into an op that has one as well (``packed``).
    """
    found: list[int] = []
    seen = {end}
    waiting = [end]
    while waiting:
        node = waiting.pop()
        for value in side.operands(node):
            maker = side.maker(value)
            if value in known or maker in seen or maker not in inside or maker in gone:
                continue
            if not packed and side.has_matrix(maker):
                continue
            seen.add(maker)
            found.append(maker)
            waiting.append(maker)
    return found
