"""How far a tensor is from the reference's.

::

    reference   0.5  -2.0   0.1   -3.4e38        left out: a mask's end, at the same place in both
    ours        0.5  -2.1   0.1     -inf         largest difference 0.1, relative 0.1 / 2.0

The relative error is the largest difference over the reference's largest magnitude, not that of
single elements: an element near 0 is a sum of larger ones that cancel, and as uncertain as they
are. What is not finite has no difference, so it is compared by place, and as good as infinite is
what masks are filled with: the lowest number of a type, of any of the types that a model is
converted to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.errors import MeasureError
from hexviz.extraction.tolerance import is_float
from hexviz.measure.documents import TensorError

__all__ = ["relative_error", "tensor_error"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_CHUNK = 1 << 14
"""Elements compared at a time: they are compared as 64-bit floats, in what a cache holds."""

_HUGE = 1e30
"""Magnitude from which on a number is as good as infinite: no float32 model computes with it."""

_HALF_HUGE = 65_500.0
"""The same for float16, which ends at 65,504."""

_MASKED = 9_999.0
"""Magnitude that stands for an infinite number of the other side: the converter of ONNX Runtime to
float16 clips to 10,000, and half a model's masks are filled with that."""


def tensor_error(ours: Array, reference: Array) -> TensorError:
    """How far ``ours`` is from ``reference``, two arrays of one shape.

    Floats of all types are compared as 64-bit ones. Integers, bools and texts are compared exactly:
    if any element differs, the relative error is at least 1. ``None`` for an error means that it is
    not finite: elements that are NaN or infinite on one side only, or numbers where the reference
    is all 0. The cosine is ``None`` where one side is all 0, and ``sqnr_db`` where it is infinite
    (equal tensors) or the reference is all 0.

    Raises:
        MeasureError: if the shapes differ.
    """
    if ours.shape != reference.shape:
        raise MeasureError(
            f"A tensor of shape {list(ours.shape)} cannot be compared with one of shape "
            f"{list(reference.shape)}."
        )
    if ours.dtype.kind in "OUS" or reference.dtype.kind in "OUS":
        differing = bool(np.any(ours != reference))
        return TensorError(
            max_abs_error=float(differing),
            max_rel_error=float(differing),
            cosine=None,
            sqnr_db=None,
        )
    exact = _is_exact(ours.dtype) and _is_exact(reference.dtype)
    sums = _Sums()
    for one, other in _chunks(ours, reference):
        if exact and one.dtype.kind in "iu" and other.dtype.kind in "iu":
            sums.unequal |= bool(np.any(one != other))  # 64-bit floats do not tell large ones apart
        sums.add(_widened(one), _widened(other), _end_of(ours.dtype), _end_of(reference.dtype))
    return sums.error(exact=exact)


def relative_error(error: TensorError) -> float:
    """The relative error as a number to compare with: infinite where it is not finite."""
    return math.inf if error.max_rel_error is None else error.max_rel_error


@dataclass(slots=True)
class _Sums:
    """What is known of two tensors after some of their elements."""

    largest_error: float = 0.0
    largest: float = 0.0
    product: float = 0.0
    energy: float = 0.0
    reference_energy: float = 0.0
    error_energy: float = 0.0
    misplaced: bool = False
    """Whether an element is not finite on one side only."""
    unequal: bool = False
    """Whether integers differ, also by less than floats tell."""

    def add(self, one: Array, other: Array, end: float, reference_end: float) -> None:
        """Compare some elements; ``end`` is where a type's numbers are as good as infinite."""
        with np.errstate(all="ignore"):
            # Of NaN, neither holds; most tensors are numbers throughout, and this is the fast way.
            plain = np.abs(one).max(initial=0) < end
            if not (plain and np.abs(other).max(initial=0) < reference_end):
                one, other = self._comparable(one, other, end, reference_end)
            if not one.size:
                return
            difference = np.abs(one - other)
            mine, theirs = np.abs(one), np.abs(other)
            self.largest_error = max(self.largest_error, float(difference.max()))
            self.largest = max(self.largest, float(theirs.max()))
            self.product += float(np.real(np.vdot(other, one)))
            self.energy += float(mine @ mine)
            self.reference_energy += float(theirs @ theirs)
            self.error_energy += float(difference @ difference)

    def _comparable(
        self, one: Array, other: Array, end: float, reference_end: float
    ) -> tuple[Array, Array]:
        """The elements that are numbers on both sides; the others are compared by place."""
        places, places_reference = _places(one, end), _places(other, reference_end)
        left_out = (places != 0) | (places_reference != 0)
        agree = (
            (places == places_reference)
            | ((places == 0) & (places_reference == np.sign(one)) & _is_mask(one))
            | ((places_reference == 0) & (places == np.sign(other)) & _is_mask(other))
        )
        self.misplaced |= not bool(agree[left_out].all())
        return one[~left_out], other[~left_out]

    def error(self, *, exact: bool) -> TensorError:
        """The figures of all elements."""
        largest_error = max(self.largest_error, float(self.unequal))
        relative: float | None = 0.0
        if largest_error > 0:
            relative = largest_error / self.largest if self.largest > 0 else None
            if exact and relative is not None:
                relative = max(1.0, relative)
        both = math.sqrt(self.energy) * math.sqrt(self.reference_energy)
        ratio = self.reference_energy / self.error_energy if self.error_energy > 0 else 0.0
        return TensorError(
            max_abs_error=None if self.misplaced else _finite(largest_error),
            max_rel_error=None if self.misplaced else _finite(relative),
            cosine=_finite(min(1.0, max(-1.0, self.product / both))) if both > 0 else None,
            sqnr_db=_finite(10 * math.log10(ratio)) if ratio > 0 else None,
        )


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _is_exact(dtype: np.dtype[Any]) -> bool:
    return dtype.kind != "c" and not is_float(dtype)


def _end_of(dtype: np.dtype[Any]) -> float:
    return _HALF_HUGE if dtype == np.float16 else _HUGE


def _places(numbers: Array, end: float) -> npt.NDArray[np.float64]:
    """1 and -1 for what is as good as infinite, 2 for what is no number, 0 for all others."""
    if numbers.dtype.kind == "c":
        return np.where(np.isfinite(numbers), 0.0, 2.0)
    places = np.where(np.abs(numbers) >= end, np.sign(numbers), 0.0)
    return np.where(np.isnan(numbers), 2.0, places)


def _is_mask(numbers: Array) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(numbers) >= _MASKED)


def _chunks(ours: Array, reference: Array) -> Iterator[tuple[Array, Array]]:
    one, other = ours.reshape(-1), reference.reshape(-1)
    for start in range(0, one.size, _CHUNK):
        yield one[start : start + _CHUNK], other[start : start + _CHUNK]


def _widened(array: Array) -> Array:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
