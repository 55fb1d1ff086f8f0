"""What is known to be the same in two graphs, and what that leaves open.

A pair of values or of nodes is taken only where nothing that is known already
contradicts it: operands that have another partner, constants that hold other
numbers. :mod:`hexviz.matching.pair_growth` finds the pairs.
"""

from __future__ import annotations

from collections.abc import Container, Hashable
from dataclasses import dataclass, field

from hexviz.matching.side import COMMUTATIVE, Side
from hexviz.matching.weights import has_many

__all__ = ["MOST_READERS", "Pairs"]

MOST_READERS = 64
"""Readers of one value that are told apart by their surroundings, at most."""

_FEW_STEPS = 2
"""Ops in a row that may have been removed because they do nothing."""


@dataclass(slots=True)
class Pairs:
    """The pairs found so far: of nodes, and of values (roots), each in both directions.

    ``reasons`` says what found each pair of nodes, by the node after.
    """

    before: Side
    after: Side
    nodes: dict[int, int] = field(default_factory=dict)
    nodes_back: dict[int, int] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)
    values_back: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    """Value after → the last of several values before that it stands for, one made of the other."""
    reasons: dict[int, str] = field(default_factory=dict)
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Node after → nodes before that it could be as well."""
    weights: dict[int, int] = field(default_factory=dict)
    """Weight before → the same weight after, by what they hold."""

    def add_values(self, one: int, two: int) -> bool:
        """Take two values (roots) for the same, unless either is another one's.

        An op that does nothing to its input (a Pad by nothing) is often removed: then
        its value is that of its input as well, and keeps that as its only partner.
        """
        if self.before.is_constant(one) != self.after.is_constant(two):
            return False
        if one not in self.values and two not in self.values_back:
            self.values[one] = two
            self.values_back[two] = one
        elif one not in self.values and (
            self._is_double(one, self.values_back[two])
            or self._passes_on(self.before, one, self.values_back[two], self.nodes)
        ):
            self.values[one] = two
            self.last[two] = one
        elif one not in self.values and self._passes_on(
            self.before, self.values_back[two], one, self.nodes
        ):
            self.values[one] = two
            self.last[two] = self.values_back[two]
            self.values_back[two] = one
        elif two not in self.values_back and self._passes_on(
            self.after, two, self.values[one], self.nodes_back
        ):
            self.values_back[two] = one
        else:
            return False
        return True

    def note(self, p: int, q: int, reason: str, *, sole: bool = False) -> bool:
        """Take two nodes for the same, without what follows from it."""
        if not self.can_pair(p, q, sole=sole):
            return False
        self.nodes[p] = q
        self.nodes_back[q] = p
        self.reasons[q] = reason
        return True

    @staticmethod
    def _passes_on(side: Side, end: int, start: int, paired: Container[int]) -> bool:
        """Whether a value is made of another one alone, by a few open ops in a row."""
        for _ in range(_FEW_STEPS):
            maker = side.maker(end)
            if maker < 0 or maker in paired or side.is_constant(end):
                return False
            moving = side.moving(maker)
            if len(moving) != 1 or side.has_matrix(maker):
                return False
            end = moving[0]
            if end == start:
                return True
        return False

    def are_same(self, one: int, two: int) -> bool:
        """Whether two values (roots) are known to be the same."""
        return self.values.get(one, -1) == two or self.values_back.get(two, -1) == one

    def _is_double(self, one: int, other: int) -> bool:
        """Whether two values before are computed in the same way from the same."""
        p, q = self.before.maker(one), self.before.maker(other)
        if p < 0 or q < 0 or self.before.nodes[p].kind != self.before.nodes[q].kind:
            return False
        if self.before.trait(p) != self.before.trait(q):
            return False
        if self.before.attributes(p) != self.before.attributes(q):
            return False
        mine = [self.values.get(value, ("?", value)) for value in self.before.moving(p)]
        return mine == [self.values.get(value, ("?", value)) for value in self.before.moving(q)]

    def can_pair(self, p: int, q: int, *, sole: bool = False) -> bool:
        """Whether nothing known says that two nodes are different ones.

        ``sole``: they are the only readers of values that are the same. Then one
        more operand may have changed, as behind a layer that was left out.
        """
        if p in self.nodes or q in self.nodes_back:
            return False
        if self.constants(p, q) == "clash":
            return False
        if self.before.nodes[p].kind != self.after.nodes[q].kind:
            return True
        if not self._operands_agree(p, q, sole=sole) and not self._share_weight(p, q):
            return False
        for one, two in zip(
            self.before.nodes[p].outputs, self.after.nodes[q].outputs, strict=False
        ):
            if one >= 0 and two >= 0:
                root, other = self.before.root(one), self.after.root(two)
                if self.values.get(root, other) != other:
                    return False
                known_as = self.values_back.get(other, root)
                if known_as != root and root not in self.values:
                    return self.constants(p, q) == "equal" and self._passes_on(
                        self.before, known_as, root, self.nodes
                    )
        return True

    def _share_weight(self, p: int, q: int) -> bool:
        """Whether two nodes compute with the same weight, which nobody has twice."""
        theirs = self.after.operands(q)
        return any(
            self.values.get(one, -1) in theirs and has_many(self.before.contents.of(one))
            for one in self.before.operands(p)
            if self.before.is_constant(one)
        )

    def _operands_agree(self, p: int, q: int, *, sole: bool) -> bool:
        """Whether the values that two nodes read may be the same ones."""
        mine, theirs = self.before.moving(p), self.after.moving(q)
        known = [one for one in mine if one in self.values]
        back = [two for two in theirs if two in self.values_back]
        # Looked up in sets: an op may read as many values as there are.
        here, there = set(mine), set(theirs)
        said_here = {self.values_back[two] for two in back}
        said_there = {self.values[one] for one in known}
        agree = sum(self.values[one] in there or one in said_here for one in known)
        open_here = [one for one in here if one not in self.values][:MOST_READERS]
        agree_back = sum(
            self.values_back[two] in here
            or two in said_there
            or any(self._is_double(one, self.values_back[two]) for one in open_here)
            for two in back
        )
        if sole:
            return (agree > 0 or not known) and (agree_back > 0 or not back)
        return agree == len(known) and agree_back == len(back)

    def constants(self, p: int, q: int) -> str:
        """How the constants of two nodes go together.

        ``equal``, also where a number was quantised; ``scaled`` if a weight is
        the other one with other numbers; ``absorbed`` if there are others beside;
        ``clash`` if they are not those of the same op.
        """
        mine = [one for one in self.before.operands(p) if self.before.is_constant(one)]
        theirs = [two for two in self.after.operands(q) if self.after.is_constant(two)]
        same_kind = self.before.nodes[p].kind == self.after.nodes[q].kind
        result = "equal"
        for one in list(mine):
            two = self.values.get(one)
            if two is None:
                continue
            if two in theirs:
                mine.remove(one)
                theirs.remove(two)
                if _differ(self.before.contents.of(one), self.after.contents.of(two)):
                    result = "scaled"
            elif any(other in self.values_back for other in theirs):
                return "clash"
        if not same_kind or len(mine) != len(theirs):
            return "absorbed" if mine or theirs or not same_kind else result
        here = [self.before.contents.of(one) for one in mine]
        there = [self.after.contents.of(two) for two in theirs]
        if self.before.nodes[p].kind in COMMUTATIVE:
            here.sort(key=repr)
            there.sort(key=repr)
        if not self.before.nodes[p].is_carrier and any(map(_differ, here, there)):
            return "clash"
        return result

    def is_scaled(self, p: int, q: int) -> bool:
        """Whether two nodes compute with the same weight, but the numbers of one were changed."""
        theirs = self.after.operands(q)
        return any(
            (two := self.values.get(one, -1)) in theirs
            and _differ(self.before.contents.of(one), self.after.contents.of(two))
            for one in self.before.operands(p)
            if self.before.is_constant(one)
        )


def _differ(one: Hashable, two: Hashable) -> bool:
    """Whether the contents of two constants are known, of one kind of number, and not the same."""
    return isinstance(one, tuple) and isinstance(two, tuple) and one[:1] == two[:1] and one != two
