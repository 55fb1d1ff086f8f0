"""Gaps: the ops of which nothing is known between two of which something is.

Between two ops whose modules are known lie ops that may end the one, begin the other, or be glue
in what encloses both::

    h.0.ln_1         ?         h.0.attn.c_attn         ?        h.0.attn
    Add           Reshape      Gemm                 Reshape     Split

The *route* of a gap leads from the one end's module up to the common one and down to the other's,
``h.0.ln_1 → h.0 → h.0.attn → h.0.attn.c_attn``: one of these each op of the gap is in, as far as
the file names modules, and none further left than the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy, pattern
from hexviz.tagging.bounds import body_owners
from hexviz.tagging.order import nearest
from hexviz.tagging.paths import ROOT
from hexviz.tagging.structure import Mask, mixed, structure_of

__all__ = ["Gap", "Route", "Routes", "find_gaps"]


_REACH = 4  # modules of a route that are asked at each of its ends, and to each side of its turn


class Route(NamedTuple):
    """The way through the module tree between the modules of two known ops.

    ``path`` leads from the one end's module up to the common one (at index
    ``turn``) and down to the other's. ``steps`` and ``callers`` say how each module but the
    common one is called, by whatever module and by which kind of module. ``near`` are the places
    in it that are asked: of a very deep one those near its ends and its turn.
    """

    path: tuple[int, ...]
    turn: int
    steps: tuple[str, ...]
    callers: tuple[int, ...]
    near: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Undecided ops between two known ones, in order; an end is -1 where nothing is known.

    ``form`` is a number that gaps share whose routes lead through equal kinds called equally, and
    whose ends are of the same types.
    """

    left: int
    right: int
    form: int
    ops: tuple[int, ...]
    route: Route


def _near(width: int, turn: int) -> tuple[int, ...]:
    return tuple(
        [
            place
            for place in range(width)
            if min(place, abs(place - turn), width - 1 - place) < _REACH
        ]
    )


class Routes:
    """The routes of a graph, each made once."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy
        self._made: dict[tuple[int, int], Route] = {}

    def between(self, start: int, end: int) -> Route:
        """The route from one module to another."""
        route = self._made.get((start, end))
        if route is None:
            anatomy, paths = self._anatomy, self._anatomy.paths.names
            one, two = anatomy.line(start), anatomy.line(end)
            shared = 0
            for above, other in zip(one, two, strict=False):
                if above != other:
                    break
                shared += 1
            path = (*one[: shared - 1 : -1], one[shared - 1], *two[shared:])
            turn = len(one) - shared
            steps, callers = [], []
            for at, module in enumerate(path):
                beyond = len(paths[anatomy.above[module]])
                steps.append("" if at == turn else pattern(paths[module][beyond and beyond + 1 :]))
                callers.append(0 if at == turn else int(anatomy.caller[module]))
            route = self._made[start, end] = Route(
                path, turn, tuple(steps), tuple(callers), _near(len(path), turn)
            )
        return route


def find_gaps(flat: FlatGraph, anatomy: Anatomy, order: Ints, undecided: Mask) -> list[Gap]:
    """All gaps with ``undecided`` positions in them, in order, and the telling empty ones.

    What one empty gap shows, every other of its form between modules with the same callers shows
    as well: just the first of them is given.
    """
    routes, home = Routes(anatomy), anatomy.home
    return [
        Gap(
            left,
            right,
            form,
            ops,
            routes.between(
                int(home[left]) if left >= 0 else ROOT, int(home[right]) if right >= 0 else ROOT
            ),
        )
        for left, right, form, ops in _spans(flat, anatomy, order, undecided)
    ]


def _spans(
    flat: FlatGraph, anatomy: Anatomy, order: Ints, undecided: Mask
) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
    """Neighbouring known ops, the form of the gap between, and the undecided ops in it."""
    structure = structure_of(flat)
    streams, home = structure.streams, anatomy.home
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    known = order[home[order] >= 0]
    known = known[np.argsort(streams[known], kind="stable")]
    new = np.flatnonzero(np.diff(streams[known])) + 1
    first, last = np.concatenate(([0], new)), np.concatenate((new - 1, [len(known) - 1]))
    edges = np.full(len(structure.stream_names), -1, np.int64)
    owners = body_owners(flat)
    for number, name in enumerate(structure.stream_names):
        owner = owners.get(name, -1)
        edges[number] = owner if owner >= 0 and home[owner] >= 0 else -1
    lefts = np.concatenate(([-1], known[:-1]))
    lefts[first] = edges[streams[known[first]]]
    # The gap before a known op comes as that does, those after the last of a stream at the end.
    ends = last[np.argsort(rank[known[first]])]
    before = np.argsort(rank[known])
    lefts = np.concatenate((lefts[before], known[ends]))
    rights = np.concatenate((known[before], edges[streams[known[ends]]]))
    gap_before = np.empty(len(order), np.int64)
    gap_before[known[before]] = np.arange(len(known))
    tail = np.full(len(edges), -1, np.int64)
    tail[streams[known[ends]]] = len(known) + np.arange(len(ends))
    waiting = order[undecided[order]]
    after = nearest(structure, order, home >= 0)[1][waiting]
    gap = np.where(after >= 0, gap_before[after], tail[streams[waiting]])
    waiting, gap = waiting[gap >= 0], gap[gap >= 0]
    waiting, gap = (one[np.argsort(gap, kind="stable")] for one in (waiting, gap))
    starts = np.searchsorted(gap, np.arange(len(lefts) + 1))
    shapes, callers = _shapes(
        anatomy, *(np.where(ends >= 0, home[ends], ROOT) for ends in (lefts, rights))
    )
    types = [np.where(ends >= 0, structure.op_types[ends], -1) for ends in (lefts, rights)]
    forms = _numbers(shapes, *types)
    filled = starts[1:] > starts[:-1]
    empty = np.flatnonzero(~filled)
    told = np.unique(_numbers(forms[empty], callers[empty]), return_index=True)[1]
    telling = filled.copy()
    telling[empty[told]] = True
    at = np.flatnonzero(telling)
    rows = zip(
        lefts[at].tolist(),
        rights[at].tolist(),
        forms[at].tolist(),
        starts[at].tolist(),
        starts[at + 1].tolist(),
        strict=True,
    )
    inside = waiting.tolist()
    for left, right, form, begin, end in rows:
        yield left, right, form, tuple(inside[begin:end])


def _numbers(*columns: Ints) -> Ints:
    """A small number for each row of some columns, the same for equal rows."""
    found = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = np.unique(column, return_inverse=True)[1]
        found = np.unique(found << 32 | codes, return_inverse=True)[1]
    return found


def _shapes(anatomy: Anatomy, ones: Ints, others: Ints) -> tuple[Ints, Ints]:
    """A number for the kinds on the way between two modules, and how they are called; by whom.

    Ways are equal that have equal numbers, but for a chance that is that of doubles' prints.
    """
    above = anatomy.above
    depths = _depths(above)
    kinds = mixed(anatomy.kind.view(np.uint64) ^ mixed(anatomy.called.view(np.uint64)))
    callers = anatomy.caller.view(np.uint64)
    ends = [ones.copy(), others.copy()]
    shapes = [np.zeros(len(ones), np.uint64) for _ in ends]
    called = [np.zeros(len(ones), np.uint64) for _ in ends]
    apart = np.flatnonzero(ones != others)
    while apart.size:
        deeper = depths[ends[0][apart]] - depths[ends[1][apart]]
        for side, moves in enumerate((deeper >= 0, deeper <= 0)):
            at = apart[moves]
            here = ends[side][at]
            shapes[side][at] = mixed(shapes[side][at] ^ kinds[here])
            called[side][at] = mixed(called[side][at] ^ callers[here])
            ends[side][at] = above[here]
        apart = apart[ends[0][apart] != ends[1][apart]]
    turn = anatomy.kind.view(np.uint64)[ends[0]]
    shape = mixed(mixed(mixed(shapes[0]) ^ shapes[1]) ^ turn)
    return shape.view(np.int64), mixed(mixed(called[0]) ^ called[1]).view(np.int64)


def _depths(above: Ints) -> Ints:
    """How many modules enclose each one."""
    depths = np.zeros(len(above), np.int64)
    left = np.flatnonzero(np.arange(len(above)) != ROOT)
    here = above[left]
    while left.size:
        depths[left] += 1
        going = here != ROOT
        left, here = left[going], above[here[going]]
    return depths
