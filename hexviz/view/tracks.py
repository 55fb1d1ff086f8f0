"""Many curves at once as short straight segments.

::

    curve 0:  a ~ c ~ b ~ c ~ d        2 pieces  ┐        STEPS segments
    curve 1:  a ────────────── b       1 piece   ├→  each ──────────────▶  starts, ends
    curve 2:  a ~ c ~ b                1 piece   ┘

Each piece by itself would cost several times as much: a page has hundreds, with a dozen points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hexviz.view.problem import Point
from hexviz.view.svg.curve import Curve

__all__ = ["Spot", "Tracks", "trace"]

Floats = npt.NDArray[np.float64]


class Spot(NamedTuple):
    """A place on a curve, whether this is upright there, and its whole length, in pixels."""

    place: Point
    upright: bool
    length: float


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The segments of several curves, one after the other.

    ``starts`` and ``ends`` have a row ``(x, y)`` for each segment, in pixels. Those of a curve
    are from its place in ``bounds`` up to the next.
    """

    starts: Floats
    ends: Floats
    bounds: Sequence[int]

    def at(self, shares: Sequence[float]) -> list[list[Spot]]:
        """For each curve the spots at these shares of its length."""
        if len(self.bounds) < 2:
            return []
        bounds = np.array(self.bounds)
        lengths = np.hypot(*(self.ends - self.starts).T)
        run = np.concatenate(([0.0], np.cumsum(lengths)))
        whole = run[bounds[1:]] - run[bounds[:-1]]
        wanted = run[bounds[:-1], None] + np.array(shares) * whole[:, None]
        segment = np.searchsorted(run, wanted) - 1
        segment = np.clip(segment, bounds[:-1, None], bounds[1:, None] - 1)
        step = lengths[segment]
        part = np.divide(wanted - run[segment], step, out=np.zeros_like(step), where=step > 0)
        way = self.ends[segment] - self.starts[segment]
        places = self.starts[segment] + part[..., None] * way
        upright = np.abs(way[..., 1]) >= np.abs(way[..., 0])
        return [
            [Spot((x, y), is_upright, length) for (x, y), is_upright in zip(*rows, strict=True)]
            for *rows, length in zip(places.tolist(), upright.tolist(), whole.tolist(), strict=True)
        ]

    def owners(self) -> npt.NDArray[np.int64]:
        """For each segment the position of its curve."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))


def trace(curves: Sequence[Curve], steps: int) -> Tracks:
    """Curves as segments, ``steps`` to each of their pieces."""
    pieces: list[tuple[Point, Point, Point]] = []
    straight: list[bool] = []
    bounds = [0]
    for curve in curves:
        points = curve.points
        if len(points) == 2:
            pieces.append((points[0], points[1], points[1]))
            straight.append(True)
        else:
            pieces += [points[at : at + 3] for at in range(0, len(points) - 2, 2)]  # type: ignore[misc]
            straight += [False] * (len(points) // 2)
        bounds.append(len(pieces) * steps)
    table = np.array(pieces, dtype=np.float64).reshape(-1, 3, 1, 2)
    start, control, end = table[:, 0], table[:, 1], table[:, 2]
    share = (np.arange(steps + 1) / steps)[:, None]
    rest = 1 - share
    bent = rest * rest * start + 2 * rest * share * control + share * share * end
    is_straight = np.array(straight, dtype=np.bool_)[:, None, None]
    # Exactly along the axis, also where the bent one is a hair beside it.
    places = np.where(is_straight, start + share * (end - start), bent)
    return Tracks(places[:, :-1].reshape(-1, 2), places[:, 1:].reshape(-1, 2), bounds)
