"""Static ops go to the blocks that use them, and stretches of places become stretches of a graph.

A weight that an op unpacks belongs with the op that computes with it. A mask that is made of shapes
alone and that all layers read belongs to none of them: it lies where all that use it lie. So does
what moves, but is fed by nothing before its block and read after it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery.laminar import Laminar
from hexviz.tagging.recovery.moving import Moving
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["with_static_ops"]

_FEW = 2  # copies that may be alike by chance
_CONFIDENCE_OF_FEW = 0.4
_CONFIDENCE_INSIDE = 0.55
_CONFIDENCE = 0.7
"""Of the blocks without a name in the models that recovery is tuned on, so many have just the ops
of a module (an intersection over union of 0.8): of those with two copies, of those in another
block, and of the others."""


def with_static_ops(flat: FlatGraph, moving: Moving, chosen: Laminar) -> list[Stretch]:
    """The outermost chosen stretches with all their ops, in order; those inside are in them."""
    homes = _homes(flat, moving, chosen)
    ops: list[list[int]] = [[] for _ in chosen.spans]
    for at, home in enumerate(homes):
        around = home
        while around >= 0:
            ops[around].append(at)
            around = chosen.parents[around]
    copies = Counter(chosen.families)
    found = [
        Stretch(np.array(own, np.int64), family, _confidence(copies[family], parent))
        for own, family, parent in zip(ops, chosen.families, chosen.parents, strict=True)
    ]
    outermost: list[Stretch] = []
    for at in _by_start(chosen):
        parent = chosen.parents[at]
        (found[parent].inner if parent >= 0 else outermost).append(found[at])
    return outermost


def _confidence(copies: int, parent: int) -> float:
    if copies <= _FEW:
        return _CONFIDENCE_OF_FEW
    return _CONFIDENCE_INSIDE if parent >= 0 else _CONFIDENCE


def _by_start(chosen: Laminar) -> list[int]:
    return sorted(
        range(len(chosen.spans)), key=lambda at: (chosen.spans[at][0], -chosen.spans[at][1])
    )


def _homes(flat: FlatGraph, moving: Moving, chosen: Laminar) -> list[int]:
    """By position the innermost stretch of each op, -1 where it is in none."""
    places = len(moving.ops)
    by_place = np.full(places, -1, np.int64)
    outermost = np.full(places, -1, np.int64)
    ends = [end for _, end in chosen.spans]
    members = Counter(chosen.lists)
    last_begins: dict[int, int] = {}  # by list: where its last member begins
    for at in _by_start(chosen):
        start, end = chosen.spans[at]
        by_place[start:end] = at
        if chosen.parents[at] < 0:
            outermost[start:end] = start
        last_begins[chosen.lists[at]] = max(last_begins.get(chosen.lists[at], 0), start)
    size = len(moving.place_of)
    place_of, home_of, keeps = (
        column.tolist() for column in (moving.place_of, by_place, moving.reads_matrix)
    )
    loose = _loose(flat, moving, outermost)
    down, users = (column.tolist() for column in flat.links_down)
    first, last = [places] * size, [-1] * size
    homes = [-1] * size
    for at in range(size - 1, -1, -1):
        own = place_of[at]
        if own >= 0:
            first[at] = last[at] = own
        if own < 0 or loose[at]:
            low, high = places, last[at]
            for user in users[down[at] : down[at + 1]]:
                moves = place_of[user] >= 0 and not loose[user]
                low = min(low, place_of[user] if moves else first[user])
                high = max(high, place_of[user] if moves else last[user])
            last[at] = high
            if own < 0:
                first[at] = low
        if last[at] < 0 or first[at] >= places:
            continue
        home = around = home_of[first[at]]
        if last[at] > first[at] and not keeps[at]:
            # Used by the last member of a list and behind the first: it serves the whole list.
            while around >= 0:
                number = chosen.lists[around]
                if (
                    last[at] >= ends[around]
                    and members[number] >= 2
                    and last[at] >= last_begins[number]
                ):
                    home = chosen.parents[around]
                around = chosen.parents[around]
        homes[at] = home
    return homes


def _loose(flat: FlatGraph, moving: Moving, outermost: Ints) -> list[bool]:
    """By position whether a moving op is fed by nothing before its outermost stretch.

    Nothing that computes with weights is loose.
    """
    found = [False] * len(moving.place_of)
    place_of, begins = moving.place_of.tolist(), outermost.tolist()
    multiplies = moving.multiplies.tolist()
    up, sources = (column.tolist() for column in flat.links_up)
    for at in moving.ops.tolist():
        begin = begins[place_of[at]]
        if begin >= 0 and not multiplies[place_of[at]]:
            found[at] = all(
                place_of[one] < 0 or (place_of[one] >= begin and found[one])
                for one in sources[up[at] : up[at + 1]]
            )
    return found
