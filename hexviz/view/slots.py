"""A number for each op, so that every module and every call holds one run of them.

::

    module tree with ops          slots   0 1 2 3 4 5
    root ── a ── b (2 ops)        b       ├─┤
      │     └─ 1 op               a       ├───┤
      └─ 3 ops                    root    ├─────────┤

Ops, calls and modules that lie in one module come in the order of their first ops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.view.calls import CallGroup, Groups
from hexviz.view.module_numbers import Modules

__all__ = ["Slots", "Span"]

Span = tuple[int, int]


class Slots:
    """The slots of all ops, and what lies directly in each module, in order.

    ``module_at`` is the number of the module of each position, ``slot_of`` the slot of each,
    ``op_at`` the position of each slot.
    """

    def __init__(self, modules: Modules, module_at: Ints, groups: Groups) -> None:
        self.modules = modules
        self.module_at = module_at
        self.groups = groups
        self._n_ops = n_ops = len(module_at)
        n_modules = len(modules)
        begun = np.full(n_modules, n_ops)
        np.minimum.at(begun, module_at, np.arange(n_ops))
        self.counts = modules.totals(np.bincount(module_at, minlength=n_modules))
        first = np.array(modules.firsts(begun), np.int64)
        singles = np.flatnonzero(groups.of < 0)
        inside = np.flatnonzero(groups.of >= 0)
        self._group_sizes = np.bincount(groups.of[inside], minlength=len(groups))
        group_first = np.full(len(groups), n_ops)
        np.minimum.at(group_first, groups.of[inside], inside)
        outer = np.flatnonzero(self._group_sizes)
        holders = np.array([groups.module_of(one) for one in outer.tolist()], np.int64)
        total = np.array(self.counts, np.int64)
        children = np.flatnonzero(total[1:]) + 1
        parents = np.array(modules.parents, np.int64)[children]
        # A code for each thing that lies in a module: ops, then groups, then modules.
        codes = np.concatenate([singles, n_ops + outer, n_ops + len(groups) + children])
        owner = np.concatenate([module_at[singles], holders, parents])
        begun = np.concatenate([singles, group_first[outer], first[children]])
        order = np.argsort(owner * (n_ops + 1) + begun)
        sizes = [np.ones_like(singles), self._group_sizes[outer], total[children]]
        size = np.concatenate(sizes)[order]
        self._codes = codes[order]
        self._starts = np.searchsorted(owner[order], np.arange(len(total) + 1))
        before = np.append(np.cumsum(size) - size, n_ops)
        offset = np.empty(len(order), np.int64)
        offset[order] = before[:-1] - before[self._starts[owner[order]]]
        of_singles, of_groups, of_modules = np.split(offset, np.cumsum([len(singles), len(outer)]))
        self.lows = [0] * len(total)
        for number, parent, step in zip(
            children.tolist(), parents.tolist(), of_modules.tolist(), strict=True
        ):
            self.lows[number] = self.lows[parent] + step
        low = np.array(self.lows, np.int64)
        self._group_low = np.zeros(len(groups), np.int64)
        self._group_low[outer] = low[holders] + of_groups
        self.slot_of: Ints = np.empty(n_ops, np.int64)
        self.slot_of[singles] = low[module_at[singles]] + of_singles
        self._place_groups(inside)
        self.op_at: Ints = np.empty(n_ops, np.int64)
        self.op_at[self.slot_of] = np.arange(n_ops)

    def _place_groups(self, inside: Ints) -> None:
        """Give their slots to the positions that are in groups."""
        ranked = inside[np.lexsort((self.groups.place[inside], self.groups.of[inside]))]
        of = self.groups.of[ranked]
        starts = np.cumsum(self._group_sizes) - self._group_sizes
        self.slot_of[ranked] = self._group_low[of] + np.arange(len(ranked)) - starts[of]

    def span(self, module: int) -> Span:
        """The slots of a module, by its number."""
        return self.lows[module], self.lows[module] + self.counts[module]

    def group_span(self, group: CallGroup) -> Span:
        """The slots of a call."""
        number = self.groups.numbers[group.key]
        size = int(self._group_sizes[number])
        if size:
            low = int(self._group_low[number])
        else:  # it lies in another one
            positions = list(group.positions())
            low, size = int(self.slot_of[positions[0]]), len(positions)
        return low, low + size

    def members(self, module: int) -> list[str | CallGroup | int]:
        """What lies directly in a module with ops: other modules by FQN, calls, ops by position."""
        start, stop = self._starts[module], self._starts[module + 1]
        n_ops, paths = self._n_ops, self.modules.paths
        n_before = n_ops + len(self.groups)
        return [
            code
            if code < n_ops
            else self.groups[code - n_ops]
            if code < n_before
            else paths[code - n_before]
            for code in self._codes[start:stop].tolist()
        ]

    @cached_property
    def with_ops(self) -> Sequence[int]:
        """The numbers of the modules that have ops, themselves or below them."""
        return [number for number, count in enumerate(self.counts) if count]

    def calls_from(self) -> Mapping[int, tuple[int, ...]]:
        """For the slots at which calls begin, the numbers of ops in these, small ones first."""
        sizes: dict[int, tuple[int, ...]] = {}
        nested = [at for at, size in enumerate(self._group_sizes.tolist()) if not size]
        spans = list(zip(self._group_low.tolist(), self._group_sizes.tolist(), strict=True))
        for number in nested:
            low, high = self.group_span(self.groups[number])
            spans[number] = low, high - low
        for low, size in spans:
            sizes[low] = tuple(sorted([*sizes.get(low, ()), size]))
        return sizes
