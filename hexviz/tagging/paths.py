"""FQNs as numbers, so that what is asked of two modules is asked of all ops at once.

::

    0 ""    1 encoder    2 encoder.layer    3 encoder.layer.0    4 encoder.layer.1

A number's parent is always smaller. Every step of a path has a number, also one that is no
module (``encoder.layer``): two paths meet where :func:`hexviz.model.fqn.common_ancestor` says.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import Ints

__all__ = ["HASH", "ROOT", "Paths"]

ROOT = 0
"""The number of the root."""

HASH = 0
"""The number of the step ``#``, which stands for any index."""


class Paths:
    """A tree of FQNs that grows: the root is there from the start."""

    def __init__(self, fqns: Iterable[str] = ()) -> None:
        self.names = [""]
        self._numbers = {"": ROOT}
        self._parents = [ROOT]
        self._depths = [0]
        self._step_codes = {"#": HASH}
        self._steps = [-1]
        self._arrays: tuple[Ints, Ints, Ints] | None = None
        self._patterns: Ints | None = None
        self._growing = threading.RLock()  # several threads may ask about one graph
        for fqn in fqns:
            self.number(fqn)

    def __len__(self) -> int:
        return len(self.names)

    def number(self, fqn: str) -> int:
        """The number of a path, which gets one with all that enclose it if it has none."""
        known = self._numbers.get(fqn)
        if known is not None:
            return known
        with self._growing:
            self._add([fqn])
        return self._numbers[fqn]

    def _add(self, fqns: Iterable[str]) -> None:
        """Give numbers to paths that have none, and to all that enclose them."""
        self._arrays = self._patterns = None
        numbers, names, codes = self._numbers, self.names, self._step_codes
        parents, depths, steps = self._parents, self._depths, self._steps
        for fqn in fqns:
            missing: list[tuple[str, str]] = []
            above = fqn
            while (number := numbers.get(above)) is None:
                one = above
                above, _, step = one.rpartition(".")
                missing.append((one, step))
            for one, step in reversed(missing):
                parents.append(number)
                depths.append(depths[number] + 1)
                steps.append(codes.setdefault(step if number else one, len(codes)))
                number = numbers[one] = len(names)
                names.append(one)

    def numbers(self, fqns: Sequence[str | None]) -> Ints:
        """The numbers of many paths, -1 for ``None``."""
        with self._growing:
            different = dict.fromkeys(fqns)
            if new := [fqn for fqn in different if fqn is not None and fqn not in self._numbers]:
                self._add(new)
        known = {fqn: -1 if fqn is None else self._numbers[fqn] for fqn in different}
        return np.fromiter(map(known.__getitem__, fqns), np.int64, len(fqns))

    @property
    def parents(self) -> Ints:
        """The enclosing path of each; the root is its own."""
        return self._tables()[0]

    @property
    def depths(self) -> Ints:
        """How many steps each path has."""
        return self._tables()[1]

    @property
    def steps(self) -> Ints:
        """The number of each path's last step; the root has none, -1."""
        return self._tables()[2]

    def step_names(self) -> list[str]:
        """What the numbers of steps stand for; that of ``#`` is :data:`HASH`."""
        return list(self._step_codes)

    def decimal_steps(self) -> npt.NDArray[np.bool_]:
        """Whether a step is an index, by its number; the last two say no, for what is no step."""
        return np.array([*map(str.isdecimal, self._step_codes), False, False], np.bool_)

    def rows(self, ones: Ints, filler: int) -> Ints:
        """The steps of some paths, one path in a row, with the filler after its last step."""
        parents, depths, steps = self._tables()
        deepest = int(depths[ones].max(initial=0))
        table = np.full((len(ones), deepest), filler, np.int64)
        here = ones.copy()
        for depth in range(deepest, 0, -1):
            at = np.flatnonzero(depths[here] == depth)
            table[at, depth - 1] = steps[here[at]]
            here[at] = parents[here[at]]
        return table

    def patterns(self) -> Ints:
        """A number for each path, the same for those that differ in nothing but their indices."""
        if self._patterns is not None:
            return self._patterns
        parents, depths, steps = self._tables()
        kinds = np.where(self.decimal_steps()[steps], HASH, steps) + 1
        found = np.zeros(len(parents), np.int64)
        order = np.argsort(depths, kind="stable")[1:]
        met = 1
        for level in np.split(order, np.flatnonzero(np.diff(depths[order])) + 1):
            if level.size:
                keys = found[parents[level]] * (len(self._step_codes) + 1) + kinds[level]
                unique, numbers = np.unique(keys, return_inverse=True)
                found[level] = met + numbers
                met += len(unique)
        self._patterns = found
        return found

    def children(self, ones: Ints, steps: Ints) -> Ints:
        """The path that a step leads to from each path; -1 if there is none."""
        width = len(self._step_codes)
        parents, _, own = self._tables()
        keys = parents[1:] * width + own[1:]
        order = np.argsort(keys)
        wanted = ones * width + steps
        if not order.size:
            return np.full(len(ones), -1)
        places = np.minimum(np.searchsorted(keys[order], wanted), len(order) - 1)
        return np.where(keys[order[places]] == wanted, order[places] + 1, -1)

    def _tables(self) -> tuple[Ints, Ints, Ints]:
        found = self._arrays
        if found is None:
            with self._growing:
                found = self._arrays = (
                    np.array(self._parents, np.int64),
                    np.array(self._depths, np.int64),
                    np.array(self._steps, np.int64),
                )
        return found

    def common(self, ones: Ints, others: Ints) -> Ints:
        """The deepest path that encloses both, for each pair."""
        parents, depths, _ = self._tables()
        ones, others = ones.copy(), others.copy()
        apart = np.flatnonzero(ones != others)
        while apart.size:
            one, other = ones[apart], others[apart]
            deeper = depths[one] - depths[other]
            ones[apart] = np.where(deeper >= 0, parents[one], one)
            others[apart] = np.where(deeper <= 0, parents[other], other)
            apart = apart[ones[apart] != others[apart]]
        return ones

    def lifted(self, ones: Ints, depths: Ints) -> Ints:
        """Each path, or what encloses it at a depth, if it is deeper than that."""
        parents, own, _ = self._tables()
        ones = ones.copy()
        low = np.flatnonzero(own[ones] > depths)
        while low.size:
            ones[low] = parents[ones[low]]
            low = low[own[ones[low]] > depths[low]]
        return ones

    def within(self, ones: Ints, ancestors: Ints) -> npt.NDArray[np.bool_]:
        """Whether each path is the other, or lies below it."""
        found: npt.NDArray[np.bool_] = self.lifted(ones, self.depths[ancestors]) == ancestors
        return found

    def off_branch(self, ones: Ints, others: Ints) -> npt.NDArray[np.bool_]:
        """Whether neither of two paths encloses the other."""
        met = self.common(ones, others)
        apart: npt.NDArray[np.bool_] = (met != ones) & (met != others)
        return apart

    def nearest(self, members: npt.NDArray[np.bool_]) -> Ints:
        """For each path itself, or the deepest of the ``members`` that encloses it, or the root."""
        parents, depths, _ = (column[: len(members)] for column in self._tables())
        found = np.where(members, np.arange(len(members)), -1)
        found[ROOT] = ROOT
        order = np.argsort(depths, kind="stable")
        open_ones = order[found[order] < 0]
        for level in np.split(open_ones, np.flatnonzero(np.diff(depths[open_ones])) + 1):
            found[level] = found[parents[level]]
        return found
