"""Plant mistakes in a tagged graph: some ops get a module on another branch of the tree.

The op's record says the wrong module as firmly as it said the right one, so
an audit has to find it by what is around the op. Three ways to be wrong:

- ``anywhere``: any module of the tree on another branch;
- ``sibling``: a module beside the right one, under the same parent;
- ``block``: the same place in another member of a list (``layer.3`` for ``layer.0``).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Provenance
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.tag import retag

__all__ = ["WAYS", "Planted", "plant"]

WAYS = ("anywhere", "sibling", "block")


@dataclass(frozen=True, slots=True)
class Planted:
    """A graph with mistakes: op id → the module it really belongs to."""

    graph: TaggedGraph
    mistakes: dict[str, str]


def plant(graph: TaggedGraph, way: str, *, share: float, seed: int, listed: bool = True) -> Planted:
    """Move a share of the ops below the root into wrong branches, one op at least.

    Ops for which there is no wrong module of that kind (no sibling, no other
    block) are not chosen. Everything else of the graph stays; but a module that all of its ops
    were moved from is only known where modules are ``listed``, apart from their ops.
    """
    draw = random.Random(seed)  # noqa: S311 - reproducible, nothing to guess
    wrong = _Wrong(module.fqn for module in graph.modules)
    known = {at: op.provenance for at, op in enumerate(graph.ops)}
    able = [at for at, op in enumerate(graph.ops) if op.module and wrong.of(op.module, way)]
    count = min(len(able), max(1, round(share * len(graph.ops))))
    mistakes = {}
    for at in sorted(draw.sample(able, count)):
        op = graph.ops[at]
        module = draw.choice(wrong.of(op.module, way))
        known[at] = Provenance(module, "declared", "metadata", kind="metadata")
        mistakes[op.id] = op.module
    infos = graph.modules.infos()
    if not listed:
        gone = _around(op.module for op in graph.ops) - _around(
            one.module for one in known.values()
        )
        infos = {fqn: info for fqn, info in infos.items() if fqn not in gone}
    return Planted(retag(graph, known, modules=infos), mistakes)


def _around(modules: Iterable[str]) -> set[str]:
    """Modules, with all that enclose them."""
    return {around for module in set(modules) for around in names.ancestors(module)}


class _Wrong:
    """The wrong modules for each right one."""

    def __init__(self, modules: Iterable[str]) -> None:
        self._all = [fqn for fqn in modules if fqn]
        self._known: dict[tuple[str, str], list[str]] = {}

    def of(self, right: str, way: str) -> list[str]:
        """All modules that an op of ``right`` may be moved to."""
        key = (right, way)
        if key not in self._known:
            self._known[key] = [
                fqn
                for fqn in self._all
                if not names.is_within(fqn, right)
                and not names.is_within(right, fqn)
                and (way != "sibling" or names.parent(fqn) == names.parent(right))
                and (way != "block" or pattern(fqn) == pattern(right))
            ]
        return self._known[key]
