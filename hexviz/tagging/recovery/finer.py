"""Blocks that no run shows: branches side by side, a layer with what finishes it, and stages."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.laminar import Laminar
from hexviz.tagging.recovery.moving import Moving
from hexviz.tagging.recovery.runs import Span

__all__ = ["add_branches", "add_stages", "add_units"]

_MOST_BRANCHES = 64
_LONGEST_UNIT = 4


def add_branches(moving: Moving, chosen: Laminar) -> None:
    """What a Concat brings together, if each branch begins at one value: experts, towers."""
    multiplied = np.concatenate(([0], np.cumsum(moving.multiplies)))
    for at in np.flatnonzero(moving.concatenates).tolist():
        sources = np.unique(moving.reads[moving.begins[at] : moving.begins[at + 1]]).tolist()
        if not 2 <= len(sources) <= _MOST_BRANCHES or sources[-1] != at - 1:
            continue
        later = [(one + 1, two + 1) for one, two in pairwise(sources)]
        entering = _entering(moving, later[0])
        entering = entering[entering < sources[0]]
        if not entering.size:
            continue
        root = int(entering.max())
        branches = [(root + 1, sources[0] + 1), *later]
        if all(_begins_at(moving, one, root) for one in branches):
            working = [
                (start, end)
                for start, end in branches
                if multiplied[end] > multiplied[start] and end - start >= 2
            ]
            if len(working) >= 2:
                chosen.choose(working, joins=True)


def _entering(moving: Moving, span: Span) -> Ints:
    """The places before a stretch that it reads."""
    reads = moving.reads[moving.begins[span[0]] : moving.begins[span[1]]]
    return reads[reads < span[0]]


def _begins_at(moving: Moving, span: Span, root: int) -> bool:
    """Whether a stretch reads nothing after ``root`` from outside, and only its last op is read."""
    entering = _entering(moving, span)
    inside = moving.last[span[0] : span[1] - 1]
    return bool(entering.size and entering.max() <= root and (inside < span[1]).all())


def add_units(moving: Moving, chosen: Laminar) -> None:
    """Each convolution with the normalisation and the activation that follow it."""
    size = len(moving.ops)
    units: dict[int, list[Span]] = {}
    for at in np.flatnonzero(moving.multiplies & moving.convolves).tolist():
        end = at + 1
        while (
            end < min(size, at + _LONGEST_UNIT)
            and moving.last[end - 1] == end
            and moving.telling[end]
            and moving.operands[end] == 1
        ):
            end += 1
        unit = at, end
        if (
            moving.normalises[at + 1 : end].any()
            and unit not in chosen
            and not chosen.lies_across(unit)
        ):
            units.setdefault(chosen.parent(unit), []).append(unit)
    if sum(map(len, units.values())) > 1:
        for row in units.values():
            chosen.take(row)
        chosen.close_family()


def add_stages(moving: Moving, chosen: Laminar) -> None:
    """Neighbouring members of a list that are of one width, as members of a list of stages."""
    members: dict[int, list[Span]] = {}
    for number, span in zip(chosen.lists, chosen.spans, strict=True):
        members.setdefault(number, []).append(span)
    for row in members.values():
        stages = _of_one_width(moving, sorted(row))
        if sum(len(stage) > 1 for stage in stages) < 2:
            continue
        spans = [[stage[0][0], stage[-1][1]] for stage in stages]
        for one, two in pairwise(spans):
            gap = slice(one[1], two[0])
            # What makes an image smaller begins a stage; other ops between two end the one before.
            if moving.convolves[gap].any() or not moving.multiplies[gap].any():
                two[0] = gap.start
            else:
                one[1] = gap.stop
        found = [(start, end) for start, end in spans]
        chosen.choose([one for one in found if one not in chosen], joins=True)


def _of_one_width(moving: Moving, members: list[Span]) -> list[list[Span]]:
    """Members of a list in groups of neighbours whose last weights have as many channels."""
    found: list[list[Span]] = []
    before = -1
    for start, end in members:
        widths = moving.width[start:end]
        widths = widths[widths > 0]
        width = int(widths[-1]) if widths.size else 0
        if width != before:
            found.append([])
        found[-1].append((start, end))
        before = width
    return found
