"""Habits: what every module of a kind does at its beginning or end.

A class runs the same code wherever it stands. So what every ``Conv1D`` of the
graph has before its Gemm, under whatever name its parent calls it (``c_attn``,
``c_proj``, ``c_fc``), is likely its own: the alternative is that each of its callers
happens to do the same. It is not, once a single ``Conv1D`` goes without; and
where only one caller exists, both explanations are equally good.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field

from hexviz.model import fqn as names
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.gaps import Gap
from hexviz.tagging.structure import structure_of

__all__ = ["Claim", "Claims"]

_CALLERS = 2  # ways in which modules of a kind are called, from which on what they share is theirs
_MOST_EXAMPLES = 3  # other places of a habit that are named

Neighbours = Callable[[int], Iterable[int]]


@dataclass(slots=True)
class Claim:
    """What all modules of a kind share at one end: op types, outwards from the known op."""

    shared: tuple[str, ...] | None = None
    callers: set[int] = field(default_factory=set)
    examples: list[tuple[int, ...]] = field(default_factory=list)
    forms: set[int] = field(default_factory=set)

    def meet(self, types: tuple[str, ...]) -> None:
        """Take what one module more has there."""
        if self.shared is None:
            self.shared = types
            return
        same = 0
        for one, two in zip(self.shared, types, strict=False):
            if one != two:
                break
            same += 1
        self.shared = self.shared[:same]

    def reaches(self, depth: int) -> bool:
        """Whether all modules of the kind have as many ops there."""
        return len(self.shared or ()) > depth

    @property
    def has_callers(self) -> bool:
        """Whether modules of the kind are called in several ways."""
        return len(self.callers) >= _CALLERS

    def others(self, depth: int, mine: Container[int]) -> tuple[int, ...]:
        """A few ops at a depth in other modules of the kind, those of ``mine`` left out."""
        found = [own[depth] for own in self.examples if len(own) > depth]
        return tuple([one for one in found if one not in mine][:_MOST_EXAMPLES])


class Claims:
    """What all gaps of a graph show of the kinds on their routes.

    ``inside`` holds for each position the module that it lies in or below, -1 if none is known.
    """

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, gaps: list[Gap], inside: Ints) -> None:
        self._flat, self._anatomy, self._inside = flat, anatomy, inside
        self._reads_weight = structure_of(flat).reads_weight
        self._claims: dict[object, Claim] = {}
        self._parts: dict[int, tuple[Claim, ...]] = {}
        for gap in gaps:
            self._enter(gap)

    def of(self, gap: Gap) -> tuple[Claim, ...]:
        """The claims that a gap has part in: one for each module of its route."""
        return self._parts[gap.form]

    def _enter(self, gap: Gap) -> None:
        types, route = self._flat.columns.op_types, gap.route
        claims = self._parts.get(gap.form)
        if claims is None:
            first = types[gap.left] if gap.left >= 0 else ""
            last = types[gap.right] if gap.right >= 0 else ""
            claims = self._parts[gap.form] = tuple(self._claims_of(gap, first, last))
        for at in route.near:
            if at == route.turn:
                continue
            claim = claims[at]
            own = self._own(gap, at) if gap.ops else ()
            claim.meet(tuple([types[one] for one in own]))
            claim.callers.add(route.callers[at])
            if own and gap.form not in claim.forms and len(claim.examples) <= _MOST_EXAMPLES:
                claim.forms.add(gap.form)
                claim.examples.append(own)

    def _claims_of(self, gap: Gap, first: str, last: str) -> Iterator[Claim]:
        """The claim that each module of a route has part in, by its kind and what is beside it."""
        route = gap.route
        steps = route.steps
        for at, module in enumerate(route.path):
            after = at < route.turn
            if after:
                edge = first if at == 0 else steps[at - 1]
            else:
                edge = last if at == len(steps) - 1 else steps[at + 1]
            key = None if at == route.turn else (after, int(self._anatomy.kind[module]), edge)
            yield self._claims.setdefault(key, Claim())

    def _own(self, gap: Gap, at: int) -> tuple[int, ...]:
        """Which ops of a gap the module at a place of its route may have, outwards from it."""
        flat = self._flat
        if at < gap.route.turn:
            return self._prefix(gap.ops, gap.route.path[at], flat.links_up.of)
        return self._prefix(gap.ops[::-1], gap.route.path[at], flat.links_down.of)

    def _prefix(self, ops: tuple[int, ...], module: int, neighbours: Neighbours) -> tuple[int, ...]:
        """The first of ``ops`` that dataflow links, one by one, to the module or to each other.

        A weight is held by the module that computes with it, so it ends there
        where modules of the kind compute with none.
        """
        mine: set[int] = set()
        anatomy, inside, paths = self._anatomy, self._inside, self._anatomy.paths.names
        weighted = int(anatomy.kind[module]) in anatomy.weighted
        own = paths[module]
        for at in ops:
            if not weighted and self._reads_weight[at]:
                break
            if not any(
                near in mine or (inside[near] >= 0 and names.is_within(paths[inside[near]], own))
                for near in neighbours(at)
            ):
                break
            mine.add(at)
        return ops[: len(mine)]
