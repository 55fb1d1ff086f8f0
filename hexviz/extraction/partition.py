"""Divide a top graph by modules into pieces that can be run one after the other.

Dataflow may leave a module and enter it again; such a module is divided into
as many pieces as it takes::

    a (enc) ─▶ b (head) ─▶ c (enc)        pieces: enc [a], head [b], enc [c]
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hexviz.errors import SelectionError
from hexviz.extraction.selection import Selection, selection
from hexviz.extraction.steady import Steady
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.top_graph import TopGraph

__all__ = ["Piece", "partition", "top_modules"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Nodes of the top graph that run together; ``module`` is ``""`` for those of no part."""

    module: str
    nodes: tuple[int, ...]


def top_modules(graph: TaggedGraph) -> tuple[str, ...]:
    """The modules of the first level below the root that make more than one part.

    ::

        root ─ model ─┬─ embed          by embed, layers.0, layers.1; what the root and model do
                      ├─ layers.0       themselves makes parts of its own
                      └─ layers.1

    A level is passed where one module holds all that the level has, or most of
    it beside ops of the module around it. Where no level has more, it is the
    one right below the root.
    """
    tree, steady = graph.modules, Steady(graph)
    totals: dict[str, int] = {}
    for at in graph.flat.top:
        if not steady.is_constant(graph.ops[at].index):
            fqn: str | None = graph.ops[at].module
            while fqn is not None:
                totals[fqn] = totals.get(fqn, 0) + 1
                fqn = tree[fqn].parent
    first = tuple(one for one in tree[""].children if one in totals)
    level, inside = "", first
    while True:
        if len(inside) > 1:
            return inside
        if not inside:
            return first or tree[""].children
        [only] = inside
        beside = totals[level] - totals[only]
        is_last = not any(one in totals for one in tree[only].children)
        if beside and (is_last or beside > totals[only]):
            return inside
        level, inside = only, tuple(one for one in tree[only].children if one in totals)


def partition(graph: TaggedGraph, modules: Sequence[str]) -> list[Piece]:
    """All nodes but constants, which every piece copies, in an order in which they can run.

    ``modules`` are names as of :func:`hexviz.extraction.selection.selection`;
    of nested ones, the inner takes its nodes from the outer. What is in none of
    them makes pieces of its own.

    Raises:
        SelectionError: if a name means nothing.
    """
    if not modules:
        raise SelectionError("Nothing to split by: the model has no modules below its root.")
    wanted = selection(graph, modules).modules
    top = graph.top
    home = _homes(graph, wanted)
    if wanted.isdisjoint(home.values()):
        _refuse_inner(graph, wanted)
    return _scheduled(top, home, [*wanted, ""])


def _refuse_inner(graph: TaggedGraph, wanted: frozenset[str]) -> None:
    """That all ops of some modules run in bodies or functions, if so."""
    selected = Selection(wanted)
    for at in selected.positions(graph):
        owner = graph.flat.owners[at]
        if owner != at:
            op = graph.ops[at]
            inside = "a function" if owner is None else _called(graph.ops[owner])
            raise SelectionError(
                f"Nothing to split by: {op.module or 'the root'} runs inside of {inside}, which "
                "cannot be divided: name a module around it."
            )


def _called(op: Op) -> str:
    return f"{op.op_type} {op.id} (in {op.module or 'the root'})"


def _homes(graph: TaggedGraph, wanted: frozenset[str]) -> dict[int, str]:
    """Node → the innermost of the wanted modules that it is in; constants are left out."""
    inner: dict[str, str] = {}
    for fqn in {op.module for op in graph.ops}:
        around = [one for one in reversed(ancestors(fqn)) if one in wanted]
        inner[fqn] = around[0] if around else ""
    steady = Steady(graph)
    given_back = {graph.top.maker.get(name) for name in graph.top.outputs}
    return {
        op.index: inner[op.module]
        for at, op in enumerate(graph.ops)
        if graph.flat.owners[at] == at
        and (not steady.is_constant(op.index) or op.index in given_back)
    }


def _scheduled(top: TopGraph, home: Mapping[int, str], modules: Sequence[str]) -> list[Piece]:
    """Run what is ready, module by module, as few times as a greedy choice makes it."""
    waiting = {node: sum(maker in home for maker in top.makers[node]) for node in home}
    left = dict.fromkeys(modules, 0)
    ready: dict[str, list[int]] = {module: [] for module in modules}
    for node, module in home.items():
        left[module] += 1
        if not waiting[node]:
            heapq.heappush(ready[module], node)
    pieces = []
    while any(ready.values()):
        runs = {
            module: _run(top, home, module, nodes, waiting)
            for module, nodes in ready.items()
            if nodes
        }
        # One that is done then is never in the way again; else the one that gets furthest,
        # and what is in no module last, since it is what lies between them.
        module = min(
            runs,
            key=lambda one: (len(runs[one]) < left[one], one == "", -len(runs[one]), runs[one][0]),
        )
        done = runs[module]
        left[module] -= len(done)
        ready[module] = []
        for node in done:
            for user in top.users[node]:
                if user in waiting:
                    waiting[user] -= 1
                    if not waiting[user] and home[user] != module:
                        heapq.heappush(ready[home[user]], user)
        pieces.append(Piece(module, tuple(sorted(done))))
    return pieces


def _run(
    top: TopGraph, home: Mapping[int, str], module: str, start: list[int], waiting: dict[int, int]
) -> list[int]:
    """The nodes of a module that can run before any other module goes on."""
    done = list(start)
    met: dict[int, int] = {}
    for node in done:
        for user in top.users[node]:
            if home.get(user) == module:
                met[user] = met.get(user, 0) + 1
                if met[user] == waiting[user]:
                    done.append(user)
    return done
