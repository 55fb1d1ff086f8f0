"""What all ops of a graph have, as columns by position: what large models are worked on with.

A python object for each op takes longer to make than most questions about all of them take to
answer. So the floors work on these, and make an :class:`~hexviz.model.op.Op`, or the reason why it
is where it is, for the ops that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.model.op import Call

__all__ = [
    "PRIMARY",
    "CallColumns",
    "EdgeColumns",
    "FlatColumns",
    "Ints",
    "Slots",
    "TagColumns",
    "coded",
]

Ints = npt.NDArray[np.int64]
Kind = TypeVar("Kind", bound=Hashable)

PRIMARY = -1
"""The number of an op's category, if it has none."""


class FlatColumns(NamedTuple):
    """What the file says of each op, by position; see :class:`hexviz.model.flat.FlatOp`."""

    numbers: Sequence[int]
    bodies: Sequence[str]
    ids: Sequence[str]
    names: Sequence[str]
    op_types: Sequence[str]
    domains: Sequence[str]
    inputs: Sequence[tuple[str, ...]]
    outputs: Sequence[tuple[str, ...]]
    nodes: Sequence[onnx.NodeProto]


class EdgeColumns(NamedTuple):
    """Every value that goes from one op to another, in the order of the targets.

    ``sources`` and ``targets`` are positions, ``numbers`` those of the values in ``values``:
    which has all values that ops make, in their order, and then all others that they read.
    """

    sources: Ints
    targets: Ints
    numbers: Ints
    values: Sequence[str]


class Slots(NamedTuple):
    """What all ops read, or make, one after the other, without what is left out.

    ``ops`` are positions, ``numbers`` those of the values as in :class:`EdgeColumns`.
    """

    ops: Ints
    numbers: Ints


class TagColumns(NamedTuple):
    """Where all ops belong, by position.

    ``modules`` and ``contexts`` are numbers in ``paths``: the FQNs of all modules of the tree, in
    its order. The context of a primary op is -1. ``origins`` are numbers in
    :data:`~hexviz.model.op.ORIGINS`, ``categories`` in the keys of
    :data:`~hexviz.model.op.CATEGORIES` (:data:`PRIMARY` for primary ops), ``calls`` in
    ``known_calls`` (-1 for none).
    """

    paths: Sequence[str]
    modules: Ints
    contexts: Ints
    origins: Ints
    categories: Ints
    calls: Ints
    known_calls: Sequence[Call]


class CallColumns(NamedTuple):
    """The call that each op was made for: numbers in ``known`` by position, -1 for none."""

    numbers: Sequence[int]
    known: Sequence[Call]

    def with_others(self, others: Mapping[int, Call]) -> CallColumns:
        """With the calls of ops that have none yet, by position."""
        new = {at: call for at, call in others.items() if self.numbers[at] < 0}
        if not new:
            return self
        places = {call: at for at, call in enumerate(self.known)}
        numbers = list(self.numbers)
        for at, call in new.items():
            numbers[at] = places.setdefault(call, len(places))
        return CallColumns(numbers, tuple(places))


def coded(kinds: Iterable[Kind]) -> tuple[Ints, list[Kind]]:
    """A small number for each thing, and what the numbers stand for, in order of appearance.

    >>> numbers, kinds = coded(["Add", "Mul", "Add"])
    >>> numbers.tolist(), kinds
    ([0, 1, 0], ['Add', 'Mul'])
    """
    codes: dict[Kind, int] = {}
    numbers = np.fromiter((codes.setdefault(kind, len(codes)) for kind in kinds), np.int64)
    return numbers, list(codes)
