"""What patterns ask of a graph: what an op does, what moves through it, what weight it has.

An op *moves* if the numbers that go into the model reach it. What is computed from weights,
constants and shapes alone stands still: the Transpose of a weight, the chain that makes the shape
of a Reshape. Patterns are about what moves, and take along what stands still and serves them alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

import numpy as np
import onnx

from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery.patterns.operators import kind_of

__all__ = ["INPUT", "Dataflow"]

INPUT = -1
"""Stands for what is handed in where the position of an op is expected."""

_WIDEST = 64  # readers of a constant from which on it is nobody's own
_AXES = 8
_LONGEST = 24  # changes of layout in a row that are looked through
_STEPS = 8  # ops between a weight and what it is multiplied with
_KEEPS_MATRIX = frozenset({"Identity", "Cast", "DequantizeLinear", "QuantizeLinear", "CastLike"})


def _numbers(tensor: onnx.TensorProto) -> tuple[int, ...]:
    """The whole numbers of a small tensor, none for any other."""
    if tensor.data_type != onnx.TensorProto.INT64 or list(tensor.dims) > [_AXES]:
        return ()
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return ()
    if tensor.int64_data:
        return tuple(tensor.int64_data)
    return tuple(np.frombuffer(tensor.raw_data, "<i8").tolist())


class Dataflow:
    """A graph as patterns see it; ``kinds`` has by position what an op does."""

    def __init__(self, flat: FlatGraph) -> None:
        self.flat = flat
        columns = flat.columns
        self.types = columns.op_types
        self.inputs = columns.inputs
        pairs = list(zip(columns.domains, columns.op_types, strict=True))
        known = {pair: kind_of(*pair) for pair in set(pairs)}
        self.kinds: list[str] = [known[pair] for pair in pairs]
        self.readers = flat.successors
        self._makers = flat.predecessors
        self.still = self._find_still()
        self.looked_at = 0  # by searches between ops so far: what bounds them all together
        self._ups: dict[int, tuple[int, ...]] = {}
        self._matrices: dict[int, tuple[int, ...] | None] = {}

    def _find_still(self) -> list[bool]:
        """Which ops no number of the input reaches, by position."""
        flat = self.flat
        values, makes = flat.edge_columns.values, flat.makes
        handed = np.ones(len(values), bool)
        handed[makes.numbers] = False
        for number in np.flatnonzero(handed).tolist():
            handed[number] = values[number] not in flat.weights
        self._reads_input = np.zeros(len(self.kinds), bool)
        self._reads_input[flat.reads.ops[handed[flat.reads.numbers]]] = True
        still: list[bool] = []
        rows = zip(self._makers, self._reads_input.tolist(), self.kinds, strict=True)
        for at, (makers, reads_input, kind) in enumerate(rows):
            if kind == "shape":
                still.append(True)
            elif kind == "pass" and self.types[at] == "CastLike":  # only its type may move
                value = self.inputs[at][0] if self.inputs[at] else ""
                maker = flat.makers.get(value)
                still.append(value in flat.weights if maker is None else still[maker])
            elif reads_input:
                still.append(False)
            elif kind == "mul" and self._is_scale(makers, at):
                still.append(True)
            else:
                still.append(all(map(still.__getitem__, makers)))
        return still

    def _is_scale(self, makers: tuple[int, ...], at: int) -> bool:
        """Whether an op multiplies the scale that numbers are quantised with, not the numbers."""
        quantized = [one for one in makers if self.types[one] == "DynamicQuantizeLinear"]
        if len(quantized) != 1 or len(makers) > 2:
            return False
        numbers = self.flat.columns.outputs[quantized[0]][0]
        others = (one for one in makers if one != quantized[0])
        return numbers not in self.inputs[at] and all(self.kinds[one] == "shape" for one in others)

    def of_kind(self, *kinds: str) -> list[int]:
        """The positions of the moving ops that do one of these."""
        wanted = frozenset(kinds)
        return [
            at
            for at, (kind, still) in enumerate(zip(self.kinds, self.still, strict=True))
            if kind in wanted and not still
        ]

    def ups(self, at: int) -> tuple[int, ...]:
        """The moving ops that an op reads, and :data:`INPUT` if it reads what is handed in."""
        found = self._ups.get(at)
        if found is None:
            still = self.still
            found = tuple([one for one in self._makers[at] if not still[one]])
            if self._reads_input[at]:
                found = (*found, INPUT)
            self._ups[at] = found
        return found

    def operand(self, at: int, number: int) -> int | None:
        """The op that makes an input of an op, ``None`` for a weight and what is left out."""
        inputs = self.inputs[at]
        value = inputs[number] if number < len(inputs) else ""
        maker = self.flat.makers.get(value)
        if maker is None and value and value not in self.flat.weights:
            return INPUT
        return maker

    def moves(self, at: int, number: int) -> bool:
        """Whether an input of an op moves."""
        maker = self.operand(at, number)
        return maker is not None and (maker == INPUT or not self.still[maker])

    def source(self, at: int) -> int:
        """The op that made what arrives here, before any change of its order or type."""
        kinds = self.kinds
        for _ in range(_LONGEST):
            if at == INPUT or kinds[at] not in ("pass", "layout") or not self.ups(at):
                break
            at = self.ups(at)[0]
        return at

    def stream(self, at: int) -> int:
        """The source of what an op reads, if that is one, else the op itself."""
        ups = self.ups(at)
        return self.source(ups[0]) if len(ups) == 1 else at

    def attribute(self, at: int, name: str) -> onnx.AttributeProto | None:
        """An attribute of an op."""
        attributes: list[onnx.AttributeProto] = self.flat.columns.nodes[at].attribute[:]
        return next((one for one in attributes if one.name == name), None)

    def matrix(self, at: int) -> tuple[int, ...] | None:
        """The dimensions of the weight of a product or convolution: of a product (in, out).

        ``None`` for an op that multiplies two things that move or with a mere vector, ``()`` where
        the file does not say. What an op multiplies with has to be a weight and not a table of
        angles or positions: at least two of its dimensions are no 1.
        """
        if at not in self._matrices:
            self._matrices[at] = self._matrix(at)
        return self._matrices[at]

    def _matrix(self, at: int) -> tuple[int, ...] | None:
        if at == INPUT or self.kinds[at] not in ("product", "conv"):
            return None
        is_conv = self.kinds[at] == "conv"
        number = 3 if self.types[at] in ("QLinearMatMul", "QGemm", "QLinearConv") else 1
        if self.moves(at, number):
            if is_conv or (not self.moves(at, 0) and len(self.inputs[at]) > 1):
                number = 0
            else:
                return None
        if is_conv and number == 0:
            return None
        dims, exact = self._weight(at, number)
        if dims is None:
            return ()
        if is_conv:
            return dims if exact else ()
        if sum(dim > 1 for dim in dims) < 2:
            return None
        if self.types[at] == "MatMulNBits":
            sizes = [self.attribute(at, name) for name in ("K", "N")]
            return tuple([int(one.i) for one in sizes if one is not None])
        if not exact or len(dims) != 2:
            return ()
        turned = self.attribute(at, "transA" if number == 0 else "transB")
        flip = (turned is not None and bool(turned.i)) != (number == 0)
        return (dims[1], dims[0]) if flip else dims

    def _weight(self, at: int, number: int) -> tuple[tuple[int, ...] | None, bool]:
        """The dimensions of a weight, and whether they are those that the op sees."""
        flat, inputs = self.flat, self.inputs[at]
        value = inputs[number] if number < len(inputs) else ""
        exact = True
        turns, filled = 0, False
        for _ in range(_STEPS):
            tensor = flat.tensors.get(value)
            maker = flat.makers.get(value)
            if tensor is None and maker is not None and self.types[maker] == "Constant":
                told = self.attribute(maker, "value")
                tensor = told.t if told is not None else None
            if tensor is not None:
                dims = tuple(tensor.dims)
                if filled:  # it is the dimensions of what an op makes
                    dims = _numbers(tensor)
                return (dims[::-1] if turns % 2 else dims), exact
            if maker is None or not self.inputs[maker]:
                return None, False
            kind = self.types[maker]
            if kind == "ConstantOfShape":
                filled = True
            elif kind == "Transpose":
                turns += 1
            elif kind not in _KEEPS_MATRIX:
                exact = False
            value = self.inputs[maker][0]
        return None, False

    def own(self, core: Iterable[int], *, after: int | None = None) -> set[int]:
        """Ops with what serves them alone.

        That is what stands still and nothing else reads; with ``after`` also what moves, is light
        (no product or convolution) and comes after that position.
        """
        ops = set(core)
        pending = list(ops)
        still, kinds, readers, makers = self.still, self.kinds, self.readers, self._makers
        while pending:
            at = pending.pop()
            for maker in makers[at]:
                if maker in ops:
                    continue
                if not still[maker] and (
                    after is None or maker < after or kinds[maker] in ("product", "conv", "norm")
                ):
                    continue
                own = readers[maker]
                if len(own) <= _WIDEST and ops.issuperset(own):
                    ops.add(maker)
                    pending.append(maker)
        return ops

    def fork(self, at: int, most: int) -> tuple[int, list[int]] | None:
        """Where the ways that meet in an op come from: one op, and all ops between.

        ::

            x ─┬→ a → b → c ─┐        fork(add) = x, [a, b, c]
               └─────────────┴→ add

        ``None`` if there is none within ``most`` moving ops. The ops are in descending order.
        """
        furthest = at - _FAR
        waiting = set(self.ups(at))
        if min(waiting, default=INPUT) < furthest:
            return None
        pending = [-one for one in waiting]
        heapify(pending)
        found: list[int] = []
        while pending:
            nearest = -heappop(pending)
            if not pending:
                return (nearest, found) if found else None
            if nearest == INPUT or len(found) >= most:
                return None
            found.append(nearest)
            self.looked_at += 1
            for one in self.ups(nearest):
                if one not in waiting:
                    if one < furthest:
                        return None
                    waiting.add(one)
                    heappush(pending, -one)
        return None

    def between(self, above: int, at: int, most: int) -> set[int] | None:
        """The moving ops on all ways from one op to another, the latter included.

        What leads in from elsewhere, as a mask does, is left out. ``None`` if there is no way, or
        if more than ``most`` ops have to be looked at.
        """
        if at - above > _FAR:
            return None
        seen = {at}
        pending = [at]
        while pending:
            for one in self.ups(pending.pop()):
                if one > above and one not in seen:
                    if len(seen) >= most:
                        self.looked_at += most
                        return None
                    seen.add(one)
                    pending.append(one)
        self.looked_at += len(seen)
        found: set[int] = set()
        for one in sorted(seen):
            ups = self.ups(one)
            if above in ups or not found.isdisjoint(ups):
                found.add(one)
        return found if at in found else None

    def escapes(self, ops: set[int], last: int) -> bool:
        """Whether ops outside read what these make, the last one apart."""
        readers = self.readers
        still = self.still
        for at in ops:
            if at != last and not still[at]:
                for reader in readers[at]:
                    if reader not in ops and not still[reader]:
                        return True
        return False

    def downs(self, at: int) -> list[int]:
        """The moving ops that read an op."""
        still = self.still
        return [one for one in self.readers[at] if not still[one]]


_FAR = 3_000  # positions between where ways part and where they meet again
