"""What an auxiliary op serves: the module where the nearest primary ops it feeds meet.

::

    Shape → Gather → Concat → Reshape → MatMul (attention.self)
                        ↑        └────→ Add    (attention.output)
                     Constant

MatMul and Add are the nearest primary ops downstream of all five; they meet in
``attention``, which is therefore the context of each of them. Where nothing
primary is downstream, those upstream decide; the root is the answer only
where there is neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph, Neighbours

__all__ = ["ContextFacts", "find_contexts"]

_CHAIN = 32  # steps of a chain that are kept as evidence
_USERS = 256  # users' modules from which on no more are added: lists nobody reads cost memory


class ContextFacts:
    """Where the primary ops around an auxiliary op are: modules, and the chain to the nearest."""

    __slots__ = ("chain", "module", "rule", "users")

    def __init__(
        self, module: str, rule: str, chain: tuple[int, ...], users: tuple[str, ...]
    ) -> None:
        self.module = module
        self.rule = rule
        self.chain = chain
        self.users = users


def find_contexts(
    flat: FlatGraph, modules: Sequence[str], primary: Sequence[bool]
) -> dict[int, ContextFacts]:
    """Context of every auxiliary op, by position; ``chain`` holds positions, nearest first."""
    down = _Reach(flat.order[::-1], flat.successors, modules, primary)
    # Few ops need it.
    up = None
    first_op: dict[str, int] = {}
    for at in flat.order:
        first_op.setdefault(modules[at], at)
    result = {}
    for at in flat.order:
        if primary[at]:
            continue
        reach, rule = down, "consumers"
        if not down.users[at]:
            if up is None:
                up = _Reach(flat.order, flat.predecessors, modules, primary)
            reach, rule = up, "producers"
        users: Sequence[str] = tuple(reach.users[at])
        if len(users) > 1:
            users = sorted(users, key=first_op.__getitem__)
        if users:
            result[at] = ContextFacts(reach.meeting[at] or "", rule, reach.chain(at), tuple(users))
        else:
            result[at] = ContextFacts("", "root", (), ())
    return result


class _Reach:
    """One sweep in one direction: whom each op reaches through auxiliary ops alone."""

    def __init__(
        self,
        order: Sequence[int],
        neighbours: Neighbours,
        modules: Sequence[str],
        primary: Sequence[bool],
    ) -> None:
        nobody: frozenset[str] = frozenset()
        single = {module: frozenset((module,)) for module in set(modules)}
        self.primary = primary
        self.users: list[frozenset[str]] = [nobody] * len(modules)
        self.meeting: list[str | None] = [None] * len(modules)
        self.step: list[int] = [-1] * len(modules)
        self.last: list[int] = [-1] * len(modules)
        distance = [0] * len(modules)
        for at in order:
            if primary[at]:
                continue
            best = -1
            reached = nobody
            for near in neighbours[at]:
                through = single[modules[near]] if primary[near] else self.users[near]
                if not through:
                    continue
                here = modules[near] if primary[near] else self.meeting[near]
                known = self.meeting[at]
                self.meeting[at] = (
                    here if known is None or here is None else names.common_ancestor(known, here)
                )
                # Sets are shared along a chain; a new one is made only where chains part.
                if not reached or reached <= through:
                    reached = through
                elif len(reached) < _USERS:
                    reached |= through
                far = 1 if primary[near] else distance[near] + 1
                if best == -1 or far < best:
                    best, self.step[at] = far, near
                    self.last[at] = near if primary[near] else self.last[near]
            self.users[at], distance[at] = reached, best

    def chain(self, at: int) -> tuple[int, ...]:
        """The ops from ``at``'s neighbour to the nearest primary op, long ones without a middle."""
        result: list[int] = []
        last = self.last[at]
        while len(result) < _CHAIN - 1 and (at := self.step[at]) != last:
            result.append(at)
        return (*result, last)
