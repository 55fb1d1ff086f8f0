"""Seconds of one piece of work, and what several runs of it come to."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

__all__ = ["Took", "clocked", "spread", "spread_of_times"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the wall clock, and of all threads of the process by the processor's."""

    seconds: float
    cpu: float

    def __add__(self, other: Took) -> Took:
        return Took(self.seconds + other.seconds, self.cpu + other.cpu)


def clocked(work: Callable[[], Result]) -> tuple[Result, Took]:
    """Do the work once; garbage left from before is collected first, outside of the time."""
    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    return result, Took(seconds, time.process_time() - cpu)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest of what the runs gave, to six decimals.

    >>> spread([3.0, 1.0, 2.0])
    {'median': 2.0, 'min': 1.0, 'max': 3.0}
    """
    figures = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: round(value, 6) for name, value in figures.items()}


def spread_of_times(times: Sequence[Took]) -> dict[str, float]:
    """As :func:`spread` of the seconds, with the median of the processor's as ``cpu``."""
    seconds = spread([one.seconds for one in times])
    return {**seconds, "cpu": round(median(one.cpu for one in times), 6)}
