"""How a figure grows with the size of the model, as the exponent of a power law."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["LEAST", "exponent"]

LEAST = 3
"""Sizes that a fit needs: any two points lie on a line, and tell nothing of noise."""

_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""The 97.5 % quantile of Student's t for 1 to 10 degrees of freedom; with more it is smaller."""


def exponent(sizes: Sequence[int], figures: Sequence[float]) -> dict[str, float]:
    """The slope of log figure over log size, with a 95 % confidence interval.

    Ordinary least squares over one point per size, the median of its runs:
    runs of one size share its caches and its luck, so counting each would
    make the interval narrower than it is. The interval is the slope ± its
    standard error times Student's t for as many degrees of freedom as there
    are sizes beyond two.

    Raises:
        ValueError: with fewer than :data:`LEAST` different sizes.

    >>> exponent([10, 100, 1000], [0.2, 2.0, 20.0])
    {'exponent': 1.0, 'low': 1.0, 'high': 1.0}
    """
    if len(set(sizes)) < LEAST:
        raise ValueError(f"growth needs {LEAST} sizes at least, not {sorted(set(sizes))}")
    x, y = np.log(np.array(sizes, float)), np.log(np.array(figures, float))
    around = float(((x - x.mean()) ** 2).sum())
    slope, start = (float(one) for one in np.polyfit(x, y, 1))
    free = len(x) - 2
    left = float(((y - slope * x - start) ** 2).sum())
    error = math.sqrt(left / free / around) * _STUDENT[min(free, len(_STUDENT)) - 1]
    fit = {"exponent": slope, "low": slope - error, "high": slope + error}
    return {name: round(value, 4) for name, value in fit.items()}
