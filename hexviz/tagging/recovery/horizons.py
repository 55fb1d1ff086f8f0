"""Families of stretches between narrow places: what repeats there, counted in the whole graph.

A *horizon* is how far a value is followed. With values that are read within it only, a graph is
narrow at its cuts where at most one value crosses; beyond it, skips and masks are not seen. From a
near horizon each op of a chain lies between two cuts, from one as far as a residual block the
whole block does. So the parts between cuts are letters, alike ones the same, and words of up to
:data:`_LONGEST` letters that are found several times are families::

    values        x ─┬─ Conv ─ Relu ─ Conv ─ Add ─┬─ Conv ─ Relu ─ Conv ─ Add ─ Pool
                     └────────────────────────┘   └─────────────────────┘
    near, cuts    |      |      |      |          |      |      |      |     |
    letters         c      r      c+                c      r      c+      p    c r c+ twice
    far, cuts     |                               |                          |
    letters         B                               B                     p    B twice

That finds what neighbours in a sequence do not show: blocks of varied insides (they are one letter
each), and blocks apart from each other, in the two halves of a U for instance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.moving import Moving
from hexviz.tagging.structure import Mask, mixed

__all__ = ["Families", "find_families"]

# All figures are chosen on the models that recovery is tuned on, see docs/recovery.md.
_NEAREST = 4  # places that the first horizon reaches
_FARTHER = 1.5  # times that each reaches farther than the one before
_LONGEST = 24  # letters of a word
_ALIKE = (0.85, 0.7)  # share of their tokens that two parts have in common to be one letter
_KINDS = 400  # of parts, or of tokens, from which on only equal parts are one letter
_TOKENS = 4  # that parts have at least to be compared by more than being equal
_SHORTEST = 3  # places of a stretch, on average
_COST = 2.0  # ops that a border has to be worth, as in runs
_WORK = 1_500_000  # letters that are looked at in all, so that large graphs take shorter words
_PER_PLACE = 20  # stretches of all families that are kept for each op, the best first
_MOST = 200_000  # and in all

Families = tuple[Ints, Ints, Ints]
"""Where the stretches of each family begin in the lists of their starts and ends, and these."""


def find_families(moving: Moving) -> Families:
    """Stretches that are found several times between narrow places, the most ops first."""
    alphabets = list(_alphabets(moving))
    letters = sum(len(word) for _, word in alphabets)
    longest = max(1, min(_LONGEST, _WORK // max(letters, 1)))
    parts = [one for cuts, word in alphabets for one in _words(word, cuts, longest)]
    if not parts:
        nothing = np.zeros(0, np.int64)
        return np.zeros(1, np.int64), nothing, nothing
    counts, starts, ends = (np.concatenate(column) for column in zip(*parts, strict=True))
    begins = np.concatenate(([0], np.cumsum(counts)))
    sizes = np.add.reduceat(ends - starts, begins[:-1])
    worth = sizes * (counts - 1) / counts - _COST * counts
    marks = mixed(mixed(starts.astype(np.uint64)) + ends.astype(np.uint64))
    _, first = np.unique(np.add.reduceat(marks, begins[:-1]), return_index=True)
    order = first[np.lexsort((first, -worth[first]))]
    order = order[worth[order] > 0]
    order = order[np.cumsum(counts[order]) <= min(_PER_PLACE * len(moving.ops), _MOST)]
    kept = counts[order]
    new = np.concatenate(([0], np.cumsum(kept)))
    own = np.arange(new[-1]) + np.repeat(begins[order] - new[:-1], kept)
    return new, starts[own], ends[own]


def _alphabets(moving: Moving) -> Iterator[tuple[Ints, Ints]]:
    """For each horizon the cuts, and in several alphabets the letter of each part between two.

    The last alphabet has letters of types alone, whatever their operands and attributes are.
    """
    size = len(moving.ops)
    targets = np.repeat(np.arange(size), moving.operands)
    spans = targets - moving.reads
    marks = mixed(moving.tokens.astype(np.uint64))
    of_types = mixed(moving.types.astype(np.uint64))
    before = np.zeros(0, np.int64)
    horizon = float(_NEAREST)
    while True:
        near = spans <= horizon
        last = np.arange(size)
        np.maximum.at(last, moving.reads[near], targets[near])
        read = np.flatnonzero(last > np.arange(size))
        change = np.bincount(read + 1, minlength=size + 2)
        change -= np.bincount(last[read] + 1, minlength=size + 2)
        narrow = np.cumsum(change)[: size + 1] <= 1
        # What brings an older value in closes a part (a residual sum), or opens one (a skip that
        # is concatenated), and tells parts that have it from none of their kind.
        bridges = np.zeros(size, np.bool_)
        bridges[targets[~near]] = True
        bridges &= ~moving.concatenates
        narrow[:-1] &= ~bridges
        narrow[[0, size]] = True
        cuts = np.flatnonzero(narrow)
        if not np.array_equal(cuts, before):
            for letters in _letters(moving.tokens, np.where(bridges, np.uint64(0), marks), cuts):
                yield cuts, letters
            yield cuts, _equal(np.where(bridges, np.uint64(0), of_types), cuts)[1]
            before = cuts
        if horizon >= min(size, 2 * int(spans.max(initial=0))):
            return
        horizon *= _FARTHER


def _letters(tokens: Ints, marks: npt.NDArray[np.uint64], cuts: Ints) -> Iterator[Ints]:
    """Letters of equal parts, and of alike ones, where that is another division."""
    firsts, equal = _equal(marks, cuts)
    yield equal
    kinds = int(tokens.max(initial=0)) + 1
    if max(kinds, len(firsts)) > _KINDS:
        return
    bags = np.zeros((len(firsts), kinds), np.int32)
    for row, part in enumerate(firsts.tolist()):
        own = slice(cuts[part], cuts[part + 1])
        bags[row] = np.bincount(tokens[own][marks[own] > 0], minlength=kinds)
    order = np.lexsort((-bags.sum(1), -np.bincount(equal)))
    before = equal
    for likeness in _ALIKE:
        letters = _clusters(bags, order, likeness)[equal]
        if not np.array_equal(letters, before) and len(np.unique(letters)) < len(firsts):
            yield letters
            before = letters


def _equal(marks: npt.NDArray[np.uint64], cuts: Ints) -> tuple[Ints, Ints]:
    """The first part of each sum of marks, and for each part which that is."""
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(marks, dtype=np.uint64)))
    _, firsts, equal = np.unique(
        sums[cuts[1:]] - sums[cuts[:-1]], return_index=True, return_inverse=True
    )
    return firsts, equal


def _clusters(bags: npt.NDArray[np.int32], order: Ints, likeness: float) -> Ints:
    """Each bag's leader: the most alike of those before it in order, else itself."""
    totals = bags.sum(1)
    found = np.arange(len(bags))
    leaders: list[int] = []
    for row in order.tolist():
        if leaders and totals[row] >= _TOKENS:
            apart = np.abs(bags[leaders] - bags[row]).sum(1)
            alike = 1 - apart / (totals[leaders] + totals[row])
            best = int(alike.argmax())
            if alike[best] >= likeness:
                found[row] = leaders[best]
                continue
        leaders.append(row)
    return found


def _words(letters: Ints, cuts: Ints, longest: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """By length of words: counts, starts and ends of those that are found several times."""
    marks = mixed(letters.astype(np.uint64))
    words = np.zeros(len(letters), np.uint64)
    several = np.ones(len(letters), np.bool_)
    factor = np.uint64(0x9E3779B97F4A7C15)
    for length in range(1, min(longest, len(letters) // 2) + 1):
        words = words[: len(letters) - length + 1] * factor + marks[length - 1 :]
        several = several[: len(words)]
        here = np.flatnonzero(several)
        order = here[np.argsort(words[here], kind="stable")]
        new = np.concatenate(([True], words[order[1:]] != words[order[:-1]]))[: len(order)]
        whose = np.cumsum(new) - 1
        counts = np.bincount(whose)
        # A word that is found once is in no longer one that is found twice.
        several[order[counts[whose] < 2]] = False
        order, whose = order[counts[whose] >= 2], whose[counts[whose] >= 2]
        if not order.size:
            return
        kept = _disjoint(order, whose, length)
        order, whose = order[kept], whose[kept]
        counts = np.bincount(whose)
        sizes = np.bincount(whose, weights=cuts[order + length] - cuts[order])
        good = (counts >= 2) & (sizes >= _SHORTEST * counts)
        order = order[good[whose]]
        yield counts[good], cuts[order], cuts[order + length]


def _disjoint(order: Ints, whose: Ints, length: int) -> Mask:
    """Which occurrences of each word to keep, from the first on, so that none share a letter."""
    kept = np.ones(len(order), np.bool_)
    close = np.flatnonzero((np.diff(order) < length) & (whose[1:] == whose[:-1])) + 1
    if not close.size:
        return kept
    inside = np.flatnonzero(np.isin(whose, np.unique(whose[close])))
    word, free = -1, 0
    rows = zip(inside.tolist(), order[inside].tolist(), whose[inside].tolist(), strict=True)
    for row, at, own in rows:
        if own != word:
            word, free = own, at
        kept[row] = at >= free
        if at >= free:
            free = at + length
    return kept
