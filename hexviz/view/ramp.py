"""Numbers of ops as colours on one continuous scale, for ops and for closed boxes.

::

    0.2 ms ▕░░░░▒▒▒▒▓▓▓▓████▏ 5.1 ms      each op the colour of its own number, auxiliary or
           0.2   1   2   3   4   5        not; one without a number is grey, as is a closed
                                          box in which none has one

    1·10⁻⁷ ▕░░░▒▒▒▓▓▓████▏ 3·10⁻²         errors, and what spreads over decades, by their power
           10⁻⁷  10⁻⁵  10⁻³

The numbers are a person's own, or figures that were measured (:mod:`hexviz.view.figures`). A
closed box has the mean of its ops' numbers, their sum, or the worst of them; a module may have a
total of its own. Sums are larger than any op's number, so the scale ends at the largest that is on
the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from hexviz.model.units import FORMATS
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.palette import Swatch, Theme
from hexviz.view.parts import SceneNode
from hexviz.view.scales import plain_swatch, step_swatch

__all__ = ["Gather", "Numbers", "Ramp", "closed_boxes", "ramp_of", "ticks"]

Gather = Literal["mean", "sum"]
"""What the number of a closed box is of its ops' numbers, as a person chooses it."""

_TICKS = 5
_STOPS = 13
_DECADES = 3
"""The largest number over the median, in powers of ten, from which on a scale is one of powers."""
_MOST_DECADES = 12
"""Powers of ten that a scale spans at most: what is smaller has the colour of its lower end."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """The number of each slot, NaN where it has none, and how boxes gather theirs.

    ``totals`` are the numbers of modules by FQN, where these are known by themselves: the time of a
    fused node belongs to a module and to no op of it. ``unit`` is a key of
    :data:`hexviz.model.units.FORMATS`, or ``""`` for a person's numbers.
    """

    values: npt.NDArray[np.float64]
    gather: Gather | Literal["worst"] = "mean"
    totals: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""

    @classmethod
    def of(
        cls,
        index: Index,
        numbers: Mapping[int, float],
        gather: Gather | Literal["worst"],
        totals: Mapping[str, float] | None = None,
        unit: str = "",
    ) -> Numbers:
        """Numbers by position in ``graph.ops``.

        Totals are of modules: by another placement, a box holds other ops, and they say nothing.
        """
        values = np.full(index.n_ops, math.nan)
        for position, number in numbers.items():
            values[index.slot_of[position]] = number
        return cls(values, gather, (totals or {}) if index.placement == "module" else {}, unit)

    def within(self, low: int, high: int) -> float | None:
        """The number of what is in some slots; ``None`` where none has one."""
        known = self.values[low:high]
        known = known[~np.isnan(known)]
        if not len(known):
            return None
        if self.gather == "worst":
            return float(known.max())
        return float(known.sum() if self.gather == "sum" else known.mean())

    def of_box(self, box: Container) -> float | None:
        """The number of a closed box; of a stack, of all its members."""
        modules = (box.members or (box.key,)) if box.is_module else ()
        known = [self.totals[fqn] for fqn in modules if fqn in self.totals]
        if not known:
            return self.within(box.low, box.high)
        return max(known) if self.gather == "worst" else sum(known)


@dataclass(frozen=True, slots=True)
class Ramp:
    """The scale from the least to the greatest number, and what its colours are.

    With ``is_log``, equal ratios of numbers are equally far apart.
    """

    low: float
    high: float
    gather: Gather | Literal["worst"]
    unit: str = ""
    is_log: bool = False

    def share(self, number: float) -> float:
        """Where a number lies on the scale, 0 to 1."""
        if self.is_log:
            if number <= self.low:
                return 0.0
            if math.isinf(number):
                return 1.0
            width = math.log(self.high / self.low)
            return min(1.0, math.log(number / self.low) / width) if width > 0 else 1.0
        width = self.high - self.low
        return min(1.0, max(0.0, (number - self.low) / width)) if width > 0 else 0.5

    def swatch(self, number: float | None, theme: Theme) -> Swatch:
        """The colours of a number; grey where there is none."""
        return plain_swatch(theme) if number is None else step_swatch(self.share(number), theme)

    def colours(self, theme: Theme) -> list[str]:
        """The colours along the scale, evenly apart."""
        return [step_swatch(at / (_STOPS - 1), theme).solid for at in range(_STOPS)]

    def text(self, number: float) -> str:
        """A number with its unit.

        >>> Ramp(0.0, 9.0, "sum", "us").text(4_560.0), Ramp(0.0, 9.0, "mean").text(0.25)
        ('4.56 ms', '0.25')
        """
        written: Callable[[float], str] | None = FORMATS.get(self.unit)
        return written(number) if written else f"{number:.4g}"


def closed_boxes(index: Index, nodes: Iterable[SceneNode]) -> list[Container]:
    """The boxes on the page that show one number for all their ops."""
    return [index.containers[node.key] for node in nodes if node.key and not node.is_open]


def ramp_of(numbers: Numbers, closed: Iterable[Container]) -> Ramp:
    """The scale of all ops' numbers and of those of closed boxes, which may be larger."""
    known = numbers.values[~np.isnan(numbers.values)]
    finite = known[np.isfinite(known)]
    found = [float(finite.min()), float(finite.max())] if len(finite) else []
    if numbers.gather != "mean":
        boxes = (numbers.of_box(box) for box in closed)
        found += [one for one in boxes if one is not None]
    if not numbers.unit:
        return Ramp(min(found), max(found), numbers.gather)
    return _measured(numbers, known, found)


def _measured(numbers: Numbers, known: npt.NDArray[np.float64], found: list[float]) -> Ramp:
    """The scale of figures: from zero, or by powers where they spread over decades."""
    high = max((one for one in found if 0 < one < math.inf), default=0.0)
    ops = sorted(one for one in known.tolist() if 0 < one <= high) or [high]
    if not high:
        return Ramp(0.0, 0.0, numbers.gather, numbers.unit)
    is_log = numbers.unit == "error" or high > ops[len(ops) // 2] * 10**_DECADES
    low = max(min(ops[0], high), high / 10**_MOST_DECADES) if is_log else 0.0
    return Ramp(low, high, numbers.gather, numbers.unit, is_log)


def ticks(ramp: Ramp) -> list[tuple[float, str]]:
    """Shares of the scale and what stands there: its two ends, and round numbers between.

    >>> ticks(Ramp(0.0, 10.0, "mean"))
    [(0.0, '0'), (0.2, '2'), (0.4, '4'), (0.6, '6'), (0.8, '8'), (1.0, '10')]
    >>> [text for _, text in ticks(Ramp(2e-7, 1e-2, "worst", "error", is_log=True))]
    ['2·10⁻⁷', '1·10⁻⁴', '1·10⁻²']
    """
    if ramp.is_log:
        return _log_ticks(ramp)
    width = ramp.high - ramp.low
    if not width > 0:
        return [(0.5, ramp.text(ramp.low))]
    unit = 10.0 ** math.floor(math.log10(width / _TICKS))
    step = next(unit * by for by in (1, 2, 5, 10) if width / (unit * by) <= _TICKS)
    first = math.ceil(ramp.low / step)
    marks = [(first + at) * step for at in range(int((ramp.high - first * step) / step) + 1)]
    inner = [mark for mark in marks if 0.1 < ramp.share(mark) < 0.9]
    return [(ramp.share(mark), ramp.text(mark)) for mark in (ramp.low, *inner, ramp.high)]


def _log_ticks(ramp: Ramp) -> list[tuple[float, str]]:
    """Powers of ten, so many that their names have room."""
    first, last = math.ceil(math.log10(ramp.low)), math.floor(math.log10(ramp.high))
    every = max(1, math.ceil((last - first + 1) / (_TICKS - 2)))
    marks = [10.0**power for power in range(first, last + 1) if power % every == 0]
    inner = [mark for mark in marks if 0.16 < ramp.share(mark) < 0.84]
    ends = [ramp.low] if ramp.low == ramp.high else [ramp.low, *inner, ramp.high]
    return [(ramp.share(mark), ramp.text(mark)) for mark in ends]
