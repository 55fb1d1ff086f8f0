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

import numpy as np
import onnx

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.places import Places
from hexviz.tagging.structure import structure_of

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

    All ops have a place, and ``order`` is the order of execution.
    """

    def __init__(self, flat: FlatGraph, placed: Places, order: Ints) -> None:
        self._flat = flat
        self._structure = structure = structure_of(flat)
        self._paths, self._where = placed
        self._order = order
        self._rank = np.empty(len(order), np.int64)
        self._rank[order] = np.arange(len(order))
        working = ~structure.static
        width = len(structure.type_names) + 1
        kinds = np.unique(self._where[working] * width + structure.op_types[working])
        types = np.bincount(kinds // width, minlength=len(self._paths))
        inhabited = np.unique(self._where)
        self._one_type = types == 1
        self._one_type[self._paths.parents[inhabited[inhabited > 0]]] = False

    @cached_property
    def _starts(self) -> dict[int, list[int]]:
        """Module → the ranks at which a call of it begins after another, in order."""
        structure, tensors = self._structure, self._flat.tensors
        stored = structure.weights[structure.read]
        readers, read = structure.readers[stored], structure.read[stored]
        kinds = self._where[readers] * (len(structure.type_names) + 1) + structure.op_types[readers]
        _, value_codes = np.unique(read, return_inverse=True)
        _, kind_codes = np.unique(kinds, return_inverse=True)
        _, keys, counts = np.unique(
            value_codes << 32 | kind_codes, return_inverse=True, return_counts=True
        )
        again = np.flatnonzero(counts[keys] > 1)
        again = again[np.argsort(self._rank[readers[again]], kind="stable")]
        paths, inputs = self._paths, self._flat.columns.inputs
        starts: dict[int, list[int]] = {}
        seen: dict[int, set[int]] = {}
        slots = structure.slots[stored]
        for place in again.tolist():
            at, key = int(readers[place]), int(keys[place])
            tensor = tensors.get(inputs[at][slots[place]])
            if tensor is None or not _is_weight(tensor):
                continue
            module = paths.names[self._where[at]]
            for around in (*names.ancestors(module), module):
                number = paths.number(around)
                met = seen.setdefault(number, set())
                if key in met:
                    starts.setdefault(number, []).append(int(self._rank[at]))
                    met.clear()
                met.add(key)
        return starts

    def one_type(self, module: int) -> bool:
        """Whether a module without modules below has ops of one type only, constants aside."""
        return module < len(self._one_type) and bool(self._one_type[module])

    def meeting(self, positions: Sequence[int]) -> str:
        """The deepest module that was open at all of these, in one and the same call."""
        paths = self._paths
        modules = {paths.names[self._where[at]] for at in positions}
        module = names.meeting(modules) or ""
        ranks = [int(self._rank[at]) for at in positions]
        first, last = min(ranks), max(ranks)
        while module and self._was_closed(paths.number(module), first, last):
            module = names.parent(module)
        return module

    def _was_closed(self, module: int, first: int, last: int) -> bool:
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
