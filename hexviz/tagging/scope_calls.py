"""Scopes of node names as calls: which call of a module was which, by their numbers.

The TorchScript exporter numbers the scopes of one name in the order of their
calls, and keeps all that is opened inside of them under the name of the first::

    /enc/fc/Gemm     /enc/Relu          first call
    /enc/fc_1/Gemm   /enc_1/Relu        second call

So where the module of ``/enc/fc_1`` is known, that of ``/enc_1`` is, and the other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from hexviz.model import fqn as names
from hexviz.tagging.naming import Path, call_number, first_call

__all__ = ["MOST", "Call", "join_calls", "settle_by_number"]

MOST = 64
"""The most modules that a scope may be for their insides to be looked at."""


class Call:
    """One scope of the file: a call of a module, with the scopes opened in it."""

    __slots__ = (
        "_fqns",
        "_within",
        "alone",
        "calls",
        "children",
        "fqn",
        "holders",
        "meeting",
        "parent",
        "several",
        "step",
        "sure",
    )

    def __init__(self, step: str, parent: Call | None) -> None:
        self.step = step
        self.parent = parent
        self.children: dict[str, Call] = {}
        self.fqn = ""
        self.sure = True
        self.several: frozenset[str] = frozenset()
        """The modules that fit its name, where those are several."""
        self.alone: str | None = ""
        """The one module that it, or a later call of its name, may be; ``None`` of several."""
        self._within: frozenset[str] | None = None
        self.meeting = ""
        """What encloses those, if they are several."""
        self.holders: frozenset[str] | None = None
        """Modules whose weights its own ops compute with; ``None`` if it has no ops."""
        self.calls: Sequence[Call] = ()
        """All calls of its name that have ops of their own, in order; of later ones, none."""
        self._fqns: tuple[str, ...] | None = None

    def descend(self, path: Path) -> Call:
        """The scope at the end of a path that starts here."""
        here = self
        for step in path:
            below = here.children.get(step)
            if below is None:
                below = here.children[step] = Call(step, here)
            here = below
        return here

    @property
    def within(self) -> frozenset[str]:
        """The modules that it, or a later call of its name, may be."""
        if self._within is None:
            self._within = frozenset() if self.alone is None else frozenset((self.alone,))
        return self._within

    @within.setter
    def within(self, modules: frozenset[str]) -> None:
        self._within = modules
        self.alone = next(iter(modules)) if len(modules) == 1 else None

    def fqns(self) -> tuple[str, ...]:
        """The FQNs from the root to here."""
        if self._fqns is None:
            above: list[str] = []
            scope: Call | None = self
            while scope is not None and scope._fqns is None:
                above.append(scope.fqn)
                scope = scope.parent
            known = scope._fqns if scope is not None and scope._fqns is not None else ()
            self._fqns = (*known, *reversed(above))
        return self._fqns


def join_calls(around: Call) -> Iterator[Call]:
    """Note with each first call in a scope the later ones; those that may be several modules."""
    if not any(first_call(step) in around.children for step in around.children):
        for scope in around.children.values():
            scope.calls = () if scope.holders is None else (scope,)
            if scope.alone is None and len(scope.within) > 1:
                yield scope
        return
    groups: dict[str, list[tuple[int, Call]]] = {}
    for step, scope in around.children.items():
        first = first_call(step)
        name = first if first in around.children else step
        groups.setdefault(name, [])
        if scope.holders is not None:
            groups[name].append((call_number(step, name), scope))
    for name, numbered in groups.items():
        first_one = around.children[name]
        first_one.calls = [one for _, one in sorted(numbered, key=lambda pair: pair[0])]
        # Those of one name may all be the same thousands of modules, in one set.
        sets = {id(one.within): one.within for one in (first_one, *first_one.calls)}
        if len(sets) > 1:
            first_one.within = frozenset().union(*sets.values())
            first_one.meeting = reduce(names.common_ancestor, first_one.within)
        if len(first_one.within) > 1:
            yield first_one


def settle_by_number(repeated: Sequence[Call]) -> None:
    """Settle scopes that several modules fit by those inside of them, and these by the former.

    ``repeated`` are first calls, those around others first.
    """
    for first in reversed(repeated):
        for scope, fqn in zip(first.calls, _modules(first), strict=False):
            if not scope.sure and fqn in scope.several:
                scope.fqn, scope.sure = fqn, True
    for first in repeated:
        called = _modules(first)
        for inside in _groups(first):
            each, left_over = divmod(len(inside), len(called)) if called else (0, 0)
            if not each or left_over:
                continue
            for at, scope in enumerate(inside):
                home = called[at // each]
                if scope.sure or not home or len(scope.several) > MOST:
                    continue
                fitting = [one for one in scope.several if names.is_within(one, home)]
                if len(fitting) == 1:
                    scope.fqn, scope.sure = fitting[0], True


def _groups(first: Call) -> list[Sequence[Call]]:
    """The calls inside of all calls of a name, by their names, in order."""
    return [scope.calls for scope in first.children.values() if scope.calls]


def _modules(first: Call) -> list[str]:
    """The module of each call of a name, in order; ``""`` where it is not known."""
    found = [scope.fqn if scope.sure else "" for scope in first.calls]
    if found and all(found):
        return found
    for inside in _groups(first):
        each, left_over = divmod(len(inside), len(found) or len(inside))
        if left_over or not all(scope.sure for scope in inside):
            continue
        by_surroundings = []
        for at in range(0, len(inside), each):
            around = [
                first.within.intersection(names.ancestors(scope.fqn))
                for scope in inside[at : at + each]
            ]
            common = frozenset.intersection(*around)
            by_surroundings.append(next(iter(common)) if len(common) == 1 else "")
        if all(by_surroundings):
            return [
                one or other
                for one, other in zip(found or by_surroundings, by_surroundings, strict=True)
            ]
    return found
