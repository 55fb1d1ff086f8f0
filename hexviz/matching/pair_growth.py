"""Pairs of ops and values, grown from what is known of both graphs in both directions.

::

    before   x ─ MatMul(W) ─ Add(b) ─ Relu ─ …         known: W is V, x is x'
    after    x'─ Gemm(V, c) ───────── Relu ─ …         found: MatMul is Gemm; Add's value is
                                                       Gemm's, because the same reads it

A pair of values makes a pair of the ops that make them and of those that read
them, where there is just one way to do so; a pair of ops makes pairs of what it
reads and makes. What contradicts is not paired, and what is ambiguous waits
until its surroundings are known.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from hexviz.matching.pairs import MOST_READERS, Pairs
from hexviz.matching.side import COMMUTATIVE, Side

__all__ = ["MOST_CANDIDATES", "Growth"]

_LONGEST_CHAIN = 6
"""Ops that another op may have absorbed behind it, one after the other."""

MOST_CANDIDATES = 16
"""Ops that are kept as what an op may be as well, at most."""


@dataclass(slots=True)
class Growth(Pairs):
    """Pairs that grow: what was paired last waits to be looked at from both of its ends."""

    _chains: deque[tuple[int, int]] = field(default_factory=deque)
    _forks: deque[tuple[int, int]] = field(default_factory=deque)
    _reads: deque[tuple[int, int]] = field(default_factory=deque)
    _ups: deque[tuple[int, int]] = field(default_factory=deque)

    def pair_values(self, one: int, two: int) -> bool:
        """Take two values for the same, unless either is another one's."""
        if one < 0 or two < 0:
            return False
        one, two = self.before.root(one), self.after.root(two)
        if self.are_same(one, two):
            return True
        if not self.add_values(one, two):
            return False
        self._ups.append((one, two))
        (self._chains if self._is_sole(one, two) else self._forks).append((one, two))
        return True

    def _is_sole(self, one: int, two: int) -> bool:
        """Whether just one op reads each of two values."""
        return len(self.before.graph.readers[one]) == len(self.after.graph.readers[two]) == 1

    def pair_nodes(self, p: int, q: int, reason: str, *, sole: bool = False) -> bool:
        """Take two nodes for the same, and what they read and make with them."""
        if not self.note(p, q, reason, sole=sole):
            return False
        self.connect(p, q)
        return True

    def connect(self, p: int, q: int) -> None:
        """Pair what two nodes that are the same make, and later what they read.

        What an op makes is the same whatever stands before it; what it reads is
        only where nothing was left out there.
        """
        self._pair_made(p, q)
        self._reads.append((p, q))

    def _pair_read(self, p: int, q: int) -> None:
        one, two = self.before.nodes[p], self.after.nodes[q]
        mine, theirs = self.before.operands(p), self.after.operands(q)
        if one.kind == two.kind and len(mine) == len(theirs) and one.kind not in COMMUTATIVE:
            for value, other in zip(mine, theirs, strict=True):
                self.pair_values(value, other)
            for value, other in zip(one.given, two.given, strict=False):
                self.pair_values(value, other)
            return
        if one.kind != two.kind and not (self.before.has_matrix(p) and self.after.has_matrix(q)):
            return
        mine = [value for value in mine if value >= 0 and value not in self.values]
        theirs = [value for value in theirs if value >= 0 and value not in self.values_back]
        for is_constant in (False, True):
            some = [value for value in mine if self.before.is_constant(value) == is_constant]
            others = [value for value in theirs if self.after.is_constant(value) == is_constant]
            if len(some) == len(others) == 1:
                self.pair_values(some[0], others[0])
            elif some and others and one.kind == two.kind:
                self._pair_by_makers(some, others)

    def _pair_by_makers(self, some: list[int], others: list[int]) -> None:
        """Pair operands that ops of one kind make, and the one that is left over on either side."""
        kinds = [self._kind_of_maker(self.before, value) for value in some]
        kinds_there = [self._kind_of_maker(self.after, value) for value in others]
        left = []
        counts, counts_there = Counter(kinds), Counter(kinds_there)
        places = {kind: place for place, kind in enumerate(kinds_there)}
        for value, kind in zip(some, kinds, strict=True):
            if counts[kind] == counts_there[kind] == 1:
                self.pair_values(value, others[places[kind]])
            else:
                left.append(value)
        left_after = [two for two in others if two not in self.values_back]
        if len(left) == len(left_after) == 1 and len(some) == len(others):
            self.pair_values(left[0], left_after[0])

    @staticmethod
    def _kind_of_maker(side: Side, value: int) -> Hashable:
        maker = side.maker(value)
        if maker < 0:
            return (maker, side.contents.of(value) if side.is_constant(value) else None)
        return (side.nodes[maker].kind, side.trait(maker))

    def _pair_made(self, p: int, q: int) -> None:
        one, two = self.before.nodes[p], self.after.nodes[q]
        if one.kind == two.kind and (len(one.outputs) > 1 or self.constants(p, q) == "equal"):
            for value, other in zip(one.outputs, two.outputs, strict=False):
                self.pair_values(value, other)
            return
        if one.outputs and two.outputs:
            self.follow(one.outputs[0], two.outputs[0])

    def follow(self, value: int, other: int) -> bool:
        """Pair two values, or those that either side goes on to until the same reads them."""
        value, other = self.before.root(value), self.after.root(other)
        if value < 0 or other < 0 or value in self.values or other in self.values_back:
            return False
        mine = self._chain(self.before, value, self.nodes)
        theirs = self._chain(self.after, other, self.nodes_back)
        steps = sorted(
            ((i, j) for i in range(len(mine)) for j in range(len(theirs))),
            key=lambda step: (step[0] + step[1], step[1]),
        )
        for i, j in steps:
            one, two = mine[i], theirs[j]
            if one in self.values or two in self.values_back:
                if self.values.get(one) == two:
                    return True
                continue
            if self._same_readers(one, two):
                return self.pair_values(one, two)
        return False

    def _same_readers(self, one: int, two: int) -> bool:
        """Whether what reads a value may be just what reads the other one."""
        if (one in self.before.outputs) != (two in self.after.outputs):
            return False
        mine = [node for node, _ in self.before.graph.readers[one]]
        theirs = [node for node, _ in self.after.graph.readers[two]]
        if len(mine) != len(theirs) or len(mine) > MOST_READERS:
            return False
        for p in mine:
            q = self.nodes.get(p)
            if q is None:
                open_ones = (other for other in theirs if other not in self.nodes_back)
                q = next((other for other in open_ones if self._are_kin(p, other)), None)
            if q is None or q not in theirs:
                return False
            theirs.remove(q)
        return True

    def _are_kin(self, p: int, q: int) -> bool:
        """Whether one op may be another form of the other, by the word that their types share."""
        if self.before.nodes[p].kind == self.after.nodes[q].kind:
            return self.before.trait(p) == self.after.trait(q)
        mine, theirs = self.before.graph.op(p).op_type, self.after.graph.op(q).op_type
        return mine in theirs or theirs in mine

    @staticmethod
    def _chain(side: Side, value: int, paired: Container[int]) -> list[int]:
        """A value, and those that open ops make of it alone, as long as one op reads each."""
        chain = [value]
        while len(chain) <= _LONGEST_CHAIN:
            readers = side.graph.readers[chain[-1]]
            if len(readers) != 1 or chain[-1] in side.outputs:
                break
            reader = readers[0][0]
            node = side.nodes[reader]
            if reader in paired or not node.outputs or node.outputs[0] < 0:
                break
            if len(side.moving(reader)) > 1 or side.has_matrix(reader):
                break
            chain.append(side.root(node.outputs[0]))
        return chain

    def run(self) -> None:
        """Grow until nothing new is found: along chains first, upward last."""
        while True:
            if self._chains:
                self._grow_down(*self._chains.popleft())
            elif self._forks:
                self._grow_down(*self._forks.popleft())
            elif self._reads:
                self._pair_read(*self._reads.popleft())
            elif self._ups:
                self._grow_up(*self._ups.popleft())
            else:
                return

    def _grow_up(self, one: int, two: int) -> None:
        p, q = self.before.maker(one), self.after.maker(two)
        if p < 0 or q < 0 or p in self.nodes or q in self.nodes_back:
            return
        mine, theirs = self.before.nodes[p], self.after.nodes[q]
        if mine.kind != theirs.kind and not (
            self._are_kin(p, q) and len(self.before.moving(p)) == len(self.after.moving(q))
        ):
            self._grow_past(p, q)
            return
        place = [self.before.root(value) for value in mine.outputs].index(one)
        place_there = [self.after.root(value) for value in theirs.outputs].index(two)
        if place == place_there:
            self.pair_nodes(p, q, "grown")

    def _grow_past(self, p: int, q: int) -> None:
        """Pair either node with the one right above the other, which has no partner itself.

        ::

            before   x ─ Clip ─ Pad ─ Conv        after   x'─ Clip ─ Conv, which pads by itself
        """
        for side, other, start, end in (
            (self.before, self.after, p, q),
            (self.after, self.before, q, p),
        ):
            moving = side.moving(start)
            if len(moving) != 1 or side.has_matrix(start):
                continue
            above = side.maker(moving[0])
            if above < 0 or side.nodes[above].kind != other.nodes[end].kind:
                continue
            pair = (above, end) if side is self.before else (end, above)
            if self.constants(*pair) == "equal" and self.pair_nodes(*pair, "grown"):
                return

    def _grow_down(self, one: int, two: int) -> None:
        mine, theirs = self.open_readers(one, two)
        if not mine or not theirs:
            return
        sole = self._is_sole(one, two)
        for level in range(4):
            groups = self._grouped(self.before, mine, level)
            groups_there = self._grouped(self.after, theirs, level)
            for key, some in groups.items():
                others = groups_there.get(key, [])
                if len(some) == len(others) == 1:
                    self.pair_nodes(some[0][0], others[0][0], "grown", sole=sole)
                elif len(others) == 1 and level == 0 and len(some) > 1:
                    self._merge([p for p, _ in some], others[0][0])
                elif some and others and len(some) * len(others) <= MOST_READERS**2:
                    self._tell_apart([p for p, _ in some], [q for q, _ in others])
            mine, theirs = self.open_readers(one, two)
            if not mine or not theirs:
                return

    def _merge(self, some: Sequence[int], q: int) -> None:
        """Pair a node with several that compute the same, of which a tool has kept one."""
        made = [self.before.root(self.before.nodes[p].outputs[0]) for p in some]
        if all(self._is_double(value, made[0]) for value in made[1:]):
            self.pair_nodes(some[0], q, "grown")
            for value in made[1:]:
                self.pair_values(value, self.after.nodes[q].outputs[0])

    def open_readers(
        self, one: int, two: int
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The readers of a pair of values that are not paired yet."""
        mine = [use for use in self.before.graph.readers[one] if use[0] not in self.nodes]
        theirs = [use for use in self.after.graph.readers[two] if use[0] not in self.nodes_back]
        return mine, theirs

    @staticmethod
    def _grouped(
        side: Side, uses: Iterable[tuple[int, int]], level: int
    ) -> dict[Hashable, list[tuple[int, int]]]:
        """Uses of a value by what reads it; the lower the level, the closer it is looked at."""
        groups: dict[Hashable, list[tuple[int, int]]] = {}
        for node, place in uses:
            key: tuple[Hashable, ...] = (side.nodes[node].kind, side.slot(node, place))
            if level < 2:
                key = (*key, side.trait(node))
            if level in {0, 2}:
                key = (*key, side.attributes(node))
            groups.setdefault(key, []).append((node, place))
        return groups

    def _tell_apart(self, some: Sequence[int], others: Sequence[int]) -> None:
        """Pair the nodes that have more in common with each other than with any other."""
        scores = {(p, q): self._in_common(p, q) for p in some for q in others}
        for (p, q), score in sorted(scores.items(), key=lambda item: -item[1]):
            if score <= 0:
                break
            if any(scores[p, other] >= score for other in others if other != q) or any(
                scores[other, q] >= score for other in some if other != p
            ):
                continue
            self.pair_nodes(p, q, "grown")

    def _in_common(self, p: int, q: int) -> int:
        """How many values two nodes are known to share, but one."""
        if not self.can_pair(p, q):
            return -1
        made = zip(self.before.nodes[p].outputs, self.after.nodes[q].outputs, strict=False)
        theirs = self.after.operands(q)
        shared = sum(self.values.get(one) in theirs for one in self.before.moving(p))
        shared += sum(
            one >= 0 and self.values.get(self.before.root(one), -2) == self.after.root(two)
            for one, two in made
            if two >= 0
        )
        return shared - 1

    def settle_in_order(self) -> bool:
        """Pair nodes that nothing tells apart, in order; whether there were any."""
        found = False
        for one, two in list(self.values.items()):
            mine, theirs = self.open_readers(one, two)
            if not mine or not theirs:
                continue
            groups = self._grouped(self.before, mine, 1)
            groups_there = self._grouped(self.after, theirs, 1)
            for key, some in groups.items():
                others = groups_there.get(key, [])
                if len(some) != len(others) or len(some) < 2:
                    continue
                like = [x for x, _ in some[: MOST_CANDIDATES + 1]]
                for (p, _), (q, _) in zip(some, others, strict=True):
                    if self.pair_nodes(p, q, "order"):
                        self.ambiguous[q] = tuple([x for x in like if x != p][:MOST_CANDIDATES])
                        found = True
                self.run()
        return found
