"""The ticks of the Extract tab's tree: what is ticked, and what a click on one does.

::

    ▣ BertEncoder            mixed      a click takes all of it
      ☑ BertLayer.0          ticked     a click takes it out again
      ☐ BertLayer.1          not
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hexviz.app.models.extracted import with_all_around
from hexviz.app.protocol import MOST_OPS, ExtractChoice
from hexviz.errors import SelectionError
from hexviz.extraction.selection import ModuleSelection, concise
from hexviz.model.graph import TaggedGraph
from hexviz.view.index import Index

__all__ = ["Tick", "Ticks", "of_modules", "ticks", "turn", "uneven_stacks", "with_ops"]

Tick = Literal["true", "false", "mixed"]


@dataclass(frozen=True, slots=True)
class Ticks:
    """How many ops there are, and how many of them are selected, by FQN of what they lie in."""

    total: Counter[str]
    selected: Counter[str]

    def of(self, names: Iterable[str]) -> Tick:
        """The tick of a row of the tree, by the modules, or lists of modules, it stands for."""
        names = list(names)
        count = sum(self.selected[name] for name in names)
        if not count:
            return "false"
        return "true" if count == sum(self.total[name] for name in names) else "mixed"


def ticks(graph: TaggedGraph, chosen: Collection[int], total: Counter[str]) -> Ticks:
    """What is ticked if these positions are selected; ``total`` counts all ops by FQN."""
    return Ticks(total, with_all_around(Counter(graph.ops[at].module for at in chosen)))


def of_modules(graph: TaggedGraph, names: Collection[str]) -> set[int]:
    """The positions of all ops in some modules, or lists of modules."""
    return set(ModuleSelection(frozenset(names)).positions(graph))


def turn(graph: TaggedGraph, choice: ExtractChoice, names: Collection[str]) -> ExtractChoice:
    """The choice once the tick of a row is turned: all of it selected, or, if it was, nothing.

    Raises:
        SelectionError: if more single ops than an address can hold would be left.
    """
    chosen, inside = set(choice.selected.positions(graph)), of_modules(graph, names)
    return with_ops(graph, choice, chosen - inside if inside <= chosen else chosen | inside)


def with_ops(graph: TaggedGraph, choice: ExtractChoice, chosen: Iterable[int]) -> ExtractChoice:
    """The choice with exactly the ops at these positions selected.

    Raises:
        SelectionError: if they can only be named by more ids than an address can hold.
    """
    selected = concise(graph, chosen)
    if len(selected.ops) > MOST_OPS:
        raise SelectionError(
            f"That would select {len(selected.ops):,} single ops, more than the {MOST_OPS} that a "
            "link can hold: select modules instead, or search for less."
        )
    return replace(choice, selected=selected)


def uneven_stacks(index: Index, chosen: Collection[int]) -> list[str]:
    """The stacks whose members are not ticked alike: one cannot be shown for all."""
    marked = np.zeros(index.n_ops, dtype=np.bool_)
    marked[index.slot_of[list(chosen)]] = True
    uneven = []
    for key, stack in index.stacks.items():
        members = [index.containers[one] for one in stack.members]
        first = marked[members[0].low : members[0].high]
        if any(not np.array_equal(first, marked[one.low : one.high]) for one in members[1:]):
            uneven.append(key)
    return uneven
