"""Rules ``trace``, ``consumers`` and ``producers``: a module for every op that has none declared.

Exporters list ops in the order they ran, so the modules that were open at an
undeclared op were open at the declared ops before and after it as well::

    order     a: enc.attn.query   x: ?   y: ?   b: enc.attn.key
    open      enc, attn, query    ──── enc, attn ────   enc, attn, key

The deepest module open at both ends (``enc.attn``) is therefore the op's own
module or an ancestor of it: the *bound*. What is decided, in this order:

1. **Doubles** (rule ``trace``): the same op in sibling blocks is recorded, and
   all of them agree (:mod:`hexviz.tagging.siblings`).
2. **Borders**: an op that carries data stays at the bound (rule ``trace``), or
   ends or begins a module (rules ``producers`` and ``consumers``), by what
   weighs more (:mod:`hexviz.tagging.borders`).
3. **Static** ops (made of constants, weights and shapes alone) were made for
   their users: if all of them lie in what opens next, so do they (rule
   ``consumers``), else they stay at the bound. An ``Identity`` that restores a
   de-duplicated weight goes with its users wherever exporters list it.

Where the order is lost (a rewrite shuffled the graph), one rebuilt from
dataflow takes its place (:mod:`hexviz.tagging.order`), with less confidence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import Candidate, Provenance, Step
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.borders import Border, find_borders
from hexviz.tagging.bounds import RELATIONS, Bounds, Decided, are_linked, link, step_to
from hexviz.tagging.conclusions import (
    CONFIDENCE,
    REBUILT,
    Conclusions,
    Fields,
    fields_of,
    nothing_known,
    stated,
)
from hexviz.tagging.order import order_of
from hexviz.tagging.paths import ROOT
from hexviz.tagging.places import Places
from hexviz.tagging.reasons import Reasons
from hexviz.tagging.siblings import Testimony, find_testimony
from hexviz.tagging.structure import structure_of

__all__ = ["CONFIDENCE", "REBUILT", "Inheritance", "conclude", "inherit"]

_SEEN_THROUGH = 64  # undecided ops looked through for the op that links one to its module
_EVIDENCE = 8  # ops named as evidence at most; more than that explains nothing


@dataclass(frozen=True, slots=True)
class Inheritance:
    """A provenance for every position, and modules that only inference knows of."""

    provenance: Reasons
    modules: dict[str, ModuleInfo]


def inherit(
    flat: FlatGraph, declared: Mapping[int, Provenance], modules: Mapping[str, ModuleInfo]
) -> Inheritance:
    """Provenance for every position, declared ones included. Linear in the graph.

    ``modules`` are those that the file or the exporter names.
    """
    size = len(flat.columns.ids)
    reasons = Reasons.of(declared, size)
    if len(declared) == size:
        return Inheritance(reasons, {})
    if not declared:
        nothing = Provenance(*fields_of("nothing known", ""))
        for at in range(size):
            reasons[at] = nothing
        return Inheritance(reasons, {})
    concluded, inferred = conclude(
        flat, Places.of(reasons, size, structure_of(flat).paths), modules
    )
    reasons.conclude(concluded.by_position(), concluded)
    return Inheritance(reasons, inferred)


def conclude(
    flat: FlatGraph, declared: Places, modules: Mapping[str, ModuleInfo]
) -> tuple[Conclusions, dict[str, ModuleInfo]]:
    """What is concluded of all ops of which nothing is declared, where of some something is.

    Then come the modules that only inference knows of.
    """
    with structure_of(flat).working:
        work = _Inference(flat, declared, modules)
        return work.concluded(), work.inferred


class _Inference:
    """One graph of which something is declared.

    ``_where`` holds the module of each position (a number of a path), -1 while nothing is decided.
    """

    def __init__(
        self, flat: FlatGraph, declared: Places, modules: Mapping[str, ModuleInfo]
    ) -> None:
        self._flat, self._modules = flat, modules
        self._structure = structure_of(flat)
        self._paths, self._where = declared.paths, declared.where.copy()
        self._declared = declared
        self._conclusions = Conclusions(flat, declared.paths.names)
        self._sure: dict[int, float] = {}
        """How sure it is of ops that weights decided, and of those that go with them."""
        self.inferred: dict[str, ModuleInfo] = {}
        """Modules that only doubles show."""

    def concluded(self) -> Conclusions:
        """What is concluded of all positions of which nothing is declared."""
        structure, known = self._structure, Places(self._paths, self._where)
        order, kept = order_of(self._flat, self._declared)
        anatomy = Anatomy(self._flat, self._declared, self._modules)
        if self._follow_doubles(anatomy, Bounds(self._flat, known, order)):
            anatomy = Anatomy(self._flat, known, {**self._modules, **self.inferred})
        bounds = Bounds(self._flat, known, order)
        undecided = (self._where < 0) & ~structure.static
        for at, border in find_borders(self._flat, anatomy, order, undecided).items():
            self._follow_border(at, border)
        self._stay(bounds, np.flatnonzero(undecided & (self._where < 0)))
        left = np.flatnonzero(self._where < 0)
        if left.size:
            self._follow_dataflow(left, bounds, Bounds(self._flat, known, order))
        asked = np.flatnonzero(~self._declared.known)
        self._conclusions.close(asked, self._where, rebuilt=not kept)
        return self._conclusions

    def _follow_doubles(self, anatomy: Anatomy, bounds: Bounds) -> bool:
        """Take ops where their doubles are; whether there are such."""
        found = find_testimony(self._flat, anatomy, bounds)
        if not found.ats.size:
            return False
        self._infer_modules(found)
        self._conclusions.bound(
            bounds.decided(found.ats), modules=found.modules, witnesses=found.witnesses
        )
        self._where[found.ats] = found.modules
        return True

    def _infer_modules(self, doubles: Testimony) -> None:
        """Note modules that only doubles show, with the class of their siblings."""
        modules, first, of = np.unique(doubles.modules, return_index=True, return_inverse=True)
        last = np.empty_like(first)
        last[of] = np.arange(len(of))
        for one in np.argsort(first).tolist():
            module = self._paths.names[modules[one]]
            if module not in self._modules:
                sibling = self._where[doubles.witnesses[last[one], 0]]
                known_as = self._modules.get(self._paths.names[sibling])
                self.inferred[module] = ModuleInfo(known_as.class_name if known_as else "", None)

    def _follow_border(self, at: int, border: Border) -> None:
        """Take an op out of its bound where that is likely, and say how likely either is."""
        if not border.is_open:
            self._sure[at] = stated(border.likely)
            self._conclusions.doubt(at, self._sure[at])
        if not border.side:
            return
        own = self._paths.names[border.module]
        near = self._linked(at, own, before=border.side < 0)
        self._where[at] = border.module
        others = tuple([(self._paths.names[one], share) for one, share in border.others])
        self._conclusions.settle(at, _of_border, own, border, near, others)

    def _linked(self, at: int, module: str, *, before: bool) -> int:
        """The nearest op of a module that feeds an op, or uses it; else what does so first."""
        neighbours = self._flat.links_up if before else self._flat.links_down
        waiting = deque(neighbours.of(at))
        first = waiting[0]
        seen = {at}
        while waiting and len(seen) < _SEEN_THROUGH:
            one = waiting.popleft()
            if one in seen:
                continue
            seen.add(one)
            if self._where[one] < 0:
                waiting.extend(neighbours.of(one))
            elif names.is_within(self._paths.names[self._where[one]], module):
                return one
        return first

    def _stay(self, bounds: Bounds, ats: Ints) -> None:
        """Leave ops that carry data at their bounds.

        Owners come before their bodies, and bound them.
        """
        levels = bounds.levels(ats)
        for level in np.unique(levels).tolist():
            here = ats[levels == level]
            decided = bounds.decided(here[bounds.hold(here)])
            self._conclusions.bound(decided)
            self._where[decided.ats] = decided.modules

    def _follow_dataflow(self, left: Ints, bounds: Bounds, settled: Bounds) -> None:
        """Static ops and those that only pass on what they get, users before sources."""
        paths, static = self._paths, self._structure.static[left]
        restoring = self._structure.restoring[left].tolist()
        held = bounds.hold(left).tolist()
        # Each op has a row in one of them.
        ways = [bounds.decided(left[~static]), settled.decided(left[static])]
        row = np.where(static, np.cumsum(static), np.cumsum(~static)) - 1
        meetings = [np.full(len(way.ats), -1, np.int64) for way in ways]
        staying = [np.zeros(len(way.ats), np.bool_) for way in ways]
        where = self._where.tolist()
        unheld: list[int] = []
        for place in range(len(left) - 1, -1, -1):
            at, way, here = int(left[place]), int(static[place]), int(row[place])
            users = [user for user in self._flat.links_down.of(at) if where[user] >= 0]
            if users and (not held[place] or restoring[place]):
                where[at] = self._meeting(where, users)
                kind = "restored weight" if restoring[place] else "consumers without order"
                telling = _telling(where, users)
                self._conclusions.settle(
                    at, _of_users, kind, paths.names[where[at]], telling, tuple(users[:_EVIDENCE])
                )
            elif held[place]:
                decided = ways[way]
                meeting = self._meeting(where, users) if users else -1
                ahead = self._ahead(decided, here, meeting) if way and users else -1
                if ahead >= 0:
                    where[at] = ahead
                    self._go_with(at, users)
                    beyond = () if ahead == meeting else self._end_after(decided, here)
                    self._conclusions.settle(
                        at,
                        _of_next,
                        paths.names[ahead],
                        _telling(where, users),
                        tuple(users[:_EVIDENCE]),
                        beyond,
                        paths.names[decided.modules[here]],
                    )
                else:
                    where[at] = int(decided.modules[here])
                    if meeting == where[at]:
                        self._go_with(at, users)
                    meetings[way][here], staying[way][here] = meeting, True
            else:
                unheld.append(at)
        for at in reversed(unheld):
            sources = [one for one in self._flat.links_up.of(at) if where[one] >= 0]
            if sources:
                where[at] = self._meeting(where, sources)
                module = paths.names[where[at]]
                evidence = tuple(sources[:_EVIDENCE])
                self._conclusions.settle(
                    at, _of_producers, module, _telling(where, sources), evidence
                )
            else:
                where[at] = ROOT
                self._conclusions.settle(at, nothing_known)
        for decided, met, stays in zip(ways, meetings, staying, strict=True):
            self._conclusions.bound(decided.only(stays), meetings=met[stays])
        self._where[left] = [where[at] for at in left.tolist()]

    def _go_with(self, at: int, users: Sequence[int]) -> None:
        """Be no surer of a static op than of the users that it goes with."""
        sure = [self._sure[one] for one in users if one in self._sure]
        if sure:
            self._sure[at] = min(sure)
            self._conclusions.doubt(at, self._sure[at])

    def _meeting(self, where: Sequence[int], positions: Sequence[int]) -> int:
        """The module where those of ``positions`` meet."""
        modules = {where[one] for one in positions}
        if len(modules) == 1:
            return modules.pop()
        met = names.meeting(self._paths.names[one] for one in modules)
        return self._paths.number(met or "")

    def _ahead(self, decided: Decided, row: int, meeting: int) -> int:
        """The module of a static op in what opens next, if all its users lie there; -1 if not."""
        paths = self._paths.names
        bound = paths[decided.modules[row]]
        ahead = names.common_ancestor(paths[meeting], paths[decided.after.modules[row]])
        if ahead == bound or not names.is_within(ahead, bound):
            return -1
        return self._paths.number(ahead)

    def _end_after(self, decided: Decided, row: int) -> tuple[tuple[int, str], ...]:
        """The op at the end after this one, if one is known, and its relation."""
        other = int(decided.after.ops[row])
        return () if other < 0 else ((other, RELATIONS[decided.after.relations[row]]),)


def _telling(where: Sequence[int], positions: Sequence[int]) -> tuple[int, ...]:
    """A few neighbours, one for each module first: they meet where all do."""
    one_each = {where[one]: one for one in reversed(positions)}
    chosen = dict.fromkeys([*reversed(one_each.values()), *positions])
    return tuple(chosen)[:_EVIDENCE]


_BORDER_KINDS = MappingProxyType(
    {
        "habit": ("habit at the end", "habit at the beginning"),
        "pair": ("pair at the end", "pair at the beginning"),
        "own arithmetic": ("own arithmetic", "border at the beginning"),
        "only work": ("only work at the end", "only work at the beginning"),
        "": ("border at the end", "border at the beginning"),
    }
)
"""Kinds of reasons for an op that ends a module, or begins it, by what weighs most."""


def _of_border(
    flat: FlatGraph,
    at: int,
    module: str,
    border: Border,
    near: int,
    others: Sequence[tuple[str, float]],
) -> Fields:
    """An op that ends a module, or begins it."""
    ids, after = flat.columns.ids, border.side < 0
    linked = are_linked(flat, at, near)
    steps = [step_to(flat, at, near, RELATIONS[0 if after else 1], linked=linked)]
    if border.partner >= 0:
        steps.append(Step(ids[border.partner], "undoes it"))
    rejected = [
        Candidate(one, round(share, 2), "is less likely by all that speaks for either")
        for one, share in others
    ]
    return fields_of(
        _BORDER_KINDS[border.reason][0 if after else 1],
        module,
        tuple(steps),
        steps[0].values,
        tuple(rejected),
        tuple([ids[one] for one in border.witnesses[:_EVIDENCE]]),
    )


def _of_next(
    flat: FlatGraph,
    at: int,
    module: str,
    telling: Sequence[int],
    users: Sequence[int],
    beyond: Sequence[tuple[int, str]],
    bound: str,
) -> Fields:
    """A static op in what opens next; where the users lie deeper still, that drew the line."""
    steps = _steps(flat, at, telling)
    for other, relation in beyond:
        steps = (*steps, step_to(flat, at, other, relation, linked=are_linked(flat, at, other)))
    rejected = Candidate(
        bound,
        CONFIDENCE["trace between modules"],
        "was open before and after it, but all its users lie deeper",
    )
    return fields_of("opens next", module, steps, _between(flat, at, users), (rejected,))


def _of_users(
    flat: FlatGraph, at: int, kind: str, module: str, telling: Sequence[int], users: Sequence[int]
) -> Fields:
    """An op that is where its users meet."""
    return fields_of(kind, module, _steps(flat, at, telling), _between(flat, at, users))


def _of_producers(
    flat: FlatGraph, at: int, module: str, telling: Sequence[int], sources: Sequence[int]
) -> Fields:
    """An op that is where those meet that it reads from."""
    outputs = [flat.columns.outputs[source] for source in sources]
    values = flat.columns.inputs[at]
    return fields_of(
        "producers",
        module,
        _steps(flat, at, telling),
        tuple(value for value in values if any(value in made for made in outputs)),
    )


def _steps(flat: FlatGraph, at: int, positions: Sequence[int]) -> tuple[Step, ...]:
    return tuple([link(flat, at, one) for one in positions if are_linked(flat, at, one)])


def _between(flat: FlatGraph, at: int, users: Sequence[int]) -> tuple[str, ...]:
    inputs = flat.columns.inputs
    wanted = {value for user in users for value in inputs[user]}
    return tuple(value for value in flat.columns.outputs[at] if value and value in wanted)
