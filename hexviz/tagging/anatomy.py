"""What kinds of modules a graph declares, and what is in them.

Two modules are of one *kind* when they run the same code as far as the file
tells: they have one class name, or, in files without class names, the same
children or (without children) the same declared op types.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import category
from hexviz.tagging.paths import HASH, ROOT
from hexviz.tagging.places import Places
from hexviz.tagging.structure import Mask, mixed, structure_of

__all__ = ["Anatomy", "pattern"]

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")


@functools.lru_cache(maxsize=65536)
def pattern(fqn: str) -> str:
    """The FQN with its indices left out, the same for all members of a list.

    >>> pattern("encoder.layer.11.conv1")
    'encoder.layer.#.conv1'
    """
    return _NUMBER.sub("#", fqn)


class Anatomy:
    """The declared modules, their kinds, children and own ops; nothing in it depends on names.

    Modules are numbers of paths, of which not all are ``modules``. ``nearest`` is the module
    itself, or the deepest one of the tree that encloses it, ``above`` the module of the tree that
    encloses it, and ``home`` the module of each declared op, -1 of others.
    """

    def __init__(
        self, flat: FlatGraph, declared: Places, modules: Mapping[str, ModuleInfo]
    ) -> None:
        self.modules = modules
        self.paths = paths = declared.paths
        self._flat = flat
        self.numbers = np.fromiter(map(paths.number, modules), np.int64, len(modules))
        self._size = len(paths)  # more may come
        self._member = np.zeros(self._size, np.bool_)
        self._member[self.numbers] = True
        self._member[ROOT] = True
        self.nearest = paths.nearest(self._member)
        self.above = self.nearest[paths.parents]
        self.home = np.where(declared.known, self.nearest[declared.where], -1)

    @cached_property
    def patterns(self) -> Ints:
        """Path → a number that it shares with those that differ in nothing but indices."""
        return self.paths.patterns()

    @cached_property
    def decimal(self) -> Mask:
        """Whether a step of a path is an index, by its number; -1 and -2 are none."""
        return self.paths.decimal_steps()

    @cached_property
    def step_values(self) -> Ints:
        """The rank of a step that is an index among all of them, by its number."""
        # An index may have more digits than a number of the machine.
        values = [int(step) if step.isdecimal() else -1 for step in self.paths.step_names()]
        ranks = {value: rank for rank, value in enumerate(sorted(set(values)))}
        return np.array([*map(ranks.__getitem__, values), -1, -1], np.int64)

    @cached_property
    def has_lists(self) -> bool:
        """Whether any module is a member of a list, or lies in one."""
        index = self.decimal[self.paths.steps] | (self.paths.steps == HASH)
        here = self.numbers
        while here.size:
            if index[here].any():
                return True
            here = np.unique(self.paths.parents[here])
            here = here[here != ROOT]
        return False

    @cached_property
    def called(self) -> Ints:
        """Module → how its parent calls it: the attributes between them, without indices."""
        paths = self.paths
        steps = np.where(self.decimal[paths.steps], HASH, paths.steps)
        found = np.zeros(self._size, np.uint64)
        own = np.flatnonzero(self._member)
        own = here = own[own != ROOT]
        while own.size:
            found[own] = mixed(found[own] ^ mixed(steps[here].astype(np.uint64)))
            here = paths.parents[here]
            going = here != self.above[own]
            own, here = own[going], here[going]
        return found.view(np.int64)

    @cached_property
    def classes(self) -> Ints:
        """Module → a number for its class name, 0 if that is unknown."""
        codes = {"": 0}
        names = [info.class_name for info in self.modules.values()]
        found = np.zeros(self._size, np.int64)
        found[self.numbers] = [codes.setdefault(name, len(codes)) for name in names]
        return found

    @cached_property
    def kind(self) -> Ints:
        """Module → its kind."""
        own = np.flatnonzero(self._member)
        parts = own[own != ROOT]
        children = self._sets(self.above[parts], self.called[parts], salt=1)
        known = np.flatnonzero(self.home >= 0)
        types = self._sets(self.home[known], structure_of(self._flat).op_types[known], salt=2)
        has_children = np.zeros(self._size, np.bool_)
        has_children[self.above[parts]] = True
        found = np.where(has_children, children, types)
        classes = mixed(mixed(self.classes.astype(np.uint64)) ^ np.uint64(3))
        return np.where(self.classes > 0, classes, found).view(np.int64)

    def _sets(self, of: Ints, members: Ints, salt: int) -> npt.NDArray[np.uint64]:
        """A number for the set that each module has, the same for equal sets."""
        codes = np.unique(members, return_inverse=True)[1] if members.size else members
        pairs = np.unique(of << 32 | codes)
        values = np.zeros(int(codes.max(initial=0)) + 1, np.uint64)
        values[codes] = mixed(members.astype(np.int64).view(np.uint64) ^ np.uint64(salt))
        found = np.full(self._size, salt, np.uint64)
        np.add.at(found, pairs >> 32, values[pairs & 0xFFFFFFFF])
        return mixed(found)

    @cached_property
    def weighted(self) -> frozenset[int]:
        """Kinds of modules that compute with weights themselves."""
        held = self.home[structure_of(self._flat).reads_weight & (self.home >= 0)]
        return frozenset(self.kind[held].tolist())

    @cached_property
    def primary(self) -> Ints:
        """Module → how many declared ops of its own do arithmetic."""
        structure = structure_of(self._flat)
        columns = self._flat.columns
        known = np.flatnonzero(self.home >= 0)
        kinds, first = np.unique(structure.kinds[known], return_index=True)
        arithmetic = np.array(
            [
                category(columns.domains[at], columns.op_types[at]) is None
                for at in known[first].tolist()
            ],
            np.bool_,
        )
        does = arithmetic[np.searchsorted(kinds, structure.kinds[known])]
        return np.bincount(self.home[known[does]], minlength=self._size)

    @cached_property
    def parents(self) -> frozenset[int]:
        """The modules that have others below."""
        own = np.flatnonzero(self._member)
        return frozenset(self.above[own[own != ROOT]].tolist())

    @cached_property
    def caller(self) -> Ints:
        """Module → the kind of its parent, and how that calls it, as a number; 0 for the root.

        Without class names, kinds of parents are guesses: only the attribute counts.
        """
        classes = self.classes[self.above].astype(np.uint64)
        found = mixed(self.called.view(np.uint64) ^ mixed(classes))
        found[ROOT] = 0
        return found.view(np.int64)

    def line(self, module: int) -> list[int]:
        """The modules of the tree that enclose a module, root first, and itself."""
        found = [module]
        while found[-1] != ROOT:
            found.append(int(self.above[found[-1]]))
        return found[::-1]
