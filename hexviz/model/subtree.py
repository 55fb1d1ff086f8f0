"""A module with everything below it, in figures: what it is made of, what crosses its border.

The modules of a tree are numbered so that all below one follow it without a
gap. An op has the number of its module, so the ops of a subtree are those
whose numbers lie in one range::

    root 0 ── a 1 ── b 2          below a: 1 to 2
         └─── c 3                 below the root: 0 to 3
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hexviz.model.modules import Module, ModuleTree
from hexviz.model.once import once
from hexviz.model.op import Op
from hexviz.model.uses import Crossing, Uses

__all__ = ["Subtree", "Subtrees"]

Kind = TypeVar("Kind")
Codes = tuple[npt.NDArray[np.int64], list[Kind]]


@dataclass(frozen=True, slots=True)
class Subtree:
    """Figures of a module and all modules below it.

    ``ops`` counts their ops, ``auxiliary`` those of them that are auxiliary.
    ``depth`` is the number of modules above the module, ``modules`` the
    number below it. ``op_types`` and ``origins`` count ops, most frequent
    first. ``left_out`` counts the weights they use that were exported without
    their data. ``inputs`` and ``outputs`` are the values that cross their
    border.
    """

    ops: int
    auxiliary: int
    depth: int
    modules: int
    op_types: Mapping[str, int]
    origins: Mapping[str, int]
    left_out: int
    inputs: tuple[Crossing, ...]
    outputs: tuple[Crossing, ...]


class Subtrees:
    """The subtrees of one graph.

    Each table is built once, when it is first needed; after that, a subtree
    of 100,000 ops takes some milliseconds.
    """

    def __init__(
        self, ops: Sequence[Op], modules: ModuleTree, uses: Uses, left_out: Collection[str]
    ) -> None:
        self._ops = ops
        self._modules = modules
        self._uses = uses
        self._left_out = left_out

    def of(self, module: Module) -> Subtree:
        """The figures of one module."""
        first = self._numbers[module.fqn]
        after = first + self._sizes[first]
        inside = (self._homes >= first) & (self._homes < after)
        positions = np.flatnonzero(inside)
        auxiliary = _counts(self._categories, inside)
        return Subtree(
            ops=len(positions),
            auxiliary=len(positions) - auxiliary.get(None, 0),
            depth=self._depth(module),
            modules=self._sizes[first] - 1,
            op_types=_counts(self._op_types, inside),
            origins=_counts(self._origins, inside),
            left_out=self._missing(positions),
            inputs=self._uses.entering(positions),
            outputs=self._uses.leaving(positions),
        )

    def _depth(self, module: Module) -> int:
        depth = 0
        while module.parent is not None:
            module = self._modules[module.parent]
            depth += 1
        return depth

    def _missing(self, positions: npt.NDArray[np.int64]) -> int:
        if not self._left_out:
            return 0
        used = {value for at in positions.tolist() for value in self._ops[at].inputs}
        return len(used.intersection(self._left_out))

    @once
    def _numbers(self) -> Mapping[str, int]:
        return {module.fqn: at for at, module in enumerate(self._modules)}

    @once
    def _sizes(self) -> list[int]:
        """By number: how many modules a subtree has."""
        parents = [module.parent for module in self._modules]
        sizes = [1] * len(parents)
        for at in range(len(parents) - 1, -1, -1):
            parent = parents[at]
            if parent is not None:
                sizes[self._numbers[parent]] += sizes[at]
        return sizes

    @once
    def _homes(self) -> npt.NDArray[np.int64]:
        """By position: the number of the op's module."""
        homes = map(self._numbers.__getitem__, map(attrgetter("module"), self._ops))
        return np.fromiter(homes, np.int64, len(self._ops))

    @once
    def _op_types(self) -> Codes[str]:
        return _coded(map(attrgetter("op_type"), self._ops))

    @once
    def _origins(self) -> Codes[str]:
        return _coded(map(attrgetter("provenance.origin"), self._ops))

    @once
    def _categories(self) -> Codes[str | None]:
        return _coded(map(attrgetter("auxiliary"), self._ops))


def _coded(kinds: Iterable[Kind]) -> Codes[Kind]:
    """A small number for each, and what the numbers stand for."""
    codes: dict[Kind, int] = {}
    numbers = np.fromiter((codes.setdefault(kind, len(codes)) for kind in kinds), np.int64)
    return numbers, list(codes)


def _counts(coded: Codes[Kind], inside: npt.NDArray[np.bool_]) -> dict[Kind, int]:
    """How many there are of each kind, most frequent first."""
    numbers, kinds = coded
    counts = np.bincount(numbers[inside], minlength=len(kinds)).tolist()
    found = sorted(zip(counts, kinds, strict=True), key=lambda pair: -pair[0])
    return {kind: count for count, kind in found if count}
