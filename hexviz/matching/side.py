"""One of the two graphs that are matched: its skeleton, and what each node computes with."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hexviz.matching.skeleton import Skeleton
from hexviz.matching.weights import Contents
from hexviz.model.attributes import name_of, plain_value

__all__ = ["COMMUTATIVE", "Side"]

COMMUTATIVE = frozenset(
    {"Add", "Mul", "And", "Or", "Xor", "Max", "Min", "Sum", "Mean", "Equal", "BitwiseAnd"}
)
"""Ops whose operands can be swapped."""


class Side:
    """One of the graphs, with its values as roots, and what each node computes with."""

    def __init__(self, skeleton: Skeleton, contents: Contents) -> None:
        self.graph = skeleton
        self.contents = contents
        self.nodes = skeleton.nodes
        self.outputs = frozenset(skeleton.roots[value] for value in skeleton.outputs)
        roots, constant = skeleton.roots, skeleton.constant
        self._operands = [
            [roots[value] if value >= 0 else -1 for value in node.inputs] for node in self.nodes
        ]
        self._moving = [
            [root for root in operands if root >= 0 and not constant[root]]
            for operands in self._operands
        ]
        self._traits: dict[int, tuple[Hashable, ...]] = {}
        self._attributes: dict[int, Hashable] = {}
        self._users: dict[int, list[int]] | None = None

    def root(self, value: int) -> int:
        """The value that a value was carried on from."""
        return self.graph.roots[value] if value >= 0 else -1

    def operands(self, node: int) -> Sequence[int]:
        """The values that a node reads, as roots; constants too, and -1 for what is left out."""
        return self._operands[node]

    def users(self, value: int) -> Sequence[int]:
        """The nodes that read just this value, carriers too."""
        if self._users is None:
            self._users = {}
            for number, node in enumerate(self.nodes):
                for one in node.inputs:
                    if one >= 0:
                        self._users.setdefault(one, []).append(number)
        return self._users.get(value, ())

    def is_constant(self, value: int) -> bool:
        """Whether a value depends on constants alone."""
        return value >= 0 and self.graph.constant[value]

    def moving(self, node: int) -> Sequence[int]:
        """The roots that a node reads which are no constants."""
        return self._moving[node]

    def has_matrix(self, node: int) -> bool:
        """Whether a node computes with a weight of several dimensions, so with its input itself."""
        return any(
            self.is_constant(one) and self.contents.dimensions(one) > 1
            for one in self.operands(node)
        )

    def maker(self, value: int) -> int:
        """The node that makes a value, negative if none does."""
        return self.graph.makers[value] if value >= 0 else -1

    def trait(self, node: int) -> tuple[Hashable, ...]:
        """What a node computes with beside its operands: the contents of its constants."""
        known = self._traits.get(node)
        if known is None:
            operands = self.operands(node)
            contents = [
                self.contents.of(one) if self.is_constant(one) else ("moving",)
                for one in operands
                if one >= 0
            ]
            if self.nodes[node].kind in COMMUTATIVE:
                contents.sort(key=repr)
            known = self._traits[node] = tuple(contents)
        return known

    def attributes(self, node: int) -> Hashable:
        """The attributes of a node, equal for equal ones."""
        if node not in self._attributes:
            found = []
            for attribute in self.graph.op(node).node.attribute:
                value = plain_value(attribute)
                found.append((name_of(attribute), repr(value)))
            self._attributes[node] = tuple(sorted(found))
        return self._attributes[node]

    def slot(self, node: int, place: int) -> int:
        """The place of an input, 0 for all of an op that they can be swapped of."""
        return 0 if self.nodes[node].kind in COMMUTATIVE else place
