"""The values of a graph by what their numbers are: which of them can a value be?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.matching.sketches import Floats, Sketch, distances

__all__ = ["NO_VALUE", "Equal", "SketchIndex"]

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
