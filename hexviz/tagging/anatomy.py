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
from hexviz.model.auxiliary import category
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import Provenance

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
        self._modules = modules
        self._nearest: dict[str, str] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self.children: dict[str, set[str]] = {}
        for fqn in modules:
            if fqn:
                self.children.setdefault(self.nearest(names.parent(fqn)), set()).add(fqn)
        self.module = {at: self.nearest(declared[at].module) for at in sorted(declared)}
        """Declared position, in order → its module, which is one of the tree."""
        own: dict[str, Counter[str]] = {}
        self.primary: Counter[str] = Counter()
        """Module → how many declared ops of its own do arithmetic."""
        for at, module in self.module.items():
            op = flat.ops[at]
            own.setdefault(module, Counter())[op.op_type] += 1
            if category(op.domain, op.op_type) is None:
                self.primary[module] += 1
        held = {
            module
            for at, module in self.module.items()
            if any(value in flat.weights for value in flat.ops[at].inputs)
        }
        self.kind = {fqn: self._kind_of(fqn, own.get(fqn, Counter())) for fqn in modules}
        self.weighted = frozenset(self.kind[module] for module in held)
        """Kinds of modules that compute with weights themselves."""

    def _kind_of(self, fqn: str, own: Counter[str]) -> str:
        class_name = self._modules[fqn].class_name
        if class_name:
            return class_name
        below = self.children.get(fqn)
        if below:
            return "/" + ",".join(sorted({self.step(fqn, child) for child in below}))
        return ":" + ",".join(sorted(own))

    def has_class(self, fqn: str) -> bool:
        """Whether the class name of a module is known."""
        return bool(self._modules[fqn].class_name)

    def nearest(self, fqn: str) -> str:
        """The module itself, or the deepest one of the tree that encloses it."""
        found = self._nearest.get(fqn)
        if found is None:
            found = fqn
            while found and found not in self._modules:
                found = names.parent(found)
            self._nearest[fqn] = found
        return found

    def line(self, fqn: str) -> tuple[str, ...]:
        """The modules of the tree that enclose a module, root first, and itself."""
        found = self._lines.get(fqn)
        if found is None:
            found = tuple(one for one in names.ancestors(fqn) if not one or one in self._modules)
            self._lines[fqn] = found
        return found

    def step(self, parent: str, child: str) -> str:
        """How a parent calls a child: the attributes between them, without indices."""
        return pattern(child[len(parent) + 1 :] if parent else child)
