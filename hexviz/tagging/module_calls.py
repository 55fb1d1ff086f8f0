"""Where one call of a module ends and the next begins.

An op between two ops of a module ran in it, unless the module was called twice
and the op stands between the calls::

    fc.MatMul  fc.Add  act.Tanh  fc.MatMul  fc.Add      act is not in fc

A call ends where a weight is computed with again by the same kind of op. A
module all of whose ops are of one type (an activation) is called for each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import reduce

import onnx

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph

__all__ = ["Calls"]

_FLOATS = frozenset(
    {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.BFLOAT16,
        onnx.TensorProto.DOUBLE,
    }
)


class Calls:
    """The calls of each module of a graph, as far as weights and types of ops tell of them.

    ``modules`` is by position, ``order`` the order of execution.
    """

    def __init__(
        self,
        flat: FlatGraph,
        modules: Sequence[str],
        order: Sequence[int],
        static: frozenset[int],
    ) -> None:
        self._modules = modules
        self._rank = [0] * len(modules)
        for rank, at in enumerate(order):
            self._rank[at] = rank
        self._types: dict[str, set[str]] = {}
        for at, op in enumerate(flat.ops):
            if at not in static:
                self._types.setdefault(modules[at], set()).add(op.op_type)
        self._parents = {names.parent(module) for module in set(modules) if module}
        self._starts = self._repeats(flat, order)

    def _repeats(self, flat: FlatGraph, order: Sequence[int]) -> dict[str, list[int]]:
        """Module → the ranks at which a call of it begins after another, in order."""
        readers: dict[tuple[str, str, str], int] = {}
        reads: list[tuple[int, tuple[str, str, str]]] = []
        for at in order:
            op = flat.ops[at]
            for value in op.inputs:
                if value in flat.tensors and _is_weight(flat.tensors[value]):
                    key = (value, self._modules[at], op.op_type)
                    readers[key] = readers.get(key, 0) + 1
                    reads.append((at, key))
        starts: dict[str, list[int]] = {}
        seen: dict[str, set[tuple[str, str, str]]] = {}
        for at, key in reads:
            if readers[key] < 2:
                continue
            for module in (*names.ancestors(self._modules[at]), self._modules[at]):
                met = seen.setdefault(module, set())
                if key in met:
                    starts.setdefault(module, []).append(self._rank[at])
                    met.clear()
                met.add(key)
        return starts

    def one_type(self, module: str) -> bool:
        """Whether a module without modules below has ops of one type only, constants aside."""
        return len(self._types.get(module, ())) == 1 and module not in self._parents

    def meeting(self, positions: Sequence[int]) -> str:
        """The deepest module that was open at all of these, in one and the same call."""
        module = reduce(names.common_ancestor, (self._modules[at] for at in positions))
        ranks = [self._rank[at] for at in positions]
        first, last = min(ranks), max(ranks)
        while module and self._was_closed(module, first, last):
            module = names.parent(module)
        return module

    def _was_closed(self, module: str, first: int, last: int) -> bool:
        if first == last:
            return False
        if self.one_type(module):
            return True
        starts = self._starts.get(module, ())
        at = bisect_right(starts, first)
        return at < len(starts) and starts[at] <= last


def _is_weight(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor is not a number or a shape, which any two ops may share."""
    return tensor.data_type in _FLOATS and any(length > 1 for length in tensor.dims)
