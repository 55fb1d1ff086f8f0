"""Whether a value of a part is the value of the whole: types, shapes, and every element."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hexviz.errors import ExtractionError
from hexviz.extraction.runtime import elements, to_array

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = ["OutputCheck", "Tolerance", "check_output", "is_float", "is_narrow", "unit_of"]

Array = npt.NDArray[Any]

_CHUNK = 1 << 20  # elements compared at a time: they are compared as 64-bit floats
_UNITS = 4  # in the last place of a type of under 32 bits, see _check_arrays


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much elements may differ: ``atol + rtol * |expected|``.

    ``narrow`` is the coarsest type of under 32 bits that goes in or out. The
    runtime computes such types in 32 bits and rounds between two ops only where
    a model is cut, so :data:`_UNITS` in the last place of an element of typical
    size are allowed then.
    """

    rtol: float
    atol: float
    narrow: np.dtype[Any] | None


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """How one output of a part compares with the same value in the whole model.

    ``max_abs_error`` is the largest difference between elements that are finite
    on both sides, ``max_rel_error`` the largest in relation to the expected
    element, where that is not 0; ``None`` if nothing was compared. ``note`` says
    why not, or what is wrong besides.
    """

    name: str
    ok: bool
    max_abs_error: float | None
    max_rel_error: float | None
    note: str = ""


def _wrong(name: str, note: str) -> OutputCheck:
    return OutputCheck(name, ok=False, max_abs_error=None, max_rel_error=None, note=note)


def _left_out(name: str, note: str) -> OutputCheck:
    return OutputCheck(name, ok=True, max_abs_error=None, max_rel_error=None, note=note)


def check_output(
    name: str,
    made: Mapping[str, ort.OrtValue],
    expected: Mapping[str, ort.OrtValue],
    random: Collection[str],
    tolerance: Tolerance,
) -> OutputCheck:
    """Compare what a part made with what the whole made, by the name of the value.

    ``random`` are values that no two runs agree on. The rest is as for
    :func:`hexviz.extraction.verify.compare`.
    """
    if name not in made:
        return _wrong(name, "the part does not give it back")
    if name not in expected:
        note = "the whole model has no such value"
        return _wrong(name, note)
    if name in random:
        note = "a random op decides on it, so no two runs agree"
        return _left_out(name, note)
    try:
        return _check_value(name, made[name], expected[name], tolerance)
    except ExtractionError as error:
        return _left_out(name, f"cannot be read: {error}")


def _check_value(
    name: str, got: ort.OrtValue, expected: ort.OrtValue, tolerance: Tolerance
) -> OutputCheck:
    # The runtime does not survive being asked for the type of nothing.
    there = got.has_value(), expected.has_value()
    if there[0] != there[1] or (all(there) and got.data_type() != expected.data_type()):
        note = f"is {_kind(got)}, expected {_kind(expected)}"
        return _wrong(name, note)
    if not any(there):
        return OutputCheck(name, ok=True, max_abs_error=0.0, max_rel_error=0.0)
    if got.is_tensor_sequence():
        return _check_sequence(name, elements(got), elements(expected), tolerance)
    if not got.is_tensor():
        note = f"{got.data_type()} cannot be compared"
        return _left_out(name, note)
    if got.shape() != expected.shape():
        note = f"has shape {got.shape()}, expected {expected.shape()}"
        return _wrong(name, note)
    return _check_arrays(name, to_array(got), to_array(expected), tolerance)


def _kind(value: ort.OrtValue) -> str:
    return str(value.data_type()) if value.has_value() else "none"


def _check_sequence(
    name: str, got: list[ort.OrtValue], expected: list[ort.OrtValue], tolerance: Tolerance
) -> OutputCheck:
    if len(got) != len(expected):
        note = f"has {len(got)} elements, expected {len(expected)}"
        return _wrong(name, note)
    checks = [
        _check_value(name, one, other, tolerance) for one, other in zip(got, expected, strict=True)
    ]
    return OutputCheck(
        name,
        ok=all(one.ok for one in checks),
        max_abs_error=max((one.max_abs_error or 0.0 for one in checks), default=0.0),
        max_rel_error=max((one.max_rel_error or 0.0 for one in checks), default=0.0),
        note=next((f"element {at}: {one.note}" for at, one in enumerate(checks) if one.note), ""),
    )


def is_float(dtype: np.dtype[Any]) -> bool:
    """Whether elements are floating-point numbers, of numpy's types or of others'."""
    return dtype.kind == "f" or "float" in dtype.name


def _check_arrays(name: str, got: Array, expected: Array, tolerance: Tolerance) -> OutputCheck:
    """Compare elements: piece by piece, since they are widened for it."""
    if not got.size:
        return _left_out(name, "it has no elements")
    if got.dtype.kind == "O":
        wrong = int(np.count_nonzero(got != expected))
        if wrong:
            return _wrong(name, f"{wrong} of {got.size} texts differ")
        return OutputCheck(name, ok=True, max_abs_error=0.0, max_rel_error=0.0)
    exact = not is_float(expected.dtype) and expected.dtype.kind != "c"
    narrow = tolerance.narrow if not exact else None
    least = _UNITS * unit_of(narrow) if narrow is not None else 0.0
    typical = _typical(expected) if narrow is not None else 0.0
    worst_abs = worst_rel = 0.0
    wrong = rounded = odd = numbers = 0
    rtol = 0.0 if exact else tolerance.rtol
    for start in range(0, got.size, _CHUNK):
        one, other = (each.reshape(-1)[start : start + _CHUNK] for each in (got, expected))
        equal = np.asarray(one == other)
        one, other = _widened(one), _widened(other)
        with np.errstate(all="ignore"):
            equal |= np.isnan(one) & np.isnan(other)
            finite = np.isfinite(one) & np.isfinite(other)
            # Integers that differ do so by 1 at least, also where 64-bit floats do not tell it.
            error = np.where(finite & ~equal, np.maximum(np.abs(one - other), float(exact)), 0.0)
            size = np.where(finite, np.abs(other), 0.0)
            good = equal | (finite & (error <= tolerance.atol + rtol * size))
            close = good | (finite & (error <= least * np.maximum(size, typical)))
            relative = np.where(size > 0, error / size, 0.0)
        numbers += int(np.count_nonzero(~np.isnan(other)))
        odd += int(np.count_nonzero(~finite & ~equal))
        wrong += int(np.count_nonzero(~close))
        rounded += int(np.count_nonzero(close & ~good))
        worst_abs = max(worst_abs, float(error.max(initial=0.0)))
        worst_rel = max(worst_rel, float(relative.max(initial=0.0)))
    if not wrong and not numbers:
        return _left_out(name, "every element is NaN")
    note = ""
    if odd:
        note = f"{odd} of {got.size} elements are NaN or infinite on one side only"
    elif wrong:
        note = f"{wrong} of {got.size} elements differ, by up to {worst_abs:.3g}"
    elif rounded:
        note = f"{rounded} of {got.size} elements differ by the rounding of {narrow}"
    return OutputCheck(name, not wrong, worst_abs, worst_rel, note)


def is_narrow(dtype: np.dtype[Any]) -> bool:
    """Whether elements are floating-point numbers of under 32 bits."""
    return is_float(dtype) and dtype.itemsize < 4


def unit_of(dtype: np.dtype[Any]) -> float:
    """The distance from 1 to the next number; numpy does not know it of all types."""
    unit = 1.0
    while np.float64(1 + unit / 2).astype(dtype) != 1:
        unit /= 2
    return unit


def _widened(array: Array) -> Array:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _typical(array: Array) -> float:
    """The root mean square of the elements that are finite."""
    wide = _widened(array)
    finite = wide[np.isfinite(wide)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0
