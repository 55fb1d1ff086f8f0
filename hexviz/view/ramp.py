"""A person's numbers as colours on one continuous scale, for ops and for closed boxes.

::

    0.2 ms ▕░░░░▒▒▒▒▓▓▓▓████▏ 5.1 ms      each op the colour of its own number, auxiliary or
           0.2   1   2   3   4   5        not; one without a number is grey, as is a closed
                                          box in which none has one

A closed box has the mean of its ops' numbers, or their sum. Sums are larger than
any op's number, so the scale ends at the largest that is on the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.palette import Swatch, Theme
from hexviz.view.parts import SceneNode
from hexviz.view.scales import plain_swatch, step_swatch

__all__ = ["Gather", "Numbers", "Ramp", "closed_boxes", "ramp_of", "ticks"]

Gather = Literal["mean", "sum"]
"""What the number of a closed box is of its ops' numbers."""

_TICKS = 5
_STOPS = 13


@dataclass(frozen=True, eq=False)
class Numbers:
    """The number of each slot, NaN where it has none, and how boxes gather theirs."""

    values: npt.NDArray[np.float64]
    gather: Gather = "mean"

    @classmethod
    def of(cls, index: Index, numbers: Mapping[int, float], gather: Gather) -> Numbers:
        """Numbers by position in ``graph.ops``."""
        values = np.full(index.n_ops, math.nan)
        for position, number in numbers.items():
            values[index.slot_of[position]] = number
        return cls(values, gather)

    def within(self, low: int, high: int) -> float | None:
        """The number of what is in some slots; ``None`` where none has one."""
        known = self.values[low:high]
        known = known[~np.isnan(known)]
        if not len(known):
            return None
        return float(known.sum() if self.gather == "sum" else known.mean())


@dataclass(frozen=True, slots=True)
class Ramp:
    """The scale from the least to the greatest number, and what its colours are."""

    low: float
    high: float
    gather: Gather

    def share(self, number: float) -> float:
        """Where a number lies on the scale, 0 to 1."""
        width = self.high - self.low
        return min(1.0, max(0.0, (number - self.low) / width)) if width > 0 else 0.5

    def swatch(self, number: float | None, theme: Theme) -> Swatch:
        """The colours of a number; grey where there is none."""
        return plain_swatch(theme) if number is None else step_swatch(self.share(number), theme)

    def colours(self, theme: Theme) -> list[str]:
        """The colours along the scale, evenly apart."""
        return [step_swatch(at / (_STOPS - 1), theme).solid for at in range(_STOPS)]


def closed_boxes(index: Index, nodes: Iterable[SceneNode]) -> list[Container]:
    """The boxes on the page that show one number for all their ops."""
    return [index.containers[node.key] for node in nodes if node.key and not node.is_open]


def ramp_of(numbers: Numbers, closed: Iterable[Container]) -> Ramp:
    """The scale of all ops' numbers and, where boxes add them up, of the closed boxes' sums."""
    known = numbers.values[~np.isnan(numbers.values)]
    found = [float(known.min()), float(known.max())]
    if numbers.gather == "sum":
        sums = (numbers.within(box.low, box.high) for box in closed)
        found += [one for one in sums if one is not None]
    return Ramp(min(found), max(found), numbers.gather)


def ticks(ramp: Ramp) -> list[tuple[float, str]]:
    """Shares of the scale and what stands there: its two ends, and round numbers between.

    >>> ticks(Ramp(0.0, 10.0, "mean"))
    [(0.0, '0'), (0.2, '2'), (0.4, '4'), (0.6, '6'), (0.8, '8'), (1.0, '10')]
    """
    width = ramp.high - ramp.low
    if not width > 0:
        return [(0.5, f"{ramp.low:.4g}")]
    unit = 10.0 ** math.floor(math.log10(width / _TICKS))
    step = next(unit * by for by in (1, 2, 5, 10) if width / (unit * by) <= _TICKS)
    first = math.ceil(ramp.low / step)
    marks = [(first + at) * step for at in range(int((ramp.high - first * step) / step) + 1)]
    inner = [mark for mark in marks if 0.1 < ramp.share(mark) < 0.9]
    return [(ramp.share(mark), f"{mark:.4g}") for mark in (ramp.low, *inner, ramp.high)]
