"""What is kept of a value to know it again: some hundred numbers instead of all.

Two values are compared by elements at the same positions of both, drawn once for
each size, so a reshaped value is the same one; and by the elements at the same
ranks, which a transposed or otherwise reordered one keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.extraction.tolerance import is_float

__all__ = ["Floats", "Sketch", "distances", "is_telling", "joined", "over_runs", "sketch"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_POSITIONS = 512
_RANKS = 128
_FEWEST, _FEWEST_WHOLE = 4, 8  # elements, of floats and of integers
_LEAST_DISTINCT = 3
_LARGEST = 6e4
"""Beyond it numbers stand for infinity in one type or another: a mask's -3.4e38 and -65504."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """``size`` elements (of every run, in turn), some by position, some by rank.

    ``scale`` is the typical size of an element that is not 0, ``distinct`` the
    number of different elements among those that are kept.
    """

    size: int
    is_float: bool
    by_position: Floats
    by_rank: Floats
    scale: float
    distinct: int


def sketch(array: Array) -> Sketch | None:
    """A value's sketch; texts have none."""
    if array.dtype.kind == "O" or not array.size:
        return None
    flat = array.reshape(-1)
    kept = _numbers(flat[_positions(flat.size)])
    ranks = np.linspace(0, flat.size - 1, min(_RANKS, flat.size)).astype(np.int64)
    ordered = np.sort(flat.astype(np.float32) if flat.dtype.isbuiltin != 1 else flat)[ranks]
    return _sketch(flat.size, is_float(array.dtype), kept, _numbers(ordered))


def joined(runs: Sequence[Sketch]) -> Sketch:
    """The sketch of one value over several runs."""
    first = runs[0]
    return _sketch(
        first.size,
        first.is_float,
        np.concatenate([one.by_position for one in runs]),
        np.concatenate([one.by_rank for one in runs]),
    )


def _sketch(size: int, floats: bool, by_position: Floats, by_rank: Floats) -> Sketch:
    sizes = np.abs(by_position[by_position != 0])
    scale = float(np.median(sizes)) if sizes.size else 0.0
    distinct = len(np.unique(by_position))
    return Sketch(size, floats, by_position, by_rank, scale, distinct)


@cache
def _positions(size: int) -> npt.NDArray[np.int64]:
    if size <= _POSITIONS:
        return np.arange(size)
    return np.sort(np.random.default_rng(size).integers(0, size, _POSITIONS))


def _numbers(elements: Array) -> Floats:
    with np.errstate(all="ignore"):
        wide = elements.astype(np.complex128 if elements.dtype.kind == "c" else np.float64).real
    if is_float(elements.dtype):
        wide = np.clip(np.nan_to_num(wide, nan=0.0), -_LARGEST, _LARGEST)
    return np.asarray(wide, dtype=np.float64)


def over_runs(runs: Sequence[Mapping[str, Sketch]]) -> dict[str, Sketch]:
    """One sketch of all runs per value, for values that have one size in all of them."""
    return {
        name: joined([run[name] for run in runs])
        for name, one in runs[0].items()
        if all(name in run and run[name].size == one.size for run in runs)
    }


def is_telling(value: Sketch) -> bool:
    """Whether values would hardly be equal by chance: not few elements, nor few different ones."""
    fewest = _FEWEST if value.is_float else _FEWEST_WHOLE
    return value.size >= fewest and value.distinct >= _LEAST_DISTINCT


def distances(one: Floats, others: Floats, scale: float) -> Floats:
    """How far values are from one, in 0..1: the mean over elements of difference to size.

    Elements far under ``scale`` count as of a tenth of it: rounding is of
    that order there.
    """
    size = np.abs(one) + np.abs(others) + 0.1 * scale + 1e-30
    return np.asarray((np.abs(one - others) / size).mean(axis=-1))
