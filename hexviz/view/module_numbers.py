"""Numbers for the modules of a tree, and what the tree alone tells of them."""

from __future__ import annotations

import re

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints, TagColumns, coded
from hexviz.model.modules import Module, ModuleTree

__all__ = ["Modules"]


class Modules:
    """The modules of a tree by number, each followed by all that are below it.

    ``parents`` are numbers, too; the root is 0, and has none (-1).
    """

    def __init__(self, tree: ModuleTree) -> None:
        self.all: tuple[Module, ...] = tuple(tree)
        self.paths = [module.fqn for module in self.all]
        self.numbers = {fqn: number for number, fqn in enumerate(self.paths)}
        self._tree = tree
        numbers = self.numbers
        self.parents = [
            -1 if module.parent is None else numbers[module.parent] for module in self.all
        ]

    def of(self, columns: TagColumns, placed: Ints) -> Ints:
        """The numbers of modules for those that ``columns`` has: of the nearest in the tree."""
        nearest = [self.numbers[self._tree.nearest(path)] for path in columns.paths]
        found: Ints = np.array(nearest or [0], np.int64)[placed]
        return found

    @cached_property
    def depths(self) -> list[int]:
        """How many modules are around each."""
        found: list[int] = []
        for parent in self.parents:
            found.append(0 if parent < 0 else found[parent] + 1)
        return found

    @cached_property
    def ends(self) -> list[int]:
        """For each the number of the first that follows it and is not below it."""
        found = list(range(1, len(self.all) + 1))
        for number in range(len(self.all) - 1, 0, -1):
            parent = self.parents[number]
            found[parent] = max(found[parent], found[number])
        return found

    @cached_property
    def kinds(self) -> tuple[Ints, list[str]]:
        """The kind of each (:func:`hexviz.view.palette.kind_of`) as a number, and all kinds."""
        masked: list[str] = []  # their paths, less numbers
        steps: dict[str, str] = {}
        for path, parent in zip(self.paths, self.parents, strict=True):
            step = path if parent < 0 else path[len(self.paths[parent]) :]
            if step not in steps:
                steps[step] = re.sub(r"\d+", "#", step)
            masked.append(steps[step] if parent < 0 else masked[parent] + steps[step])
        return coded(
            "" if parent < 0 else module.class_name or path
            for module, parent, path in zip(self.all, self.parents, masked, strict=True)
        )

    def totals(self, own: Ints) -> list[int]:
        """How many of something are in each and below it, from how many it has by itself."""
        found: list[int] = own.tolist()
        for number in range(len(found) - 1, 0, -1):
            if found[number]:
                found[self.parents[number]] += found[number]
        return found

    def firsts(self, own: Ints) -> list[int]:
        """The least of the numbers that each and all below it have."""
        found: list[int] = own.tolist()
        for number in range(len(found) - 1, 0, -1):
            parent = self.parents[number]
            found[parent] = min(found[parent], found[number])
        return found

    def are_of(self, tree: ModuleTree) -> bool:
        """Whether a tree has the same modules: with other ops in them, they are numbered alike."""
        return tree is self._tree or [_looks(module) for module in tree] == self._looks

    @cached_property
    def _looks(self) -> list[tuple[str, str, str]]:
        return [_looks(module) for module in self.all]


def _looks(module: Module) -> tuple[str, str, str]:
    return module.fqn, module.class_name, module.tag
