"""Which values cross the border of which module, and what lies between values.

::

    encoder.dense:  MatMul ─ u ─ Add ─ v ──▶ encoder.act        v leaves encoder.dense, and enters
                                                                encoder.act; u does neither

Values and ops are those of the top graph, values by name, in order of execution. What no output
of the model depends on does not count as a reader: a fault may leave such ops behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph

__all__ = ["Borders", "borders_of", "cones"]


@dataclass(frozen=True)
class Borders:
    """``leaving`` and ``entering``: FQN → the values that leave the module's subtree, or enter it.

    ``module_of`` maps each value to the module of the op that makes it, ``order`` to its place in
    the order of execution, and ``within`` holds all modules that have ops in their subtree.
    """

    leaving: Mapping[str, Sequence[str]]
    entering: Mapping[str, Sequence[str]]
    module_of: Mapping[str, str]
    order: Mapping[str, int]
    within: Collection[str]


def borders_of(graph: TaggedGraph) -> Borders:
    """The borders of all modules of a graph; linear in its ops times their depth."""
    top = graph.top
    modules = _modules(graph)
    live = _live(graph)
    outputs = set(top.outputs)
    leaving: dict[str, list[str]] = {}
    entering: dict[str, list[str]] = {}
    module_of: dict[str, str] = {}
    order: dict[str, int] = {}
    within: set[str] = set()
    for node in graph.flat.run_order:
        own = modules[node]
        around = names.ancestors(own)
        within.update(around)
        for value in top.makes[node]:
            order[value] = len(order)
            module_of[value] = own
            readers = {modules[one] for one in top.readers.get(value, ()) if one in live}
            shared = [len(names.common_ancestor(own, one)) for one in readers]
            least = min(shared, default=-1 if value in outputs else len(own))
            if value in outputs:
                least = -1
            for fqn in around:
                if len(fqn) > least or least == -1:
                    leaving.setdefault(fqn, []).append(value)
            for fqn in {above for one in readers for above in names.ancestors(one)}:
                if not names.is_within(own, fqn):
                    entering.setdefault(fqn, []).append(value)
    return Borders(leaving, entering, module_of, order, frozenset(within))


def cones(graph: TaggedGraph, given: Collection[str]) -> dict[str, frozenset[str]]:
    """Given value → the modules of the ops between it and the given values before it."""
    top = graph.top
    modules = _modules(graph)
    found: dict[str, frozenset[str]] = {}
    for value in given:
        node = top.maker.get(value)
        pending = [] if node is None else [node]
        seen = set(pending)
        while pending:
            for name in top.reads[pending.pop()]:
                before = top.maker.get(name)
                if name not in given and before is not None and before not in seen:
                    seen.add(before)
                    pending.append(before)
        found[value] = frozenset(modules[one] for one in seen)
    return found


def _modules(graph: TaggedGraph) -> list[str]:
    """The module of each node of the top graph."""
    return [graph.ops[at].module for at in graph.flat.top]


def _live(graph: TaggedGraph) -> frozenset[int]:
    """The nodes that outputs of the model depend on."""
    top = graph.top
    pending = [top.maker[name] for name in top.outputs if name in top.maker]
    seen = set(pending)
    while pending:
        for before in top.makers[pending.pop()]:
            if before not in seen:
                seen.add(before)
                pending.append(before)
    return frozenset(seen)
