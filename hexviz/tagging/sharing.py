"""Auxiliary ops that several modules use, and the ops of each module: told when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import overload

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints, TagColumns
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance
from hexviz.tagging.reasons import Reasons

__all__ = ["OpsOfModules", "SharedBy"]

_SHARED = Provenance.__match_args__.index("shared_by")


class OpsOfModules:
    """The ids of each module's own ops, in order; ``modules`` are the modules' numbers by op."""

    def __init__(self, modules: Ints, ids: Sequence[str]) -> None:
        self._modules = modules
        self._ids = ids

    def __call__(self, number: int) -> tuple[str, ...]:
        """Those of the module with this number."""
        order, sorted_modules = self._grouped
        start, end = np.searchsorted(sorted_modules, [number, number + 1]).tolist()
        return tuple([self._ids[at] for at in order[start:end].tolist()])

    @cached_property
    def _grouped(self) -> tuple[Ints, Ints]:
        order = np.argsort(self._modules, kind="stable")
        return order, self._modules[order]


class SharedBy(Sequence[tuple[str, ...]]):
    """By position the modules that use an op which several share, or that it was fused from."""

    def __init__(self, flat: FlatGraph, columns: TagColumns, reasons: Reasons) -> None:
        self._flat = flat
        self._columns = columns
        self._reasons = reasons
        self._known = frozenset(columns.paths)

    @overload
    def __getitem__(self, at: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        sharers = self.several.get(at)
        if sharers:
            return sharers
        fields = self._reasons.fields(at)
        fused = fields[_SHARED] if len(fields) > _SHARED else ()
        return tuple([one for one in fused if one in self._known]) if fused else ()

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return map(self.__getitem__, range(len(self)))

    def __len__(self) -> int:
        return len(self._columns.modules)

    @cached_property
    def several(self) -> dict[int, tuple[str, ...]]:
        """By position the modules that use an auxiliary op, for those that several share."""
        flat, paths = self._flat, self._columns.paths
        modules = self._columns.modules.tolist()
        found = {}
        starts, after = flat.links_down
        many = (self._columns.categories >= 0) & (np.diff(starts) > 1)
        for at in np.flatnonzero(many).tolist():
            using = after[starts[at] : starts[at + 1]].tolist()
            users = dict.fromkeys([modules[one] for one in using])
            if len(users) > 1:
                sharers = tuple([paths[one] for one in users])
                if self._is_shared(at, paths[modules[at]], sharers):
                    found[at] = sharers
        return found

    def _is_shared(self, at: int, module: str, users: tuple[str, ...]) -> bool:
        """Whether several modules share an op that they use.

        An op without inputs (a de-duplicated constant) is shared by all who use
        it, wherever it stands. One that is computed (a mask) is, if it was made
        above them for several: what a module hands to its neighbours is not.
        """
        flat = self._flat
        read = flat.columns.inputs[at]
        starts = flat.links_up.starts
        if starts[at] == starts[at + 1] and self._inputs.isdisjoint(read):
            return True
        meeting = reduce(names.common_ancestor, users)
        return names.is_within(meeting, module) and meeting not in users

    @cached_property
    def _inputs(self) -> frozenset[str]:
        return frozenset(self._flat.inputs) - self._flat.weights.keys()
