"""Ops at the border of two modules: which of them ends the one, begins the other, or is glue.

Whether a Reshape after a layer is the last thing in its module or the next thing in what calls it,
no rule tells for sure. What speaks for each module is added up, which gives each a probability:
:mod:`hexviz.tagging.border_evidence` names the facts, :mod:`hexviz.tagging.border_weights` what
each weighs. A wrong branch is worse than an ancestor, so an op leaves the bound only if it is much
less likely to belong to the other side::

    Conv       ?         ?        LayerNorm      end of patch_embeddings   0.93
    …patch_    Reshape   Transpose  …norm        glue in embeddings        0.06
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.border_evidence import Candidate, Evidence
from hexviz.tagging.border_weights import WEIGHTS
from hexviz.tagging.gaps import Gap, find_gaps
from hexviz.tagging.structure import Mask

__all__ = ["Border", "find_borders"]

_WRONG = 2.0  # how much worse another branch is than an ancestor (tuned models)

_REASONS = (
    ("habit", ("habit", "leaf habit")),
    ("pair", ("pair around",)),
    ("own arithmetic", ("itself mixes",)),
    ("only work", ("wrapper", "idle")),
)
"""What the weightiest fact says, in the words of the kinds of reasons."""


@dataclass(frozen=True, slots=True)
class Border:
    """Where an op at a border belongs: a module of its gap's route.

    ``side`` is -1 where the op ends the module, 1 where it begins it, 0 at the bound;
    ``likely`` is the probability, ``reason`` what weighs most. ``witnesses`` are positions of ops
    that do the same in other modules of the kind, ``partner`` that of a Transpose that undoes this
    one, -1 if none. ``others`` are the other modules with their probabilities. ``is_open`` says
    that the file may not name the op's module, as for a Dropout that is just an Identity.
    """

    module: int
    side: int
    likely: float
    reason: str
    witnesses: tuple[int, ...]
    partner: int
    others: tuple[tuple[int, float], ...]
    is_open: bool


def find_borders(
    flat: FlatGraph, anatomy: Anatomy, order: Ints, undecided: Mask
) -> dict[int, Border]:
    """Where each of the ``undecided`` positions belongs that lies between known ops."""
    if not undecided.any():
        return {}
    gaps = find_gaps(flat, anatomy, order, undecided)
    evidence = Evidence(flat, anatomy, gaps, order)
    found: dict[int, Border] = {}
    for gap in gaps:
        if gap.ops and len(gap.route.path) > 1:
            found.update(_decide(evidence, gap))
    return found


def _decide(evidence: Evidence, gap: Gap) -> dict[int, Border]:
    rows, mine = list(evidence.candidates(gap)), frozenset(gap.ops)
    width, turn = len(gap.route.path), gap.route.turn
    likely = np.array([_likely(candidates, width) for _, candidates in rows])
    wrong = np.zeros_like(likely)
    wrong[:, :turn] = likely[:, turn + 1 :].sum(1, keepdims=True)
    wrong[:, turn + 1 :] = likely[:, :turn].sum(1, keepdims=True)
    chosen = _in_order(np.where(likely > 0, likely - _WRONG * wrong, -1e6))
    return {
        at: _border(evidence, gap, mine, depth, candidates, likely[depth].tolist(), chosen[depth])
        for depth, (at, candidates) in enumerate(rows)
    }


def _likely(candidates: list[Candidate], width: int) -> list[float]:
    """The probability of each place of a route, 0 for those that are no candidates."""
    sums = np.full(width, -np.inf)
    for place, facts in candidates:
        sums[place] = sum([WEIGHTS.get(fact, 0.0) for fact in facts])
    shares = np.exp(sums - sums.max())
    found: list[float] = (shares / shares.sum()).tolist()
    return found


def _in_order(worth: np.ndarray) -> list[int]:
    """The place of each op of a gap that is worth most together: none is left of the one before."""
    count, width = worth.shape
    best = worth[0]
    came = np.zeros((count, width), np.int64)
    for row in range(1, count):
        reached = np.maximum.accumulate(best)
        came[row] = np.maximum.accumulate(np.where(best == reached, np.arange(width), 0))
        best = reached + worth[row]
    place = int(best.argmax())
    found = [place]
    for row in range(count - 1, 0, -1):
        place = int(came[row, place])
        found.append(place)
    return found[::-1]


def _border(
    evidence: Evidence,
    gap: Gap,
    mine: frozenset[int],
    depth: int,
    candidates: list[Candidate],
    likely: list[float],
    place: int,
) -> Border:
    path, turn = gap.route.path, gap.route.turn
    at = gap.ops[depth]
    other = [(path[one.place], likely[one.place]) for one in candidates if one.place != place]
    others = tuple(sorted(other, key=lambda one: -one[1]))
    if place == turn:
        is_open = evidence.is_open(gap, at)
        return Border(path[place], 0, likely[place], "", (), -1, others, is_open)
    side, after = ("end", True) if place < turn else ("begin", False)
    facts = next(one.facts for one in candidates if one.place == place)
    weights = {fact: WEIGHTS.get(fact, 0.0) for fact in facts}
    reason, most = "", 0.0
    for name, telling in _REASONS:
        weight = max([weights.get(f"{side} {one}", 0.0) for one in telling])
        if weight > most:
            reason, most = name, weight
    claim = evidence.claims.of(gap)[place]
    outwards = depth if after else len(gap.ops) - 1 - depth
    witnesses = claim.others(outwards, mine)
    if reason == "habit" and not witnesses:
        reason = ""
    return Border(
        path[place],
        -1 if after else 1,
        likely[place],
        reason,
        witnesses if reason == "habit" else (),
        evidence.pairs.get(at, -1) if reason == "pair" else -1,
        others,
        is_open=False,
    )
