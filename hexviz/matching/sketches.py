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

__all__ = [
    "NO_VALUE",
    "Equal",
    "Floats",
    "Sketch",
    "SketchIndex",
    "distances",
    "is_telling",
    "joined",
    "over_runs",
    "sketch",
]

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


_EXACT_RANKS = 1e-5  # large tensors that are drawn alike agree to some thousandths
_REORDERED = 2e-6  # two values that are so near are equal whatever else is
_SAME = 4.0  # times the nearest distance: what is further away is another value
_COPIED = 1.05  # times the nearest distance: a copy is as far away but for rounding
_CORRELATED = 0.98
_CHOSEN = 32  # values that are compared in full, of all with as many elements
_COARSE = 64  # elements by which those are chosen
_CLIPPED = 8.0  # times the scale: a few huge elements should not decide on which


@dataclass(frozen=True, slots=True)
class Equal:
    """Values that a value can be, nearest first; ``is_one_value`` if they are copies of each other.

    ``distance`` is that of the nearest, in 0..1.
    """

    names: tuple[str, ...]
    is_one_value: bool
    distance: float


NO_VALUE = Equal((), is_one_value=False, distance=1.0)


class SketchIndex:
    """Sketches of the values of one graph, by size."""

    def __init__(self, sketches: Mapping[str, Sketch]) -> None:
        groups: dict[int, dict[str, Sketch]] = {}
        for name, one in sketches.items():
            groups.setdefault(one.size, {})[name] = one
        self._buckets = {size: _Bucket(group) for size, group in groups.items()}

    def nearest(self, value: Sketch, limit: float) -> Equal:
        """The nearest value, if it is within ``limit`` (0..1), and all that are hardly further.

        With the same elements at the same places: a reshaped value is the same one.
        """
        bucket = self._buckets.get(value.size)
        return bucket.nearest(value, limit, by_rank=False) if bucket else NO_VALUE

    def permuted(self, value: Sketch) -> Equal:
        """As :meth:`nearest`, for values whose elements are the same in another order."""
        bucket = self._buckets.get(value.size)
        return bucket.nearest(value, _EXACT_RANKS, by_rank=True) if bucket else NO_VALUE

    def scaled(self, value: Sketch) -> tuple[str, ...]:
        """The values that this one is but for a factor and an offset."""
        bucket = self._buckets.get(value.size)
        return bucket.scaled(value) if bucket else ()


class _Bucket:
    """The values of one size."""

    def __init__(self, sketches: Mapping[str, Sketch]) -> None:
        self._names = tuple(sketches)
        self._by_position = np.stack([one.by_position for one in sketches.values()])
        self._by_rank = np.stack([one.by_rank for one in sketches.values()])
        self._coarse = {
            by_rank: np.stack([_coarse(one, by_rank=by_rank) for one in sketches.values()])
            for by_rank in (False, True)
        }
        self._lengths = {by: (rows**2).sum(axis=1) for by, rows in self._coarse.items()}

    def nearest(self, value: Sketch, limit: float, *, by_rank: bool) -> Equal:
        own, others = (
            (value.by_rank, self._by_rank) if by_rank else (value.by_position, self._by_position)
        )
        chosen = self._chosen(value, by_rank=by_rank)
        found = distances(own, others[chosen], value.scale)
        least = float(found.min())
        if least > limit:
            return NO_VALUE
        same = np.flatnonzero(found <= max(_SAME * least, _REORDERED))
        order = same[np.argsort(found[same], kind="stable")]
        is_one = bool((found[same] <= max(_COPIED * least, _REORDERED)).all())
        return Equal(tuple(self._names[at] for at in chosen[order]), is_one, least)

    def _chosen(self, value: Sketch, *, by_rank: bool) -> npt.NDArray[Any]:
        """The values that are worth a closer look."""
        rows = self._coarse[by_rank]
        if len(rows) <= _CHOSEN:
            return np.arange(len(rows))
        own = _coarse(value, by_rank=by_rank)
        far = self._lengths[by_rank] - 2 * (rows @ own)
        return np.sort(np.argpartition(far, _CHOSEN)[:_CHOSEN])

    def scaled(self, value: Sketch) -> tuple[str, ...]:
        alike = np.abs(_centred(self._by_position) @ _centred(value.by_position))
        if alike.max() < _CORRELATED:
            return ()
        far = 1 - alike
        same = far <= max(_SAME * float(far.min()), 1e-9)
        return tuple(self._names[at] for at in np.flatnonzero(same))


def _coarse(value: Sketch, *, by_rank: bool) -> npt.NDArray[np.float32]:
    """Some of the elements, in the value's own scale."""
    elements = value.by_rank if by_rank else value.by_position
    some = elements[:: max(1, len(elements) // _COARSE)]
    scale = value.scale or 1.0
    return np.clip(some / scale, -_CLIPPED, _CLIPPED).astype(np.float32)


def _centred(rows: Floats) -> Floats:
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-30))
