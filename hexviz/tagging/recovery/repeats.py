"""The blocks that a graph repeats, found from its structure alone.

::

    ops in order ─► moving ops with tokens ─► candidates ─► those that fit in with better ones
                 ─► branches, units and stages ─► with static ops
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery.bags import Bags
from hexviz.tagging.recovery.finer import add_branches, add_stages, add_units
from hexviz.tagging.recovery.laminar import Laminar
from hexviz.tagging.recovery.moving import Moving, find_moving
from hexviz.tagging.recovery.placing import with_static_ops
from hexviz.tagging.recovery.runs import BEGIN, BOTH, Candidates, Span, find_candidates
from hexviz.tagging.recovery.scales import Scales
from hexviz.tagging.recovery.stretch import Stretch
from hexviz.tagging.structure import Mask

__all__ = ["find_repeats"]

_FEWEST = 4  # moving ops of a graph that may repeat anything
_AT_ONCE = 256  # candidates that are looked at between two choices, before each by itself
_TIP = 2  # tokens at the open end of a copy that have to be as in most copies
# Both are chosen on the models that recovery is tuned on, see docs/recovery.md.
_WAISTED = (
    0.1  # a block may stand alone in a copy of the one around it if its borders are as narrow
)
_REACHING = 0.3  # and if the value that it begins with lives on


def find_repeats(flat: FlatGraph) -> list[Stretch]:
    """The outermost stretches that a graph repeats, in order; those inside are in them.

    Nearly linear in the graph: for each of a few lengths of context, the stretches between
    neighbouring places of it are looked at.
    """
    if len(flat.columns.ids) < _FEWEST:
        return []
    moving = find_moving(flat)
    if len(moving.ops) < _FEWEST:
        return []
    return with_static_ops(flat, moving, _chosen(moving))


def _chosen(moving: Moving) -> Laminar:
    bags = Bags(moving.tokens)
    works = _Works(moving)
    chosen = Laminar(len(moving.ops))
    candidates = find_candidates(moving, bags, Scales(moving))
    for begin in range(0, len(candidates.score), _AT_ONCE):
        some = np.arange(begin, min(begin + _AT_ONCE, len(candidates.score)))
        some = some[_may_fit(candidates.taken(some), chosen, works)]
        for at in some.tolist():
            spans = candidates.spans(at)
            if candidates.aligned[at] != BOTH:
                from_start = bool(candidates.aligned[at] == BEGIN)
                spans = _trimmed(spans, moving.tokens, bags, from_start=from_start)
            starts, ends = np.array(spans).T
            # Reshapes and sums that come again are no blocks.
            if np.count_nonzero(works.of(starts, ends)) >= max(2, len(spans) / 2):
                waisted = candidates.excess[at] <= _WAISTED and candidates.reach[at] >= _REACHING
                chosen.choose(spans, alone=bool(waisted))
    add_branches(moving, chosen)
    add_units(moving, chosen)
    add_stages(moving, chosen)
    return chosen


class _Works:
    """Which stretches multiply by weights and do anything else that tells."""

    def __init__(self, moving: Moving) -> None:
        self._multiplied = np.concatenate(([0], np.cumsum(moving.multiplies)))
        self._told = np.concatenate(([0], np.cumsum(moving.telling)))

    def of(self, starts: Ints, ends: Ints) -> Mask:
        """Whether each stretch does: a single product alone, or with a bias, is no block."""
        products = self._multiplied[ends] - self._multiplied[starts]
        found: Mask = (products >= 1) & (products + (self._told[ends] > self._told[starts]) >= 2)
        return found


def _may_fit(candidates: Candidates, chosen: Laminar, works: _Works) -> Mask:
    """Whether enough copies of each candidate may be blocks beside what is chosen already."""
    starts, ends, begins = candidates.starts, candidates.ends, candidates.begins
    working = np.add.reduceat(works.of(starts, ends).astype(np.int64), begins[:-1])
    fitting = np.add.reduceat(chosen.may_fit(starts, ends).astype(np.int64), begins[:-1])
    waisted = (candidates.excess <= _WAISTED) & (candidates.reach >= _REACHING)
    counts = np.diff(begins)
    found: Mask = (working >= np.maximum(2, counts / 2)) & (fitting >= np.where(waisted, 1, 2))
    return found


def _trimmed(spans: list[Span], tokens: Ints, bags: Bags, *, from_start: bool) -> list[Span]:
    """Copies that begin (or end) alike, cut at their other end to what most of them have there.

    What follows the last block of a stage is not of it, but no next copy says where that begins.
    """

    def tip(span: Span) -> tuple[int, ...]:
        start, end = span
        return tuple(
            (tokens[end - _TIP : end] if from_start else tokens[start : start + _TIP]).tolist()
        )

    tips = [tip(span) for span in spans]
    usual = Counter(tips).most_common(1)[0][0]
    alike = [span for span, own in zip(spans, tips, strict=True) if own == usual]
    length = Counter(end - start for start, end in alike).most_common(1)[0][0]
    model = next(span for span in alike if span[1] - span[0] == length)
    return [
        span if own == usual else _cut(span, usual, model, tokens, bags, from_start=from_start)
        for span, own in zip(spans, tips, strict=True)
    ]


def _cut(
    span: Span,
    usual: tuple[int, ...],
    model: Span,
    tokens: Ints,
    bags: Bags,
    *,
    from_start: bool,
) -> Span:
    """The part of a stretch with the usual tip that is most like the model, if any is more so."""
    start, end = span
    if from_start:
        cuts = np.arange(start + _TIP, end)
        first = cuts - _TIP
    else:
        cuts = np.arange(start + 1, end - 1)
        first = cuts
    cuts = cuts[(tokens[first] == usual[0]) & (tokens[first + 1] == usual[1])]
    ends = np.append(cuts, end) if from_start else np.full(len(cuts) + 1, end)
    starts = np.full(len(ends), start) if from_start else np.append(cuts, start)
    one, two = (np.full(len(ends), border) for border in model)
    likeness = bags.alike(one, two, starts, ends)
    best = int(np.argmax(likeness[:-1])) if cuts.size else 0
    best = best if likeness[best] > likeness[-1] else -1
    return int(starts[best]), int(ends[best])
