"""Candidates: where a graph does alike what it did before.

The same few tokens after a cut, at several places, may be where copies of a block begin; before a
cut, where they end. Neighbouring places cut the order into stretches, and those of a row that are
alike are a run of copies::

    tokens    Conv Relu Conv Add Relu Conv Relu Conv Add Relu Conv Relu Conv Pool
    begin     ^                       ^                       ^
    run       [───────────────────────)[──────────────────────)

Blocks of one kind need not follow each other: where the same tokens are found far apart, stretches
of one length that begin, or end, there are candidates as well, and so are families that lie between
narrow places (:mod:`hexviz.tagging.recovery.horizons`). Which candidates are blocks is for
:mod:`hexviz.tagging.recovery.repeats` to choose, by their score: how many ops the copies explain,
less what speaks against each border.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.bags import Bags, Shares
from hexviz.tagging.recovery.horizons import Families, find_families
from hexviz.tagging.recovery.moving import Moving
from hexviz.tagging.recovery.scales import Scales
from hexviz.tagging.structure import Mask, mixed, slices

__all__ = ["BEGIN", "BOTH", "END", "Candidates", "Span", "find_candidates"]

# All figures are chosen on the models that recovery is tuned on, see docs/recovery.md.
_CONTEXTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # tokens that have to be equal at a cut
_IN_ORDER = 4  # tokens from which on a context is a bag: blocks may list their branches otherwise
_ALIKE = 0.65  # two neighbours of a run at least: a block may have a shortcut that others lack
_ALIKE_AT_END = 0.80  # for what continues a run, although it begins or ends otherwise
_ALIKE_APART = 0.80
_CROSSED = 0.1  # what each value that crosses a border takes from the likeness of such an end
_COST = 2.0  # ops that a border has to be worth
_COST_OF_EXCESS = 6.0
_WORTH_OF_REACH = 3.0
_SHARE = 0.1  # of its ops that reach adds to a candidate, and excess takes
_WORST_EXCESS = 3.0
_WORST_EXCESS_APART = 0.75
_ALTERNATING = 0.5
_APART = 0.9
_SHORTEST_APART = 4
_OF_FAMILIES = 0.85  # what is narrow repeats often: others are taken first
_WORST_EXCESS_OF_FAMILIES = 0.4
_LENGTH_APART = 0.3  # the quantile of distances that is taken for the length of what is apart

BEGIN, END, BOTH = range(3)
"""How the copies of a candidate are aligned."""

Span = tuple[int, int]
"""A stretch of places: the first, and the one after the last."""


class Candidates(NamedTuple):
    """Families of stretches that may be copies of one block, in columns.

    The stretches of a candidate are those from ``begins`` of it up to ``begins`` of the next, from
    ``starts`` to ``ends``. ``aligned`` says whether they begin alike, end alike, or are as long as
    each other (:data:`BEGIN`, :data:`END`, :data:`BOTH`). ``excess`` is by how many values their
    borders exceed others nearby, on average, and ``reach``, in 0..1, how much of a stretch the
    value lives that it begins with (a residual sum ends where that is used again).
    """

    score: Shares
    excess: Shares
    reach: Shares
    aligned: Ints
    begins: Ints
    starts: Ints
    ends: Ints

    def spans(self, at: int) -> list[Span]:
        """The stretches of one candidate."""
        own = slice(self.begins[at], self.begins[at + 1])
        return list(zip(self.starts[own].tolist(), self.ends[own].tolist(), strict=True))

    def taken(self, at: Ints) -> Candidates:
        """Some of the candidates, in their order."""
        own, _ = slices(self.begins, at)
        counts = self.begins[at + 1] - self.begins[at]
        begins = np.concatenate(([0], np.cumsum(counts)))
        columns = (self.score[at], self.excess[at], self.reach[at], self.aligned[at])
        return Candidates(*columns, begins, self.starts[own], self.ends[own])


def find_candidates(moving: Moving, bags: Bags, scales: Scales) -> Candidates:
    """The best candidate for each family of stretches, best first."""
    parts: list[Candidates] = []
    search = _Search(moving, bags, scales)
    for length in _CONTEXTS:
        if 2 * length > len(moving.ops):
            break
        contexts = _contexts(moving.tokens, length)
        order = np.argsort(contexts, kind="stable")
        for aligned in (BEGIN, END):
            cuts = (order + (length if aligned == END else 0)).astype(np.int64)
            parts.extend(search.of_context(contexts[order], cuts, aligned, length))
    parts.append(search.of_families(find_families(moving)))
    return _best(_joined(parts))


def _joined(parts: list[Candidates]) -> Candidates:
    if not parts:
        none, nothing = np.zeros(0), np.zeros(0, np.int64)
        return Candidates(none, none, none, nothing, np.zeros(1, np.int64), nothing, nothing)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    counts = np.concatenate([np.diff(one.begins) for one in parts])
    columns[4] = np.concatenate(([0], np.cumsum(counts)))
    return Candidates(*columns)


def _best(found: Candidates) -> Candidates:
    """The best of those with the same stretches, which are known by a sum of hashes, best first."""
    if not found.score.size:
        return found
    marks = mixed(mixed(found.starts.astype(np.uint64)) + found.ends.astype(np.uint64))
    family = np.add.reduceat(marks, found.begins[:-1])
    counts, first = np.diff(found.begins), found.starts[found.begins[:-1]]
    order = np.lexsort((found.aligned, first, counts, -found.score))
    _, kept = np.unique(family[order], return_index=True)
    return found.taken(order[np.sort(kept)])


def _contexts(tokens: Ints, length: int) -> npt.NDArray[np.uint64]:
    """A hash of so many tokens from each place on."""
    marks = mixed(tokens.astype(np.uint64))
    count = len(marks) - length + 1
    if length <= _IN_ORDER:
        found = np.zeros(count, np.uint64)
        for at in range(length):
            found = mixed(found + marks[at : count + at])
        return found
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(marks, dtype=np.uint64)))
    return mixed(sums[length:] - sums[:-length])


class _Search:
    def __init__(self, moving: Moving, bags: Bags, scales: Scales) -> None:
        self._bags, self._scales = bags, scales
        self._size = len(moving.ops)
        self._reaches = np.zeros(self._size + 1)  # by cut how long the value before it lives on
        self._reaches[1:] = moving.last - np.arange(self._size)

    def of_context(
        self, contexts: npt.NDArray[np.uint64], cuts: Ints, aligned: int, length: int
    ) -> Iterator[Candidates]:
        """Candidates between cuts of equal contexts, which are sorted by context and then cut."""
        yield from self._in_runs(contexts, cuts, aligned)
        if length > 1:
            yield from self._far_apart(contexts, cuts, aligned)

    def _score(
        self, count: Ints, mean: Shares, likeness: Shares, excess: Shares, reach: Shares
    ) -> Shares:
        """How many ops the copies explain, less what their borders cost."""
        bonus = 1 + _SHARE * (reach - np.minimum(excess, _WORST_EXCESS))
        cost = _COST + _COST_OF_EXCESS * excess - _WORTH_OF_REACH * reach
        score: Shares = (count - 1) * mean * likeness * bonus - count * cost
        return score

    def _reach(self, starts: Ints, ends: Ints) -> Shares:
        # Half a stretch is what values live inside any of them.
        reach: Shares = np.clip(2 * self._reaches[starts] / (ends - starts) - 1, 0, 1)
        return reach

    def _in_runs(
        self, contexts: npt.NDArray[np.uint64], cuts: Ints, aligned: int
    ) -> Iterator[Candidates]:
        """Runs of stretches between neighbouring cuts of a context."""
        pairs = np.flatnonzero(contexts[1:] == contexts[:-1])
        if not pairs.size:
            return
        starts, ends = cuts[pairs], cuts[pairs + 1]
        fits = (ends - starts >= 2) & (ends - starts <= self._size // 2)
        next_to = np.zeros(len(pairs), np.bool_)
        next_to[:-1] = pairs[1:] == pairs[:-1] + 1
        here = np.flatnonzero(next_to)
        here = here[fits[here] & fits[here + 1]]
        likeness = np.zeros(len(pairs))
        likeness[here] = self._bags.alike(
            starts[here], ends[here], starts[here + 1], ends[here + 1]
        )
        joined = likeness >= _ALIKE
        first = np.flatnonzero(np.concatenate(([True], ~joined[:-1])))
        last = np.concatenate((first[1:], [len(pairs)])) - 1
        whole = fits[first] & fits[last]
        first, last = first[whole], last[whole]
        if not first.size:
            return
        before, after = self._continued(starts, ends, first, last)
        more = (before >= 0).astype(np.int64) + (after >= 0)
        count = last - first + 1 + more
        begin = np.where(before >= 0, before, starts[first])
        end = np.where(after >= 0, after, ends[last])
        inside = _mean_of(likeness, first, last - 1)
        likeness_of = (inside * (last - first) + 0.9 * more) / np.maximum(count - 1, 1)
        excess = _mean_of(self._scales.excess(starts, ends), first, last)
        reach = _mean_of(self._reach(starts, ends), first, last)
        score = self._score(count, (end - begin) / count, likeness_of, excess, reach)
        in_turn = self._alternating(starts, ends, likeness, first, last)
        score[in_turn] *= _ALTERNATING
        good = np.flatnonzero((count >= 2) & (score > 0))
        first, last, count, before, after = (
            column[good] for column in (first, last, count, before, after)
        )
        begins = np.concatenate(([0], np.cumsum(count)))
        own_starts, own_ends = np.empty(begins[-1], np.int64), np.empty(begins[-1], np.int64)
        lengths = last - first + 1
        whose = np.repeat(np.arange(len(good)), lengths)
        within = np.arange(len(whose)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        own, there = first[whose] + within, begins[whose] + (before >= 0)[whose] + within
        own_starts[there], own_ends[there] = starts[own], ends[own]
        led, followed = np.flatnonzero(before >= 0), np.flatnonzero(after >= 0)
        own_starts[begins[led]], own_ends[begins[led]] = before[led], starts[first[led]]
        there = begins[followed + 1] - 1
        own_starts[there], own_ends[there] = ends[last[followed]], after[followed]
        kinds = np.full(len(good), aligned)
        yield Candidates(
            score[good], excess[good], reach[good], kinds, begins, own_starts, own_ends
        )

    def _continued(self, starts: Ints, ends: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """Where a copy before each run begins, and one after it ends; -1 where there is none.

        The last copy is followed by other things than the next copy, so no context ends it. It
        is as long as the first or the last of the run, or as their neighbours.
        """
        alike, live = self._bags.alike, self._scales.all_live
        one, two = starts[first], ends[first]
        three, four = starts[last], ends[last]
        second, last_but_one = np.minimum(first + 1, last), np.maximum(last - 1, first)
        before, after = np.full(len(first), -1), np.full(len(first), -1)
        best_before, best_after = np.full(len(first), -np.inf), np.full(len(first), -np.inf)
        models = (first, last, second, last_but_one)
        for number, model in enumerate(models):
            new = np.ones(len(first), np.bool_)
            for known in models[:number]:
                new &= model != known
            length = ends[model] - starts[model]
            here = np.flatnonzero(new & (four + length <= self._size))
            beyond = (four + length)[here]
            likeness = alike(three[here], four[here], four[here], beyond)
            value = likeness - _CROSSED * live[beyond]
            better = (likeness >= _ALIKE_AT_END) & (value > best_after[here])
            after[here[better]], best_after[here[better]] = beyond[better], value[better]
            here = np.flatnonzero(new & (one - length >= 0))
            beyond = (one - length)[here]
            likeness = alike(one[here], two[here], beyond, one[here])
            value = likeness - _CROSSED * live[beyond]
            better = (likeness >= _ALIKE_AT_END) & (value > best_before[here])
            before[here[better]], best_before[here[better]] = beyond[better], value[better]
        return before, after

    def _alternating(
        self, starts: Ints, ends: Ints, likeness: Shares, first: Ints, last: Ints
    ) -> Mask:
        """Whether a run is of two kinds in turn, of which neither has a waist inside.

        Attention and feed-forward parts are alike enough to be one run, and one block together.
        """
        found = np.zeros(len(first), np.bool_)
        here = np.flatnonzero(last - first >= 3)
        if here.size:
            at = first[here]
            every_other = [
                self._bags.alike(starts[one], ends[one], starts[one + 2], ends[one + 2])
                for one in (at, at + 1)
            ]
            live = self._scales.all_live
            inside = self._scales.least_inside(starts[at], ends[at])
            found[here] = (
                (np.minimum(*every_other) >= 0.97)
                & (likeness[at] <= 0.93)
                & (inside > np.minimum(live[starts[at]], live[ends[at]]))
            )
        return found

    def _far_apart(
        self, contexts: npt.NDArray[np.uint64], cuts: Ints, aligned: int
    ) -> Iterator[Candidates]:
        """Stretches of one length wherever a context is found, whatever lies between them."""
        new = np.concatenate(([True], contexts[1:] != contexts[:-1]))
        group = np.cumsum(new) - 1
        distances = np.diff(cuts, prepend=0)
        pairs = np.flatnonzero(~new & (distances >= _SHORTEST_APART))
        if not pairs.size:
            return
        pairs = pairs[np.lexsort((distances[pairs], group[pairs]))]
        begins = np.flatnonzero(np.diff(group[pairs], prepend=-1))
        counts = np.diff(begins, append=len(pairs))
        chosen = pairs[begins + (counts * _LENGTH_APART).astype(np.int64)]
        length, model = np.zeros(group[-1] + 1, np.int64), np.zeros(group[-1] + 1, np.int64)
        length[group[chosen]] = distances[chosen]
        model[group[chosen]] = cuts[chosen - 1]  # where the stretch of that length begins
        own = length[group]
        starts, ends = (cuts, cuts + own) if aligned == BEGIN else (cuts - own, cuts)
        room = np.where(new, self._size, distances)  # to the one before, or the one after
        if aligned == BEGIN:
            room = np.append(room[1:], self._size)
        here = np.flatnonzero((own > 0) & (starts >= 0) & (ends <= self._size) & (room >= own))
        models = model[group[here]]
        likeness = self._bags.alike(models, models + own[here], starts[here], ends[here])
        kept = likeness >= _ALIKE_APART
        here, likeness = here[kept], likeness[kept]
        if not here.size:
            return
        starts, ends, group = starts[here], ends[here], group[here]
        first = np.flatnonzero(np.diff(group, prepend=-1))
        last = np.append(first[1:], len(here)) - 1
        count = last - first + 1
        excess = _mean_of(self._scales.excess(starts, ends), first, last)
        reach = _mean_of(self._reach(starts, ends), first, last)
        mean = _mean_of((ends - starts).astype(np.float64), first, last)
        score = self._score(count, mean, _mean_of(likeness, first, last), excess, reach)
        follows = np.zeros(len(here))
        follows[:-1] = (ends[:-1] == starts[1:]) & (group[:-1] == group[1:])
        in_a_row = _mean_of(follows, first, last) * count >= count - 1
        good = (count >= 2) & (score > 0) & (excess <= _WORST_EXCESS_APART) & ~in_a_row
        all_of_them = Candidates(
            _APART * score,
            excess,
            reach,
            np.full(len(first), BOTH),
            np.append(first, len(here)),
            starts,
            ends,
        )
        yield all_of_them.taken(np.flatnonzero(good))

    def of_families(self, families: Families) -> Candidates:
        """Candidates of families that are known, wherever their stretches lie."""
        begins, starts, ends = families
        first, last = begins[:-1], begins[1:] - 1
        count = np.diff(begins)
        likeness, follows = np.zeros(len(starts)), np.zeros(len(starts))
        likeness[:-1] = self._bags.alike(starts[:-1], ends[:-1], starts[1:], ends[1:])
        follows[:-1] = ends[:-1] == starts[1:]
        excess = _mean_of(self._scales.excess(starts, ends), first, last)
        reach = _mean_of(self._reach(starts, ends), first, last)
        mean = _mean_of((ends - starts).astype(np.float64), first, last)
        inside = _mean_of(likeness, first, last - 1)
        score = _OF_FAMILIES * self._score(count, mean, inside, excess, reach)
        score[_mean_of(follows, first, last - 1) < 1] *= _APART
        score[self._alternating(starts, ends, likeness, first, last)] *= _ALTERNATING
        aligned = np.full(len(count), BOTH)
        found = Candidates(score, excess, reach, aligned, begins, starts, ends)
        good = (score > 0) & (excess <= _WORST_EXCESS_OF_FAMILIES) & (inside >= _ALIKE)
        return found.taken(np.flatnonzero(good))


def _mean_of(values: Shares, first: Ints, last: Ints) -> Shares:
    """The mean of each part of a column, from ``first`` to ``last``; 0 of an empty one."""
    sums = np.concatenate((np.zeros(1), np.cumsum(values)))
    mean: Shares = (sums[last + 1] - sums[first]) / np.maximum(last - first + 1, 1)
    return mean
