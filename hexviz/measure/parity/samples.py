"""Some elements of a tensor, by which one is found again among thousands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.extraction.tolerance import is_float

__all__ = ["Sample", "distance", "sample"]

Array = npt.NDArray[Any]

_ELEMENTS = 256
_HUGE = 1e30  # what masks are filled with depends on the type
_FEWEST, _FEWEST_DISTINCT = 8, 4


@dataclass(frozen=True, slots=True)
class Sample:
    """Shape, type, and elements at even steps; ``telling`` if hardly another tensor has the same.

    Constants are not: a mask of ones is equal to any other.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    elements: npt.NDArray[np.float64]
    telling: bool

    def fits(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
        """Whether a tensor of that shape and type may be this one in another precision."""
        return self.shape == shape and _kind(self.dtype) == _kind(dtype)


def sample(array: Array) -> Sample:
    """A sample of a tensor, at the same places for all tensors of its shape."""
    flat = array.reshape(-1)
    step = max(1, flat.size // _ELEMENTS)
    with np.errstate(all="ignore"):
        taken = flat[::step][:_ELEMENTS]
        elements = taken.astype(np.float64) if taken.dtype.kind not in "OUSc" else _coded(taken)
        elements = np.clip(np.nan_to_num(elements, nan=2 * _HUGE), -_HUGE, _HUGE)
    telling = flat.size >= _FEWEST and np.unique(elements).size >= _FEWEST_DISTINCT
    return Sample(tuple(array.shape), array.dtype, elements, bool(telling))


def distance(one: Sample, other: Sample) -> float:
    """The largest difference over the other's largest magnitude; 1 at least of unequal integers."""
    if one.shape != other.shape:
        return np.inf
    there = (np.abs(one.elements) < _HUGE) & (np.abs(other.elements) < _HUGE)
    placed = np.sign(one.elements[~there]) == np.sign(other.elements[~there])
    if not there.any():
        return 0.0 if placed.all() else np.inf
    worst = float(np.abs(one.elements - other.elements)[there].max())
    if worst == 0:
        return 0.0 if placed.all() else 1.0
    largest = float(np.abs(other.elements)[there].max())
    relative = worst / largest if largest > 0 else np.inf
    exact = not (is_float(one.dtype) or is_float(other.dtype))
    return max(1.0, relative) if exact or not placed.all() else relative


def _coded(elements: Array) -> npt.NDArray[np.float64]:
    if elements.dtype.kind == "c":
        return elements.real.astype(np.float64)
    return np.array([float(hash(str(one)) % 65_521) for one in elements])


def _kind(dtype: np.dtype[Any]) -> str:
    if is_float(dtype):
        return "f"
    return "i" if dtype.kind in "iu" else dtype.kind
