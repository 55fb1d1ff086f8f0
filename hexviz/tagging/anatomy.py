"""What kinds of modules a graph declares, and what is in them.

Two modules are of one *kind* when they run the same code as far as the file
tells: they have one class name, or, in files without class names, the same
children or (without children) the same declared op types.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import Provenance, category

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
    """The declared modules, their kinds, children and own ops; nothing in it depends on names."""

    def __init__(
        self,
        flat: FlatGraph,
        declared: Mapping[int, Provenance],
        modules: Mapping[str, ModuleInfo],
    ) -> None:
        self.modules = modules
        self._nearest: dict[str, str] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self.children: dict[str, set[str]] = {}
        for fqn in modules:
            if fqn:
                self.children.setdefault(self.nearest(names.parent(fqn)), set()).add(fqn)
        nearest = self.nearest
        self.module = {at: nearest(declared[at].module) for at in sorted(declared)}
        """Declared position, in order → its module, which is one of the tree."""
        self._flat = flat

    @functools.cached_property
    def _own(self) -> dict[str, Counter[tuple[str, str]]]:
        """Module → domain and type of its own declared ops."""
        own: dict[str, Counter[tuple[str, str]]] = {}
        ops = self._flat.ops
        for at, module in self.module.items():
            op = ops[at]
            types = own.get(module)
            if types is None:
                types = own[module] = Counter()
            types[op.domain, op.op_type] += 1
        return own

    @functools.cached_property
    def kind(self) -> dict[str, str]:
        """Module → its kind."""
        return {fqn: self._kind_of(fqn) for fqn in self.modules}

    @functools.cached_property
    def weighted(self) -> frozenset[str]:
        """Kinds of modules that compute with weights themselves."""
        ops, weights = self._flat.ops, self._flat.weights.keys()
        held = {
            module for at, module in self.module.items() if not weights.isdisjoint(ops[at].inputs)
        }
        return frozenset(self.kind[module] for module in held)

    def primary(self, module: str) -> int:
        """How many declared ops of a module's own do arithmetic."""
        own = self._own.get(module, Counter())
        return sum(count for kind, count in own.items() if category(*kind) is None)

    def _kind_of(self, fqn: str) -> str:
        class_name = self.modules[fqn].class_name
        if class_name:
            return class_name
        below = self.children.get(fqn)
        if below:
            return "/" + ",".join(sorted({self.called[child] for child in below}))
        return ":" + ",".join(sorted({op_type for _, op_type in self._own.get(fqn, ())}))

    def nearest(self, fqn: str) -> str:
        """The module itself, or the deepest one of the tree that encloses it."""
        found = self._nearest.get(fqn)
        if found is None:
            found = fqn
            while found and found not in self.modules:
                found = names.parent(found)
            self._nearest[fqn] = found
        return found

    def line(self, fqn: str) -> tuple[str, ...]:
        """The modules of the tree that enclose a module, root first, and itself."""
        found = self._lines.get(fqn)
        if found is None:
            steps = []
            here = fqn
            while here and here not in self._lines:
                steps.append(here)
                here = self.nearest(names.parent(here))
            found = self._lines[fqn] = (*self._lines.get(here, ("",)), *reversed(steps))
        return found

    @functools.cached_property
    def called(self) -> dict[str, str]:
        """Module → how its parent calls it: the attributes between them, without indices."""
        return {
            fqn: pattern(fqn[len(above) + 1 :] if above else fqn)
            for above, below in self.children.items()
            for fqn in below
        }

    @functools.cached_property
    def caller(self) -> dict[str, tuple[str, str]]:
        """Module → the kind of its parent, and how that calls it.

        Without class names, kinds of parents are guesses: only the attribute counts.
        """
        return {
            fqn: (self.modules[above].class_name and self.kind[above], self.called[fqn])
            for above, below in self.children.items()
            for fqn in below
        }
