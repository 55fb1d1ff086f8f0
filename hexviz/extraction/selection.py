"""A selection of modules, the ops it holds, and the shortest selection that holds certain ops.

::

    enc            ticked: all of enc but att.k      {enc} minus {enc.att.k}
    ├─ att         ticked: att.q and att.k           {enc.att}, if att has no ops of its own
    │  ├─ q        ticked: two of the ops of q       those two, by their ids
    │  └─ k

Every name counts as one, and of equally short selections the one with the deeper
modules is taken: it says what was ticked, not what happens to be around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hexviz.errors import SelectionError
from hexviz.extraction.pattern import ModuleNames
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module

__all__ = ["EVERYTHING", "NO_MODULES", "ModuleSelection", "concise", "selection"]

_MOST_NAMED = 4  # modules in a message


@dataclass(frozen=True, slots=True)
class ModuleSelection:
    """Modules with all below them, minus excluded ones with all below those.

    By segment: ``layer1`` neither includes nor excludes ``layer10``. ``ops``
    are ids of ops that are selected one by one, whatever their module.

    >>> part = ModuleSelection(frozenset({"enc"}), frozenset({"enc.att"}))
    >>> [part.holds(fqn) for fqn in ("enc.ffn", "enc.att.q", "enc.attention", "dec")]
    [True, False, True, False]
    """

    modules: frozenset[str]
    exclude: frozenset[str] = frozenset()
    ops: frozenset[str] = frozenset()

    def holds(self, fqn: str) -> bool:
        """Whether ops of this module are selected."""
        around = ancestors(fqn)
        return not self.modules.isdisjoint(around) and self.exclude.isdisjoint(around)

    def positions(self, graph: TaggedGraph) -> list[int]:
        """The positions of the selected ops, in order of execution."""
        held = (one for module in self._held(graph) for one in module.ops)
        return sorted({graph.positions[one] for ids in (held, self.ops) for one in ids})

    def _held(self, graph: TaggedGraph) -> Iterator[Module]:
        """The modules that :meth:`holds` is true of; of each, only what lies below its parent."""
        modules, exclude = self.modules, self.exclude
        inside: set[str | None] = set()
        outside: set[str | None] = set()
        for module in graph.modules:  # parents come first
            if module.parent in outside:
                outside.add(module.fqn)
                continue
            names = _below(module.parent, module.fqn)
            if exclude and not exclude.isdisjoint(names):
                outside.add(module.fqn)
                continue
            if module.parent in inside or not modules.isdisjoint(names):
                inside.add(module.fqn)
                yield module


def _below(parent: str | None, fqn: str) -> list[str]:
    """The FQN and what encloses it, below a parent: a list of modules is between them."""
    names = [fqn]
    if parent is not None:
        dot = fqn.find(".", len(parent) + 1)
        while dot != -1:
            names.append(fqn[:dot])
            dot = fqn.find(".", dot + 1)
    return names


EVERYTHING = ModuleSelection(frozenset({""}))
"""The whole model."""

NO_MODULES = ModuleSelection(frozenset())
"""What a selection starts from."""


def selection(
    graph: TaggedGraph,
    modules: Iterable[str] = (),
    exclude: Iterable[str] = (),
    ops: Iterable[str] = (),
) -> ModuleSelection:
    """A selection that is sure to mean something in ``graph``.

    A module is named by its FQN, by its tag, or by a pattern of either, see
    :mod:`hexviz.extraction.pattern`. A name under which nothing ran stands for
    the module's other names.

    Raises:
        SelectionError: if a name is no module and encloses none, if a pattern
            matches none, or if no op is left; the message names near ones.
        UnknownOpError: if there is no such op.
    """
    result = ModuleSelection(
        _where_it_ran(graph, _resolved(graph, modules)),
        _where_it_ran(graph, _resolved(graph, exclude)),
        frozenset(graph.op(one).id for one in ops),
    )
    if not result.ops and not _has_ops(graph, result):
        raise SelectionError(_empty(graph, result))
    return result


def _has_ops(graph: TaggedGraph, selected: ModuleSelection) -> bool:
    return any(module.ops and selected.holds(module.fqn) for module in graph.modules)


def _empty(graph: TaggedGraph, selected: ModuleSelection) -> str:
    """One line that says why a selection holds no op, and where there are some."""
    line = "The selection holds no op: select more, or exclude less"
    if not selected.modules:
        return f"{line}."
    if _has_ops(graph, ModuleSelection(selected.modules)):
        left = ", ".join(sorted(selected.exclude)[:_MOST_NAMED])
        return f"{line} (nothing is left without {left})."
    names = sorted(selected.modules)
    fused = next((op for op in graph.ops if any(map(selected.holds, op.shared_by))), None)
    if fused is not None:
        return (
            f"{line} (the work of {', '.join(names[:_MOST_NAMED])} is done by {fused.op_type} "
            f"“{fused.id}” of {fused.module or 'the root'}: select that)."
        )
    around = names[0]
    while around and not _has_ops(graph, ModuleSelection(frozenset({around}))):
        around = ancestors(around)[-2]
    named = ", ".join(names[:_MOST_NAMED])
    return (
        f"{line} (no op of this graph is of {named}: it never ran, or was folded away; "
        f"{around or 'the root'}, which is around it, has some)."
    )


def _resolved(graph: TaggedGraph, names: Iterable[str]) -> frozenset[str]:
    names = sorted({names} if isinstance(names, str) else set(names))
    if all(name in graph.modules for name in names):
        return frozenset(names)
    known = ModuleNames(graph.modules)
    found: set[str] = set()
    for name in names:
        matching = known.matching(name)
        if not matching:
            raise SelectionError(known.no_match(name))
        found.update(matching)
    return frozenset(found)


def _where_it_ran(graph: TaggedGraph, fqns: frozenset[str]) -> frozenset[str]:
    """The modules, and for each that ran under other names only, those of them.

    Exporters record a module that has several names by one of them, or by a
    few. What is selected already, with what is around it, is not named again.
    """
    if not any(module.same_as for module in graph.modules):
        return fqns
    ran = {above for module in graph.modules if module.ops for above in ancestors(module.fqn)}
    found = set(fqns)
    for fqn in sorted(fqns - ran):
        for name in _other_names(graph, fqn):
            if name in ran and found.isdisjoint(ancestors(name)):
                found.add(name)
    return frozenset(found)


def _other_names(graph: TaggedGraph, fqn: str) -> Iterator[str]:
    """Other names of a module, or else of the modules below it: a list of them has no name."""
    names = graph.modules.names_of(fqn)
    if len(names) > 1:
        yield from names
        return
    for module in graph.modules:  # parents come first
        if fqn in ancestors(module.fqn):
            yield from graph.modules.names_of(module.fqn)


_State = Literal["outside", "inside", "excluded"]
"""Of a module: nothing above it is selected; something is; or that, and then it was taken out."""


def concise(graph: TaggedGraph, positions: Iterable[int]) -> ModuleSelection:
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
    return ModuleSelection(frozenset(modules), frozenset(exclude), frozenset(ops))


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
