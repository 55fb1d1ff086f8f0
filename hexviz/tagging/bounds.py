"""What was open before and after each op: the bound on the module it can belong to.

What runs in a body of an If, Loop or Scan runs while the module of the op that
owns the body is open. So the edges of a body are its owner::

    z = If(c)  in enc.gate        t: between the owner and u   →  enc.gate or below
      then: t = Sin(e)            u: in enc.gate.act, declared
            u = Relu(t)

Two ops of one module that compute with the same weight are two calls of it, and
what lies between them need not be in it::

    h = MatMul(x, fc.weight)     a: between two calls of fc     →  what encloses fc, or below
    a = Tanh(h)
    y = MatMul(a, fc.weight)

What runs in a function runs while the module of each of its calls is open: the
edges of a function are its one call, or where its calls meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.cached import kept_with_argument
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import Calls, find_calls
from hexviz.model.op import Step
from hexviz.tagging.order import nearest
from hexviz.tagging.paths import ROOT
from hexviz.tagging.places import Places
from hexviz.tagging.structure import Mask, slices, starts_of, structure_of

__all__ = [
    "BOUND_KINDS",
    "RELATIONS",
    "Bounds",
    "Decided",
    "Ends",
    "are_linked",
    "are_two_calls",
    "body_owners",
    "link",
    "step_to",
]


@kept_with_argument
def body_owners(flat: FlatGraph) -> Mapping[str, int]:
    """Path of a body → position of the op that owns it; functions have no owner."""
    if len(flat.bodies) == 1:
        return {}
    owned = {body.owner for body in flat.bodies if body.owner}
    positions = {one: at for at, one in enumerate(flat.columns.ids) if one in owned}
    return {body.path: positions[body.owner] for body in flat.bodies if body.owner}


@kept_with_argument
def _calls(flat: FlatGraph) -> Calls:
    return find_calls(flat)


def are_two_calls(flat: FlatGraph, ones: Ints, others: Ints) -> Mask:
    """Whether each two ops of one module are in two calls of it: they compute with one weight."""
    structure = structure_of(flat)
    found = np.zeros(len(ones), np.bool_)
    reading = structure.reads_weight
    may = np.flatnonzero((ones != others) & reading[ones] & reading[others])
    if may.size:
        pairs = np.unique(ones[may] << 32 | others[may], return_inverse=True)
        shared = _share_weight(flat, pairs[0] >> 32, pairs[0] & 0xFFFFFFFF)
        found[may] = shared[pairs[1]]
    return found


def _share_weight(flat: FlatGraph, ones: Ints, others: Ints) -> Mask:
    structure = structure_of(flat)
    stored = structure.weights[structure.read]
    starts = starts_of(structure.readers[stored], structure.size)
    values = structure.read[stored]
    keys = []
    for ends in (ones, others):
        found, whose = slices(starts, ends)
        keys.append(whose << 32 | values[found])
    shared = np.zeros(len(ones), np.bool_)
    shared[keys[0][np.isin(keys[0], keys[1])] >> 32] = True
    return shared


def are_linked(flat: FlatGraph, at: int, other: int) -> bool:
    """Whether an op feeds another or uses it."""
    return other in (flat.links_down if other > at else flat.links_up).of(at)


def link(flat: FlatGraph, at: int, other: int) -> Step:
    """The step from an op to another that it is linked to."""
    ids, inputs, outputs = flat.columns.ids, flat.columns.inputs, flat.columns.outputs
    if other > at:
        return Step(ids[other], "uses it", _common(outputs[at], inputs[other]))
    return Step(ids[other], "feeds it", _common(outputs[other], inputs[at]))


def step_to(flat: FlatGraph, at: int, other: int, relation: str, *, linked: bool) -> Step:
    """The step to an op that bounds another: by the relation, where no link says it better."""
    if linked and relation in _IN_TIME:
        return link(flat, at, other)
    return Step(flat.columns.ids[other], relation)


def _common(made: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    if len(made) == 1:
        return (*made,) if made[0] and made[0] in read else ()
    return tuple([value for value in dict.fromkeys(made) if value and value in read])


RELATIONS = (
    "ran before it",
    "ran after it",
    "calls its function",
    "holds its body",
    "runs in its body",
)
"""How what bounds an op stands to it; of the first two, a link between the two says it better."""

_BEFORE, _AFTER, _CALLS, _HOLDS, _INSIDE = range(len(RELATIONS))
_IN_TIME = (RELATIONS[_BEFORE], RELATIONS[_AFTER])


class Ends(NamedTuple):
    """What bounds each of some ops on one side.

    ``ops`` are known positions, -1 where there is none; ``modules`` the numbers of the modules
    that are open there, the root where there is none; ``relations`` are numbers in
    :data:`RELATIONS`.
    """

    ops: Ints
    modules: Ints
    relations: Ints


BOUND_KINDS = (
    "trace within a module",
    "trace between modules",
    "two calls",
    "body",
    "function",
    "edge of the graph",
)
"""What makes something the bound: kinds of rule ``trace``."""


class Decided(NamedTuple):
    """The bounds of some ops, with what they rest on.

    ``kinds`` are numbers in ``BOUND_KINDS``; ``inside`` holds known ops of an op's bodies that are
    evidence as well.
    """

    ats: Ints
    before: Ends
    after: Ends
    modules: Ints
    kinds: Ints
    inside: Mapping[int, tuple[int, ...]]

    def only(self, some: Mask) -> Decided:
        """The same of some of the ops."""
        return Decided(
            self.ats[some],
            Ends(*(column[some] for column in self.before)),
            Ends(*(column[some] for column in self.after)),
            self.modules[some],
            self.kinds[some],
            self.inside,
        )


class Bounds:
    """For each position the nearest known ops before and after it in execution order.

    What is ``known`` may grow while the bounds are in use: an owner that becomes known
    bounds its bodies from then on. What is between other ops is not looked at
    again.
    """

    def __init__(self, flat: FlatGraph, known: Places, order: Sequence[int] | Ints) -> None:
        self._flat = flat
        self._structure = structure = structure_of(flat)
        self._paths, self._where = known
        self._before, self._after = nearest(structure, np.asarray(order), known.known)
        self._callers = _calls(flat).callers
        owners = dict(body_owners(flat))
        owners.update({path: ats[0] for path, ats in self._callers.items() if len(ats) == 1})
        self._streams = {name: number for number, name in enumerate(structure.stream_names)}
        self._owners = {
            self._streams[path]: at for path, at in owners.items() if path in self._streams
        }
        """Number of a stream → the op that owns its body, or is the one call of its function."""
        self._called = {self._streams[path] for path in self._callers if path in self._streams}
        self._inside = _met_inside(flat, known, owners)
        self._met: dict[int, tuple[int, int, int]] = {}
        """Number of a function with several calls → a known one, and where all of them meet."""
        for path, ats in self._callers.items():
            if len(ats) > 1:
                modules = [
                    self._where[at] if self._where[at] >= 0 else self._number(self.module(at))
                    for at in ats
                ]
                met = reduce(names.common_ancestor, [self._paths.names[one] for one in modules])
                first = next((at for at in ats if self._where[at] >= 0), -1)
                if path in self._streams:
                    self._met[self._streams[path]] = first, self._number(met), _CALLS

    def _number(self, module: str) -> int:
        return self._paths.number(module)

    def before(self, ats: Ints) -> Ends:
        """What was open before each op; at the edge of a body its owner.

        Where the owner is not known, what is before the owner.
        """
        return self._ends(self._before, ats, _BEFORE)

    def after(self, ats: Ints) -> Ends:
        """What was open after each op; at the edge of a body as :meth:`before`."""
        return self._ends(self._after, ats, _AFTER)

    def _ends(self, side: Ints, ats: Ints, relation: int) -> Ends:
        ops = side[ats]
        modules = np.where(ops >= 0, self._where[ops], ROOT)
        relations = np.full(len(ats), relation)
        if self._owners or self._met:
            for place in np.flatnonzero(ops < 0).tolist():
                found = self._end(side, int(ats[place]), relation)
                ops[place], modules[place], relations[place] = found
        return Ends(ops, modules, relations)

    def _end(self, side: Ints, at: int, relation: int) -> tuple[int, int, int]:
        """The nearest known position on one side, and the module that is open there."""
        where = self._where
        while (found := int(side[at])) < 0:
            stream = int(self._structure.streams[at])
            owner = self._owners.get(stream)
            if owner is None:
                return self._met.get(stream, (-1, ROOT, relation))
            if where[owner] >= 0:
                return owner, int(where[owner]), _CALLS if stream in self._called else _HOLDS
            at = owner
        return found, int(where[found]), relation

    def levels(self, ats: Ints) -> Ints:
        """How many owners of bodies lie around each op, as far as they are known of."""
        streams = self._structure.streams
        found: dict[int, int] = {}
        for stream in range(len(self._structure.stream_names)):
            around = []
            here: int | None = stream
            while here is not None and here not in found:
                around.append(here)
                owner = self._owners.get(here)
                here = None if owner is None else int(streams[owner])
            level = -1 if here is None else found[here]
            for one in reversed(around):
                level += 1
                found[one] = level
        return np.array([found[one] for one in range(len(found))], np.int64)[streams[ats]]

    def hold(self, ats: Ints) -> Mask:
        """Whether anything is known before or after, in its bodies, or in the function it calls."""
        found = (self.before(ats).ops >= 0) | (self.after(ats).ops >= 0)
        if self._inside:
            found |= np.array([at in self._inside for at in ats.tolist()], np.bool_)
        return found

    def ends(self, at: int) -> tuple[str, str]:
        """The modules open before and after; the root before the first and after the last."""
        one = np.array([at])
        ends = self.before(one).modules[0], self.after(one).modules[0]
        return self._paths.names[ends[0]], self._paths.names[ends[1]]

    def module(self, at: int) -> str:
        """The deepest module open at both ends, and around all that is known in its bodies."""
        return self._paths.names[int(self.modules(np.array([at]))[0])]

    def modules(self, ats: Ints) -> Ints:
        """As :meth:`module`, of many ops, as numbers."""
        return self._bounds(ats, self.before(ats), self.after(ats))[0]

    def _bounds(self, ats: Ints, before: Ends, after: Ends) -> tuple[Ints, Ints, Mask]:
        """The bound of each op; that without what is in its bodies; whether it reopens there."""
        both = (before.ops >= 0) & (after.ops >= 0)
        between = np.where(both, self._paths.common(before.modules, after.modules), ROOT)
        same = both & (self._where[before.ops] == self._where[after.ops])
        reopens = np.zeros(len(ats), np.bool_)
        reopens[same] = are_two_calls(self._flat, before.ops[same], after.ops[same])
        between = np.where(reopens, self._paths.parents[between], between)
        bounds = between.copy()
        if self._inside:
            for place, at in enumerate(ats.tolist()):
                inside = self._inside.get(at)
                if inside is not None:
                    met = names.common_ancestor(self._paths.names[between[place]], inside[0])
                    bounds[place] = self._number(met)
        return bounds, between, reopens

    def decided(self, ats: Ints) -> Decided:
        """The bound of each op, with all that a reason says of it."""
        before, after = self.before(ats), self.after(ats)
        bounds, between, reopens = self._bounds(ats, before, after)
        one, two = self._before[ats], self._after[ats]
        known = (one >= 0) & (two >= 0)
        within = known & (self._where[one] == bounds) & (self._where[two] == bounds)
        kinds = np.full(len(ats), BOUND_KINDS.index("trace between modules"))
        kinds[reopens] = BOUND_KINDS.index("two calls")
        around = before.ops == after.ops  # both edges are the op around its body
        kinds[around] = BOUND_KINDS.index("body")
        kinds[around & (before.relations == _CALLS)] = BOUND_KINDS.index("function")
        kinds[(before.ops < 0) | (after.ops < 0)] = BOUND_KINDS.index("edge of the graph")
        kinds[within] = BOUND_KINDS.index("trace within a module")
        more: dict[int, tuple[int, ...]] = {}
        if self._inside:
            for place, at in enumerate(ats.tolist()):
                inside = self._inside.get(at)
                if inside is None:
                    continue
                bounded = before.ops[place] >= 0 or after.ops[place] >= 0
                within_it = names.is_within(inside[0], self._paths.names[between[place]])
                if not (bounded and within_it):
                    more[at] = inside[1]
        return Decided(ats, before, after, bounds, kinds, more)


def _met_inside(
    flat: FlatGraph, known: Places, owners: Mapping[str, int]
) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Owner → where the known ops of its bodies meet, and two of them that meet there, or one."""
    found: dict[int, tuple[str, tuple[int, ...]]] = {}
    if not owners:
        return found
    paths = known.paths.names
    where = known.where.tolist()
    # The ops of a body come before its owner: what is inside is complete when the owner comes.
    for at, body in enumerate(flat.columns.bodies):
        owner = owners.get(body)
        if owner is None:
            continue
        here = (paths[where[at]], (at,)) if where[at] >= 0 else found.get(at)
        if here is None:
            continue
        met = found.get(owner)
        if met is None:
            found[owner] = here
        elif not names.is_within(here[0], met[0]):
            first = met[1][0]
            other = min(
                here[1],
                key=lambda one: len(names.common_ancestor(paths[where[first]], paths[where[one]])),
            )
            found[owner] = (names.common_ancestor(met[0], here[0]), (first, other))
    return found
