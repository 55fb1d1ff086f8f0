"""Numbers for the modules of a tree, and what the tree alone tells of them."""

from __future__ import annotations

import re
from operator import eq

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints, TagColumns, coded
from hexviz.model.modules import ModuleTree

__all__ = ["Modules", "in_its_like"]

_DEEPEST = 4


def in_its_like(fqn: str, class_name: str) -> str:
    """The class of a recovered module, told apart from the modules around it that are called so.

    What nothing names may all be called ``Block``, and one in another is no copy of that.

    >>> in_its_like("Block.3", "Block"), in_its_like("Block.3.Block.0", "Block")
    ('Block', 'Block in Block')
    """
    depth = fqn.split(".").count(class_name)
    return " in ".join([class_name] * min(max(depth, 1), _DEEPEST))


class Modules:
    """The modules of a tree by number, each followed by all that are below it.

    ``parents`` are numbers, too; the root is 0, and has none (-1).
    """

    def __init__(self, tree: ModuleTree) -> None:
        self._tree = tree
        self.paths = tree.columns.fqns
        self.tags = tree.columns.tags
        self.class_names = tree.columns.class_names
        self.parents = tree.columns.parents
        self.numbers = tree.numbers

    def __len__(self) -> int:
        return len(self.paths)

    def of(self, columns: TagColumns, placed: Ints) -> Ints:
        """The numbers of modules for those that ``columns`` has: of the nearest in the tree."""
        if columns.paths is self.paths:
            return placed
        nearest = [self.numbers[self._tree.nearest(path)] for path in columns.paths]
        found: Ints = np.array(nearest or [0], np.int64)[placed]
        return found

    def label(self, fqn: str) -> str:
        """The last step of a module's tag, as :class:`~hexviz.model.modules.Module` has it."""
        return self.tags[self.numbers[fqn]].rpartition("/")[2] or "model"

    def class_name(self, fqn: str) -> str:
        """The class of a module; ``""`` if it is unknown."""
        return self.class_names[self.numbers[fqn]]

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
        found = list(range(1, len(self) + 1))
        for number in range(len(self) - 1, 0, -1):
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
        copies = self._tree.columns.copies
        return coded(
            "" if parent < 0 else in_its_like(fqn, class_name) if found else class_name or path
            for fqn, class_name, parent, found, path in zip(
                self.paths, self.class_names, self.parents, copies, masked, strict=True
            )
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
        columns = tree.columns
        return columns is self._tree.columns or all(
            len(own) == len(others) and all(map(eq, own, others))
            for own, others in (
                (self.paths, columns.fqns),
                (self.tags, columns.tags),
                (self.class_names, columns.class_names),
            )
        )
