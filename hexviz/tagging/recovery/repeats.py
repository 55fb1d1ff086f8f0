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
from hexviz.tagging.recovery.runs import Candidate, Span, find_candidates
from hexviz.tagging.recovery.scales import Scales
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["find_repeats"]

_FEWEST = 4  # moving ops of a graph that may repeat anything
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
    multiplied = np.concatenate(([0], np.cumsum(moving.multiplies)))
    told = np.concatenate(([0], np.cumsum(moving.telling)))
    chosen = Laminar(len(moving.ops))
    for one in find_candidates(moving, bags, Scales(moving)):
        spans = one.spans if one.aligned == "both" else _trimmed(one, moving.tokens, bags)
        working = sum(
            multiplied[end] - multiplied[start] + (told[end] > told[start]) >= 2
            and multiplied[end] > multiplied[start]
            for start, end in spans
        )
        # Reshapes and sums that come again are no blocks.
        if working >= max(2, len(spans) / 2):
            waisted = one.excess <= _WAISTED and one.reach >= _REACHING
            chosen.choose(spans, alone=waisted)
    add_branches(moving, chosen)
    add_units(moving, chosen)
    add_stages(moving, chosen)
    return chosen


def _trimmed(candidate: Candidate, tokens: Ints, bags: Bags) -> tuple[Span, ...]:
    """Copies that begin (or end) alike, cut at their other end to what most of them have there.

    What follows the last block of a stage is not of it, but no next copy says where that begins.
    """
    from_start = candidate.aligned == "begin"

    def tip(span: Span) -> tuple[int, ...]:
        start, end = span
        return tuple(
            (tokens[end - _TIP : end] if from_start else tokens[start : start + _TIP]).tolist()
        )

    tips = [tip(span) for span in candidate.spans]
    usual = Counter(tips).most_common(1)[0][0]
    alike = [span for span, own in zip(candidate.spans, tips, strict=True) if own == usual]
    length = Counter(end - start for start, end in alike).most_common(1)[0][0]
    model = next(span for span in alike if span[1] - span[0] == length)
    return tuple(
        span if own == usual else _cut(span, usual, model, tokens, bags, from_start=from_start)
        for span, own in zip(candidate.spans, tips, strict=True)
    )


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
