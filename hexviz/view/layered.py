"""Large interiors by a layering of our own, linear but for the sorting of rows.

Sugiyama's steps, each in its plainest form::

    1 rows       longest path; sources sink to just above their first reader
    2 dummies    an edge over several rows gets a point in each row between
    3 order      a few barycentre sweeps, down and up
    4 places     each cell as near to the mean of its neighbours as its row allows
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from hexviz.view.metrics import GAP_X, GAP_Y
from hexviz.view.problem import Edge, Point

__all__ = ["layered"]

_SWEEPS = 4
_LONGEST = 40  # an edge over more rows than this is drawn without dummies
_WIDEST = 2600.0
_DUMMY = 6.0

Link = tuple[int, float]  # a neighbour, and how far from the middles of both the line attaches


def layered(
    sizes: Sequence[Point], edges: Sequence[Edge], entries: int, exits: int
) -> tuple[list[Point], list[list[Point]]]:
    """Centres of cells and bends of edges, y pointing down. Edges must have no cycle."""
    count = len(sizes)
    row_of = _rows(count, edges, entries, exits)
    widths = [width for width, _ in sizes]
    row_of = _split_wide(row_of, widths)
    above: list[list[Link]] = [[] for _ in range(count)]
    below: list[list[Link]] = [[] for _ in range(count)]
    chains: list[list[int]] = []
    for edge in edges:
        chain = [edge.source]
        span = row_of[edge.target] - row_of[edge.source]
        if 1 < span <= _LONGEST:
            for step in range(1, span):
                chain.append(len(row_of))
                row_of.append(row_of[edge.source] + step)
                widths.append(_DUMMY)
                above.append([])
                below.append([])
        chain.append(edge.target)
        chains.append(chain)
        for one, other in pairwise(chain):
            leave = edge.leave if one == edge.source else 0.0
            enter = edge.enter if other == edge.target else 0.0
            below[one].append((other, enter - leave))
            above[other].append((one, leave - enter))
    rows: list[list[int]] = [[] for _ in range(max(row_of, default=-1) + 1)]
    for cell, row in enumerate(row_of):
        rows[row].append(cell)
    _order(rows, above, below)
    x = _places(rows, widths, above, below)
    tops, bottoms = _heights(rows, sizes)
    centres = [(x[cell], (tops[row_of[cell]] + bottoms[row_of[cell]]) / 2) for cell in range(count)]
    bends = [
        _bend(edge, chain, x, row_of, tops, bottoms)
        for edge, chain in zip(edges, chains, strict=True)
    ]
    return centres, bends


def _rows(count: int, edges: Sequence[Edge], entries: int, exits: int) -> list[int]:
    following: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for edge in edges:
        following[edge.source].append(edge.target)
        waiting[edge.target] += 1
    is_source = [not degree for degree in waiting]
    first = 1 if entries else 0
    row = [first] * count
    ready = [cell for cell in range(count) if not waiting[cell]]
    for cell in ready:
        for after in following[cell]:
            row[after] = max(row[after], row[cell] + 1)
            waiting[after] -= 1
            if not waiting[after]:
                ready.append(after)
    for cell in range(count - entries - exits):
        if is_source[cell] and following[cell]:
            row[cell] = min(row[after] for after in following[cell]) - 1
    for cell in range(count - entries - exits, count - exits):
        row[cell] = 0
    last = max(row[: count - exits], default=0) + 1
    for cell in range(count - exits, count):
        row[cell] = last
    lowest = min(row, default=0)
    return [at - lowest for at in row]


def _split_wide(row_of: list[int], widths: Sequence[float]) -> list[int]:
    """Break a row that is wider than any page into several: its cells have no edges between."""
    width: dict[tuple[int, int], float] = {}
    part: list[int] = []
    current: dict[int, int] = {}
    for cell, row in enumerate(row_of):
        at = current.setdefault(row, 0)
        if width.get((row, at), 0.0) + widths[cell] + GAP_X > _WIDEST:
            at = current[row] = at + 1
        width[row, at] = width.get((row, at), 0.0) + widths[cell] + GAP_X
        part.append(at)
    starts = list(
        accumulate(
            (current.get(row, 0) + 1 for row in range(max(row_of, default=0) + 1)), initial=0
        )
    )
    return [starts[row] + at for row, at in zip(row_of, part, strict=True)]


def _order(rows: list[list[int]], above: list[list[Link]], below: list[list[Link]]) -> None:
    rank = {cell: float(at) for row in rows for at, cell in enumerate(row)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        links = above if down else below
        for row in rows[1:] if down else rows[-2::-1]:
            keys = {
                cell: sum(rank[other] for other, _ in links[cell]) / len(links[cell])
                if links[cell]
                else rank[cell]
                for cell in row
            }
            row.sort(key=keys.__getitem__)
            for at, cell in enumerate(row):
                rank[cell] = float(at)


def _places(
    rows: list[list[int]],
    widths: Sequence[float],
    above: list[list[Link]],
    below: list[list[Link]],
) -> list[float]:
    x = [0.0] * len(widths)
    for row in rows:
        left = -sum(widths[cell] + GAP_X for cell in row) / 2
        for cell in row:
            x[cell] = left + widths[cell] / 2
            left += widths[cell] + GAP_X
    for sweep in range(2 * _SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted = []
            for cell in row:
                near = (above[cell] if down else below[cell]) or below[cell] or above[cell]
                wanted.append(
                    sum(x[other] + shift for other, shift in near) / len(near) if near else x[cell]
                )
            gaps = [(widths[one] + widths[other]) / 2 + GAP_X for one, other in pairwise(row)]
            for cell, place in zip(row, spread(wanted, gaps), strict=True):
                x[cell] = place
    return x


def spread(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places nearest to the wanted ones (least squares) that keep order and gaps.

    Subtracting the gaps turns it into an isotonic regression, solved by
    pooling neighbours that are in each other's way.

    >>> spread([0.0, 0.0], [10.0])
    [-5.0, 5.0]
    """
    if not wanted:
        return []
    offsets = list(accumulate(gaps, initial=0.0))
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, held = pools.pop()
            mean, size = (mean * size + other * held) / (size + held), size + held
        pools.append((mean, size))
    levels = [mean for mean, size in pools for _ in range(size)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _heights(rows: list[list[int]], sizes: Sequence[Point]) -> tuple[list[float], list[float]]:
    tops: list[float] = []
    bottoms: list[float] = []
    y = 0.0
    for row in rows:
        height = max((sizes[cell][1] for cell in row if cell < len(sizes)), default=0.0)
        tops.append(y)
        bottoms.append(y + height)
        y += height + GAP_Y
    return tops, bottoms


def _bend(
    edge: Edge,
    chain: list[int],
    x: list[float],
    row_of: list[int],
    tops: list[float],
    bottoms: list[float],
) -> list[Point]:
    """A curve that is upright within rows and crosses over between them."""
    bends: list[Point] = []
    for one, other in pairwise(chain):
        start = x[one] + (edge.leave if one == edge.source else 0.0)
        end = x[other] + (edge.enter if other == edge.target else 0.0)
        if abs(start - end) >= 1.0:
            upper, lower = bottoms[row_of[one]], tops[row_of[other]]
            if row_of[other] - row_of[one] > 1:
                upper, lower = upper + GAP_Y / 2, lower - GAP_Y / 2
                bends += [(start, upper), (end, lower)]
            else:
                bends += [(start, (upper + lower) / 2), (end, (upper + lower) / 2)]
    return bends
