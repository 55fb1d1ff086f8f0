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
from hexviz.model.op import Provenance
from hexviz.tagging.order import nearest

__all__ = ["Bounds", "are_two_calls", "body_owners"]


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


class Bounds:
    """For each position the nearest known ops before and after it in execution order.

    ``known`` may grow while the bounds are asked: an owner that becomes known
    bounds its bodies from then on. What is between other ops is not looked at
    again.
    """

    def __init__(
        self, flat: FlatGraph, known: Mapping[int, Provenance], order: Sequence[int]
    ) -> None:
        self._flat = flat
        self._known = known
        self._before, self._after = nearest(flat, order, known)
        callers = find_calls(flat).callers
        self._owners = body_owners(flat)
        self._owners.update({path: ats[0] for path, ats in callers.items() if len(ats) == 1})
        self._inside = _met_inside(flat, known, self._owners)
        self._met: dict[str, tuple[int | None, str]] = {}
        """Path of a function with several calls → a known one, and where all of them meet."""
        for path, ats in callers.items():
            if len(ats) > 1:
                modules = [known[at].module if at in known else self.module(at) for at in ats]
                met = reduce(names.common_ancestor, modules)
                self._met[path] = next((at for at in ats if at in known), None), met

    def around(self, at: int) -> tuple[int | None, int | None]:
        """The nearest known positions before and after; at the edge of a body its owner.

        Where the owner is not known, what is around the owner.
        """
        return self._end(self._before, at)[0], self._end(self._after, at)[0]

    def _end(self, side: Sequence[int | None], at: int) -> tuple[int | None, str]:
        """The nearest known position on one side, and the module that is open there."""
        while (found := side[at]) is None:
            body = self._flat.ops[at].body
            owner = self._owners.get(body)
            if owner is None:
                return self._met.get(body, (None, ""))
            if owner in self._known:
                return owner, self._known[owner].module
            at = owner
        return found, self._known[found].module

    def hold(self, at: int) -> bool:
        """Whether anything is known before or after, in its bodies, or in the function it calls."""
        return at in self._inside or self.around(at) != (None, None)

    def ends(self, at: int) -> tuple[str, str]:
        """The modules open before and after; the root before the first and after the last."""
        return self._end(self._before, at)[1], self._end(self._after, at)[1]

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

    def evidence(self, at: int) -> tuple[str, ...]:
        """The ids of the ops at both ends, each once, and of those inside that decide, too."""
        found = [end for end in self.around(at) if end is not None]
        inside = self._inside.get(at)
        if inside is not None and not (found and names.is_within(inside[0], self._between(at))):
            found.extend(inside[1])
        return tuple(dict.fromkeys([self._flat.ops[one].id for one in found]))

    def within_one_module(self, at: int) -> bool:
        """Whether one module is open on both sides, at two ops of the same body."""
        one, two = self._before[at], self._after[at]
        if one is None or two is None:
            return False
        return self._known[one].module == self._known[two].module == self.module(at)


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
