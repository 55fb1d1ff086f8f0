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

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import find_calls
from hexviz.model.op import Provenance, Step
from hexviz.tagging.order import nearest

__all__ = ["Bounds", "are_two_calls", "body_owners", "link"]


def body_owners(flat: FlatGraph) -> dict[str, int]:
    """Path of a body → position of the op that owns it; functions have no owner."""
    if len(flat.bodies) == 1:
        return {}
    owned = {body.owner for body in flat.bodies if body.owner}
    positions = {op.id: at for at, op in enumerate(flat.ops) if op.id in owned}
    return {body.path: positions[body.owner] for body in flat.bodies if body.owner}


def are_two_calls(flat: FlatGraph, one: int, other: int) -> bool:
    """Whether two ops of one module are in two calls of it, as they compute with one weight."""
    read = flat.weights.keys() & flat.ops[one].inputs
    return one != other and not read.isdisjoint(flat.ops[other].inputs)


def link(flat: FlatGraph, at: int, other: int) -> Step | None:
    """The step from an op to another that feeds or uses it; ``None`` where neither does."""
    here, there = flat.ops[at], flat.ops[other]
    if other in flat.successors[at]:
        return Step(there.id, "uses it", _common(here.outputs, there.inputs))
    if other in flat.predecessors[at]:
        return Step(there.id, "feeds it", _common(there.outputs, here.inputs))
    return None


def _common(made: Sequence[str], read: Sequence[str]) -> tuple[str, ...]:
    return tuple([value for value in dict.fromkeys(made) if value and value in read])


_End = tuple[int | None, str, str]
"""What bounds an op on one side: a known position, the module open there, and the relation."""


_ORDER = ("ran before it", "ran after it")
"""Relations that a link between the two ops says more precisely."""


class Bounds:
    """For each position the nearest known ops before and after it in execution order.

    ``known`` may grow while the bounds are in use: an owner that becomes known
    bounds its bodies from then on. What is between other ops is not looked at
    again.
    """

    def __init__(
        self, flat: FlatGraph, known: Mapping[int, Provenance], order: Sequence[int]
    ) -> None:
        self._flat = flat
        self._known = known
        self._before, self._after = nearest(flat, order, known)
        self._callers = find_calls(flat).callers
        self._owners = body_owners(flat)
        self._owners.update({path: ats[0] for path, ats in self._callers.items() if len(ats) == 1})
        self._inside = _met_inside(flat, known, self._owners)
        self._steps: dict[tuple[int, str], Step] = {}
        self._met: dict[str, _End] = {}
        """Path of a function with several calls → a known one, and where all of them meet."""
        for path, ats in self._callers.items():
            if len(ats) > 1:
                modules = [known[at].module if at in known else self.module(at) for at in ats]
                met = reduce(names.common_ancestor, modules)
                first = next((at for at in ats if at in known), None)
                self._met[path] = first, met, "calls its function"

    def around(self, at: int) -> tuple[int | None, int | None]:
        """The nearest known positions before and after; at the edge of a body its owner.

        Where the owner is not known, what is around the owner.
        """
        return self._end_before(at)[0], self._end_after(at)[0]

    def _end_before(self, at: int) -> _End:
        return self._end(self._before, at, _ORDER[0])

    def _end_after(self, at: int) -> _End:
        return self._end(self._after, at, _ORDER[1])

    def _end(self, side: Sequence[int | None], at: int, relation: str) -> _End:
        """The nearest known position on one side, and the module that is open there."""
        while (found := side[at]) is None:
            body = self._flat.ops[at].body
            owner = self._owners.get(body)
            if owner is None:
                return self._met.get(body, (None, "", ""))
            if owner in self._known:
                how = "calls its function" if body in self._callers else "holds its body"
                return owner, self._known[owner].module, how
            at = owner
        return found, self._known[found].module, relation

    def hold(self, at: int) -> bool:
        """Whether anything is known before or after, in its bodies, or in the function it calls."""
        return at in self._inside or self.around(at) != (None, None)

    def ends(self, at: int) -> tuple[str, str]:
        """The modules open before and after; the root before the first and after the last."""
        return self._end_before(at)[1], self._end_after(at)[1]

    def module(self, at: int) -> str:
        """The deepest module open at both ends, and around all that is known in its bodies."""
        bound = self._between(at)
        inside = self._inside.get(at)
        return bound if inside is None else names.common_ancestor(bound, inside[0])

    def _between(self, at: int) -> str:
        """The deepest module open at both ends, and in between."""
        one, two = self.around(at)
        if one is None or two is None:
            return ""
        module = names.common_ancestor(*self.ends(at))
        return names.parent(module) if self._reopens(one, two) else module

    def _reopens(self, one: int, two: int) -> bool:
        same = self._known[one].module == self._known[two].module
        return same and are_two_calls(self._flat, one, two)

    def steps(self, at: int) -> tuple[Step, ...]:
        """The ops at both ends, each once, and of those in its bodies the ones that decide, too."""
        ends = (self._end_before(at), self._end_after(at))
        found = {one: relation for one, _, relation in ends if one is not None}
        inside = self._inside.get(at)
        if inside is not None and not (found and names.is_within(inside[0], self._between(at))):
            found.update(dict.fromkeys(inside[1], "runs in its body"))
        return tuple([self._step(at, one, relation) for one, relation in found.items()])

    def step_after(self, at: int) -> tuple[Step, ...]:
        """The op at the end after this one, if one is known."""
        other, _, relation = self._end_after(at)
        return () if other is None else (self._step(at, other, relation),)

    def _step(self, at: int, other: int, relation: str) -> Step:
        if relation in _ORDER and (linked := link(self._flat, at, other)) is not None:
            return linked
        known = self._steps.get((other, relation))
        if known is None:
            known = self._steps[other, relation] = Step(self._flat.ops[other].id, relation)
        return known

    def kind(self, at: int) -> str:
        """What makes :meth:`module` the bound: a kind of rule ``trace``."""
        one, two = self._before[at], self._after[at]
        if one is not None and two is not None:
            earlier, later = self._known[one].module, self._known[two].module
            if earlier == later == self.module(at):
                return "trace within a module"
        (first, _, relation), (last, _, _) = self._end_before(at), self._end_after(at)
        if first is None or last is None:
            return "edge of the graph"
        if first == last:  # both edges are the op around its body
            return "function" if relation == "calls its function" else "body"
        return "two calls" if self._reopens(first, last) else "trace between modules"


def _met_inside(
    flat: FlatGraph, known: Mapping[int, Provenance], owners: Mapping[str, int]
) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Owner → where the known ops of its bodies meet, and two of them that meet there, or one."""
    found: dict[int, tuple[str, tuple[int, ...]]] = {}
    if not owners:
        return found
    # The ops of a body come before its owner: what is inside is complete when the owner comes.
    for at, op in enumerate(flat.ops):
        owner = owners.get(op.body)
        if owner is None:
            continue
        here = (known[at].module, (at,)) if at in known else found.get(at)
        if here is None:
            continue
        met = found.get(owner)
        if met is None:
            found[owner] = here
        elif not names.is_within(here[0], met[0]):
            first = met[1][0]
            other = min(
                here[1],
                key=lambda one: len(names.common_ancestor(known[first].module, known[one].module)),
            )
            found[owner] = (names.common_ancestor(met[0], here[0]), (first, other))
    return found
