"""How an op changes the layout of a value: ranks before and after, and who undoes it later.

A value is often brought into another layout for a few ops and back::

    Transpose (0, 2, 1) ─ Conv ─ Relu ─ Transpose (0, 2, 1)

The two Transposes are a pair: whoever wrote the one wrote the other, so a module holds both or
none.
"""

from __future__ import annotations

from collections.abc import Iterable

from hexviz.model.flat import FlatGraph

__all__ = ["RankChanges", "find_pairs"]

_FAR = 24  # ops looked through for the rank of a value
_OPEN = 3  # Transposes kept waiting for the one that undoes them

_OTHER = frozenset(
    {"Unsqueeze", "Squeeze", "Gather", "Shape", "Einsum", "Range", "Size", "GatherND"}
)
"""Ops whose result has another rank than their first input, which is not looked for."""


def permutation(flat: FlatGraph, at: int) -> tuple[int, ...] | None:
    """The order that a Transpose gives the axes, if it says one."""
    for attribute in flat.columns.nodes[at].attribute:
        if attribute.name == "perm":
            return tuple(attribute.ints)
    return None


def find_pairs(flat: FlatGraph, transposes: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Position of a Transpose → that of the one that undoes it, or that it undoes.

    ``transposes`` are positions in the order they ran, each with the number of its gap; those of
    one gap are no pair, as nothing lies between.
    """
    found: dict[int, int] = {}
    waiting: list[tuple[int, int, tuple[int, ...]]] = []
    for at, gap in transposes:
        own = permutation(flat, at)
        if own is None:
            continue
        inverse = tuple(sorted(range(len(own)), key=own.__getitem__))
        for back in range(len(waiting) - 1, max(-1, len(waiting) - _OPEN), -1):
            other, where, perm = waiting[back]
            if perm == inverse and where != gap:
                del waiting[back:]
                found[at], found[other] = other, at
                break
        else:
            waiting.append((at, gap, own))
    return found


class RankChanges:
    """Whether ops that reshape a value give it more axes or fewer, as far as the file tells."""

    def __init__(self, flat: FlatGraph) -> None:
        self._flat = flat
        self._lengths: dict[str, int | None] = {}

    def of(self, at: int) -> str:
        """``up``, ``down``, ``same``, or ``?`` where a rank is not known."""
        inputs = self._flat.columns.inputs[at]
        if len(inputs) < 2 or self._flat.columns.op_types[at] != "Reshape":
            return "?"
        before, after = self._rank(inputs[0]), self._length(inputs[1])
        if before is None or after is None:
            return "?"
        return "same" if before == after else "up" if after > before else "down"

    def _rank(self, value: str) -> int | None:
        columns = self._flat.columns
        for _ in range(_FAR):
            at = self._flat.makers.get(value)
            if at is None or not columns.inputs[at]:
                return None
            kind = columns.op_types[at]
            if kind == "Gemm":
                return 2
            if kind == "Reshape" and len(columns.inputs[at]) > 1:
                return self._length(columns.inputs[at][1])
            if kind == "Transpose" and (order := permutation(self._flat, at)):
                return len(order)
            if kind in ("Conv", "ConvTranspose"):
                for attribute in columns.nodes[at].attribute:
                    if attribute.name == "kernel_shape":
                        return len(attribute.ints) + 2
            if kind in _OTHER:
                return None
            value = columns.inputs[at][0]
        return None

    def _length(self, value: str) -> int | None:
        """How many numbers a list of them has."""
        if value not in self._lengths:
            self._lengths[value] = None  # a file may be cyclic
            self._lengths[value] = self._counted(value)
        return self._lengths[value]

    def _counted(self, value: str) -> int | None:
        stored = self._flat.tensors.get(value)
        if stored is not None:
            return int(stored.dims[0]) if len(stored.dims) == 1 else None
        columns = self._flat.columns
        at = self._flat.makers.get(value)
        if at is None:
            return None
        kind = columns.op_types[at]
        if kind == "Constant":
            for attribute in columns.nodes[at].attribute:
                if attribute.name == "value_ints":
                    return len(attribute.ints)
                if attribute.name == "value" and len(attribute.t.dims) == 1:
                    return int(attribute.t.dims[0])
        # A shape is joined of single sizes.
        return len(columns.inputs[at]) if kind == "Concat" else None
