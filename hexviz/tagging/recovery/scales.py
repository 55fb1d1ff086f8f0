"""How many values cross a cut, seen at several scales.

A mask that all layers read, or a skip over half a network, crosses every cut and says nothing about
where blocks begin. So values that live longer than a scale are left out, and a stretch is judged at
the scale of its own length: what counts is by how many values its borders exceed the fewest nearby.
"""

from __future__ import annotations

import numpy as np

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.bags import Shares
from hexviz.tagging.recovery.moving import Moving

__all__ = ["Scales"]

_LONGEST = (16, 64, 256, 1024, 1 << 40)  # places a value may live at each scale
_FITTING = 2  # a stretch is judged at the scale that is this many times its length


class Scales:
    """Values that cross each cut."""

    def __init__(self, moving: Moving) -> None:
        self._glued = moving.glued.astype(np.float64)
        size = len(moving.ops)
        own = np.arange(size)
        spans = moving.last - own
        self._live, self._least = [], []
        for longest in _LONGEST:
            use = (spans > 0) & (spans <= longest)
            change = np.bincount(own[use] + 1, minlength=size + 2)
            change -= np.bincount(moving.last[use] + 1, minlength=size + 2)
            live = np.maximum(np.cumsum(change)[: size + 1], 1)
            self._live.append(live)
            self._least.append(_Least(live))

    @property
    def all_live(self) -> Ints:
        """By cut how many values cross it, however long they live; one at least."""
        return self._live[-1]

    def least_inside(self, starts: Ints, ends: Ints) -> Ints:
        """The fewest values that cross a cut inside each stretch, however long they live."""
        return self._least[-1].of(starts + 1, np.maximum(ends - 1, starts + 1))

    def excess(self, starts: Ints, ends: Ints) -> Shares:
        """By how many values the borders of stretches exceed the fewest nearby, on average.

        A border between an op and what only finishes it counts one more.
        """
        found = np.zeros(len(starts))
        sizes = ends - starts
        scale = np.minimum(np.searchsorted(_LONGEST, _FITTING * sizes), len(_LONGEST) - 1)
        for number, live in enumerate(self._live):
            here = np.flatnonzero(scale == number)
            if here.size:
                one, two, near = starts[here], ends[here], sizes[here]
                around = np.maximum(one - near, 0), np.minimum(two + near, len(live) - 1)
                found[here] = (live[one] + live[two]) / 2 - self._least[number].of(*around)
        return found + self._glued[starts] + self._glued[ends]


class _Least:
    """The least of a range, from those of all ranges whose length is a power of two."""

    def __init__(self, values: Ints) -> None:
        self._rows = [values]
        step = 1
        while 2 * step <= len(values):
            before = self._rows[-1]
            self._rows.append(np.minimum(before[:-step], before[step:]))
            step *= 2

    def of(self, first: Ints, last: Ints) -> Ints:
        """The least from ``first`` to ``last``, both included."""
        powers = np.frexp((last - first + 1).astype(np.float64))[1] - 1
        found = np.zeros(len(first), np.int64)
        for power, row in enumerate(self._rows):
            here = powers == power
            found[here] = np.minimum(row[first[here]], row[last[here] + 1 - (1 << power)])
        return found
