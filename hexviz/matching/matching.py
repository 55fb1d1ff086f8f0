"""What it means that two graphs are of one model: for ops of one, those of the other.

::

    before   MatMul "mm" ─ Add "y"          after   QuantizeLinear "q" ─ Gemm "y"

    matches  after "y"  fused     from Add "y" (whose value it gives) and MatMul "mm"
             after "q"  inserted  for Add "y"

Ops are positions in :attr:`hexviz.model.graph.TaggedGraph.ops` of either graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["HOW", "Match", "Matching"]

HOW = ("same", "value", "renamed", "fused", "inserted", "run")
"""How an op of the graph after can be matched.

``same``: name, type and surroundings; ``value``: it makes a value of the same name;
``renamed``: what it computes from and for is the same; ``fused``: it stands for a set of ops;
``inserted``: it stands for none, and serves one; ``run``: the numbers are the same.
"""


class Match(NamedTuple):
    """What an op of the graph after is of the graph before.

    ``before`` are positions there: first the op whose value this one gives (of
    an ``inserted`` op: the one that it serves), then others that went into it,
    in order of execution. ``how`` is one of :data:`HOW`, ``confidence`` in
    0..1. ``candidates`` are positions before of ops that it could be as well.
    """

    before: tuple[int, ...]
    how: str
    confidence: float
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Matching:
    """Position after → what it is before, for ops that are anything there.

    ``ops_before`` and ``ops_after`` are the numbers of ops of both graphs.
    ``related`` is the share, in 0..1, of the smaller graph's ops with
    arithmetic that the other one has as well. ``weights`` is the share, in
    0..1, of the large weights of one graph that the other holds as well, of
    that graph where it is larger; ``None`` where one of them has too few to tell.
    """

    matches: Mapping[int, Match]
    ops_before: int
    ops_after: int
    related: float = 1.0
    weights: float | None = None

    @property
    def unmatched_after(self) -> tuple[int, ...]:
        """Positions after of ops that are nothing before."""
        return tuple(at for at in range(self.ops_after) if at not in self.matches)

    @property
    def unmatched_before(self) -> tuple[int, ...]:
        """Positions before of ops that are nothing after."""
        kept = {
            one
            for match in self.matches.values()
            if match.how != "inserted"
            for one in match.before
        }
        return tuple(at for at in range(self.ops_before) if at not in kept)
