"""What speaks for each module that an op at a border may belong to: named facts, without weights.

A *candidate* is a module of the route of the op's gap (:mod:`hexviz.tagging.gaps`): the *bound*,
which encloses both ends, or one that the op would end or begin. A module that dataflow does not
link to the op is none. What the facts weigh is in :mod:`hexviz.tagging.border_weights`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.op import category
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.gaps import Gap
from hexviz.tagging.habits import Claim, Claims
from hexviz.tagging.layout import RankChanges, find_pairs
from hexviz.tagging.paths import ROOT
from hexviz.tagging.structure import structure_of

__all__ = ["Candidate", "Evidence"]

_NEAR = 40  # undecided ops looked through for the next known ones

_OPS = {
    "Reshape": "reshape",
    "Flatten": "reshape",
    "Squeeze": "axis",
    "Unsqueeze": "axis",
    "Transpose": "transpose",
    "Slice": "select",
    "Split": "select",
    "Gather": "select",
    "GatherND": "select",
    "GatherElements": "select",
    "Concat": "join",
    "Cast": "cast",
    "CastLike": "cast",
    "Identity": "pass",
}
"""What an auxiliary op does to the value that it carries."""

_COARSE = {
    "reshape": "layout",
    "axis": "layout",
    "transpose": "layout",
    "select": "part",
    "join": "part",
}

_LEAVES = ("recurrent", "dense", "matrix", "norm")
_ARITHMETIC = {
    "LSTM": "recurrent",
    "GRU": "recurrent",
    "RNN": "recurrent",
    "Conv": "dense",
    "ConvTranspose": "dense",
    "MatMul": "dense",
    "Gather": "dense",
    "Gemm": "matrix",
    "LayerNormalization": "norm",
    "BatchNormalization": "norm",
    "InstanceNormalization": "norm",
    "GroupNormalization": "norm",
    "RMSNormalization": "norm",
    "ReduceMean": "norm",
}
"""What kind of layer a module without children is, by its arithmetic; the first kind counts."""

_BUSY = 4  # kinds of own ops that make a module without children more than one layer

_MIXING = frozenset({"MatMul", "Einsum", "Gemm", "Conv", "Softmax"})
"""Arithmetic whose result has another layout than what goes on from it often needs."""


class Candidate(NamedTuple):
    """A module that an op may belong to: its place in the route, and what speaks for or against."""

    place: int
    facts: tuple[str, ...]


class Evidence:
    """The facts about all gaps of a graph."""

    def __init__(self, flat: FlatGraph, anatomy: Anatomy, gaps: list[Gap], order: Ints) -> None:
        self._flat, self._anatomy = flat, anatomy
        self._types = flat.columns.op_types
        self._home = anatomy.home
        filled = [gap for gap in gaps if gap.ops]
        self._gap_of = {at: number for number, gap in enumerate(filled) for at in gap.ops}
        self._gaps = filled
        inside = anatomy.home.copy()
        for gap in filled:
            inside[list(gap.ops)] = gap.route.path[gap.route.turn]
        self._inside = inside
        self.claims = Claims(flat, anatomy, gaps, inside)
        self._changes = RankChanges(flat)
        turned = structure_of(flat).of_types({"Transpose"})
        waiting = [at for at in order[turned[order]].tolist() if at in self._gap_of]
        self.pairs = find_pairs(flat, ((at, self._gap_of[at]) for at in waiting))

    @cached_property
    def _members(self) -> Ints:
        return np.append(np.unique(self._anatomy.numbers[self._anatomy.numbers != ROOT]), ROOT)

    @cached_property
    def _children(self) -> tuple[list[int], list[int]]:
        """By module how many children it has, and how many of them are called by an index."""
        anatomy, size = self._anatomy, len(self._anatomy.above)
        parts = self._members[:-1]
        listed = anatomy.decimal[anatomy.paths.steps[parts]]
        above = anatomy.above[parts]
        return (
            np.bincount(above, minlength=size).tolist(),
            np.bincount(above[listed], minlength=size).tolist(),
        )

    @cached_property
    def _own(self) -> list[int]:
        """By module how many known ops are its own."""
        known = self._home[self._home >= 0]
        counts: list[int] = np.bincount(known, minlength=len(self._anatomy.above)).tolist()
        return counts

    @cached_property
    def _alike(self) -> list[int]:
        """By module how many are of its kind."""
        kinds = self._anatomy.kind[self._members]
        _, own, counts = np.unique(kinds, return_inverse=True, return_counts=True)
        found = np.zeros(len(self._anatomy.above), np.int64)
        found[self._members] = counts[own]
        alike: list[int] = found.tolist()
        return alike

    @cached_property
    def _layers(self) -> list[str]:
        """By module what kind of layer it is, if it has no children."""
        structure, size = structure_of(self._flat), len(self._anatomy.above)
        known = np.flatnonzero(self._home >= 0)
        of_type = np.array(
            [
                _LEAVES.index(_ARITHMETIC[name]) if name in _ARITHMETIC else len(_LEAVES)
                for name in structure.type_names
            ],
            np.int64,
        )
        least = np.full(size, len(_LEAVES))
        np.minimum.at(least, self._home[known], of_type[structure.op_types[known]])
        pairs = np.unique(self._home[known] << 32 | structure.op_types[known])
        kinds = np.bincount(pairs >> 32, minlength=size)
        layers = [*_LEAVES, "plain"]
        found = [layers[one] for one in least.tolist()]
        for module in np.flatnonzero(kinds >= _BUSY).tolist():
            if found[module] != "norm":
                works = found[module] in ("dense", "recurrent")
                found[module] = "recurrent" if works else "busy"
        return found

    def _is_within(self, at: int, module: int) -> bool:
        """Whether an op is known to lie in a module."""
        inside, paths = self._inside[at], self._anatomy.paths.names
        return bool(inside >= 0) and names.is_within(paths[inside], paths[module])

    def candidates(self, gap: Gap) -> Iterator[tuple[int, list[Candidate]]]:
        """Each op of a gap with the modules that it may belong to, in the order of the route."""
        path, turn = gap.route.path, gap.route.turn
        claims = self.claims.of(gap)
        places = gap.route.near
        linked = {place: self._linked(gap, place, claims[place]) for place in places}
        count = len(gap.ops)
        for depth, at in enumerate(gap.ops):
            does = self._does(at)
            change = self._changes.of(at) if does == "reshape" else ""
            found = []
            for place in places:
                module = path[place]
                if place == turn:
                    found.append(Candidate(place, tuple(self._of_bound(gap, at, module))))
                elif at in linked[place]:
                    outwards = depth if place < turn else count - 1 - depth
                    facts = self._of_side(gap, at, place, does, change, claims[place], outwards)
                    side = "end" if place < turn else "begin"
                    found.append(Candidate(place, tuple([f"{side} {fact}" for fact in facts])))
            yield at, found

    def _linked(self, gap: Gap, place: int, claim: Claim) -> set[int]:
        """The ops of a gap that dataflow links to a module at one end, also through each other.

        Arithmetic may be all of a module that the file does not name, such as an activation. So
        it is linked only where every module of the kind has it, whoever calls it.
        """
        flat, module, turn = self._flat, gap.route.path[place], gap.route.turn
        found: set[int] = set()
        if place == turn:
            return found
        neighbours = flat.links_up.of if place < turn else flat.links_down.of
        for depth, at in enumerate(gap.ops if place < turn else reversed(gap.ops)):
            if self._does(at) == "compute" and not (claim.has_callers and claim.reaches(depth)):
                break
            if any(one in found or self._is_within(one, module) for one in neighbours(at)):
                found.add(at)
        return found

    def _does(self, at: int) -> str:
        """What an op does, by category."""
        known = _OPS.get(self._types[at])
        if known is not None:
            return known
        domain = self._flat.columns.domains[at]
        return "compute" if category(domain, self._types[at]) is None else "other"

    def is_open(self, gap: Gap, at: int) -> bool:
        """Whether an op may be all of a module that the file does not name, or next to one."""
        if gap.left < 0 or gap.right < 0 or self._does(at) == "pass":
            return True
        return self._gap_of[at] in self._computing

    @cached_property
    def _computing(self) -> frozenset[int]:
        """The numbers of gaps in which an op does arithmetic."""
        return frozenset(
            number
            for number, gap in enumerate(self._gaps)
            if any(self._does(one) == "compute" for one in gap.ops)
        )

    def _next_to(self, at: int, neighbours: Callable[[int], list[int]]) -> set[int]:
        """The modules of the nearest known ops in one direction."""
        found: set[int] = set()
        waiting, seen = neighbours(at)[:_NEAR], {at}
        while waiting and len(seen) < _NEAR:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if self._home[one] >= 0:
                found.add(int(self._home[one]))
            else:
                waiting.extend(neighbours(one)[:_NEAR])
        return found

    def _of_bound(self, gap: Gap, at: int, module: int) -> Iterator[str]:
        """Facts about an op that would be glue in what encloses both ends."""
        yield "bound"
        if self._own[module]:
            yield "bound works"
        elif self._is_list(module):
            yield "bound list"
        if module == ROOT:
            yield "bound root"
        users = self._next_to(at, self._flat.links_down.of)
        if module in users:
            yield "bound serves"
        if module in self._next_to(at, self._flat.links_up.of):
            yield "bound served"
        if len(set(self._flat.links_down.of(at))) > 1:
            yield "bound several users"
        if gap.left < 0 or gap.right < 0:
            yield "bound edge"
        partner = self.pairs.get(at)
        if partner is not None and module not in self._gaps[self._gap_of[partner]].route.path:
            yield "bound pair out"

    def _is_list(self, module: int) -> bool:
        children, listed = self._children
        return 0 < children[module] == listed[module] and not self._own[module]

    def _of_side(
        self,
        gap: Gap,
        at: int,
        place: int,
        does: str,
        change: str,
        claim: Claim,
        depth: int,
    ) -> Iterator[str]:
        """Facts about an op that would end a module, or begin it; ``depth`` counts from there."""
        path, turn = gap.route.path, gap.route.turn
        module, ends = path[place], place < turn
        yield f"type {does}"
        if change:
            yield f"reshape {change}"
        if not claim.reaches(depth):
            habit = "refuted"
        elif claim.has_callers:
            habit = "habit"
        else:
            habit = "habit one caller" if self._alike[module] > 1 else "lone"
        children, own = self._children[0][module], self._own[module]
        if not children:
            yield f"leaf {self._layers[module]} {_COARSE.get(does, does)}"
            yield f"leaf {habit}"
            if own >= _BUSY:
                yield "leaf busy"
        else:
            yield habit
            end = gap.left if place == 0 else gap.right if place == len(path) - 1 else -1
            if end >= 0:
                yield "itself mixes" if self._types[end] in _MIXING else "itself combines"
            if self._is_list(module):
                yield "list"
            elif own:
                yield "works"
            else:
                yield "wrapper" if children == 1 else "idle"
            if abs(place - turn) > 1:
                yield "deep"
        if self._leaks(at, module, ends=ends):
            yield "leak"
        partner = self.pairs.get(at)
        if partner is not None:
            route = self._gaps[self._gap_of[partner]].route
            if module not in route.path:
                yield "pair out"
            else:
                yield "pair in" if route.path.index(module) == route.turn else "pair around"

    def _leaks(self, at: int, module: int, *, ends: bool) -> bool:
        """Whether others outside a module read what would be inside it only."""
        flat, number = self._flat, self._gap_of[at]
        sources = [at]
        if ends:
            sources = [
                one
                for one in flat.links_up.of(at)
                if self._gap_of.get(one) == number or self._is_within(one, module)
            ]
        return any(
            self._gap_of.get(user) != number and not self._is_within(user, module)
            for one in sources
            for user in flat.links_down.of(one)[:_NEAR]
        )
