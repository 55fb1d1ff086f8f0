"""The shortest selection that holds certain ops: what a person ticked, said in few names.

::

    enc            ticked: all of enc but att.k      {enc} minus {enc.att.k}
    ├─ att         ticked: att.q and att.k           {enc.att}, if att has no ops of its own
    │  ├─ q        ticked: two of the ops of q       those two, by their ids
    │  └─ k

Every name counts as one, and of equally short ways the one with the deeper
modules is taken: it says what was ticked, not what happens to be around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hexviz.extraction.selection import Selection
from hexviz.model.graph import TaggedGraph

__all__ = ["concise"]

_State = Literal["outside", "inside", "excluded"]
"""Of a module: nothing above it is selected; something is; or that, and then it was taken out."""


def concise(graph: TaggedGraph, positions: Iterable[int]) -> Selection:
    """The selection of exactly these ops that names least; linear in the graph."""
    names = {graph.ops[at].id for at in positions}
    own = {module.fqn: [one for one in module.ops if one in names] for module in graph.modules}
    costs = _costs(graph, own)
    modules: set[str] = set()
    exclude: set[str] = set()
    ops: list[str] = []
    pending: list[tuple[str, _State]] = [("", "outside")]
    while pending:
        fqn, state = pending.pop()
        if state == "outside" and costs[fqn].is_taken:
            modules.add(fqn)
            state = "inside"
        elif state == "inside" and 1 + costs[fqn].listed < costs[fqn].inside:
            exclude.add(fqn)
            state = "excluded"
        if state != "inside":
            ops += own[fqn]
        pending.extend((child, state) for child in graph.modules[fqn].children)
    return Selection(frozenset(modules), frozenset(exclude), frozenset(ops))


@dataclass(frozen=True, slots=True)
class _Cost:
    """Names needed for the ops of a module and of all below it.

    ``outside``: nothing above it is selected. ``inside``: something above it
    is, and it stays so. ``listed``: each op by its id. ``is_taken`` says
    whether outside, naming the module itself is the shortest.
    """

    outside: float
    inside: float
    listed: int
    is_taken: bool


def _costs(graph: TaggedGraph, own: Mapping[str, list[str]]) -> dict[str, _Cost]:
    costs: dict[str, _Cost] = {}
    for module in reversed(list(graph.modules)):
        mine = len(own[module.fqn])
        below = [costs[child] for child in module.children]
        kept = sum(min(one.inside, 1 + one.listed) for one in below)
        inside = kept if mine == len(module.ops) else math.inf
        apart = mine + sum(one.outside for one in below)
        is_taken = 1 + inside < apart or (1 + inside == apart and mine > 0)
        costs[module.fqn] = _Cost(
            outside=min(apart, 1 + inside),
            inside=inside,
            listed=mine + sum(one.listed for one in below),
            is_taken=is_taken,
        )
    return costs
