"""A module with everything below it, in figures: what it is made of, what crosses its border.

The modules of a tree are numbered so that all below one follow it without a
gap. An op has the number of its module, so the ops of a subtree are those
whose numbers lie in one range::

    root 0 ── a 1 ── b 2          below a: 1 to 2
         └─── c 3                 below the root: 0 to 3
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hexviz.model.columns import TagColumns, coded
from hexviz.model.flat import Crossing, FlatGraph
from hexviz.model.modules import Module, ModuleTree
from hexviz.model.op import CATEGORIES, ORIGINS
from hexviz.model.op_sequence import Taken

__all__ = ["OpColumns", "Subtree", "subtree"]

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


def subtree(
    module: Module,
    modules: ModuleTree,
    columns: OpColumns,
    flat: FlatGraph,
    left_out: Collection[str],
) -> Subtree:
    """The figures of one module: some milliseconds for 100,000 ops, once the columns are made.

    ``left_out`` are the weights that were exported without their data.
    """
    first, after = columns.ranges[module.fqn]
    inside = (columns.homes >= first) & (columns.homes < after)
    positions = np.flatnonzero(inside)
    auxiliary = _counts(columns.categories, inside)
    return Subtree(
        ops=len(positions),
        auxiliary=len(positions) - auxiliary.get(None, 0),
        depth=_depth(modules, module),
        modules=after - first - 1,
        op_types=_counts(columns.op_types, inside),
        origins=_counts(columns.origins, inside),
        left_out=_left_out(flat, positions, left_out),
        inputs=flat.entering(positions),
        outputs=flat.leaving(positions),
    )


class OpColumns(NamedTuple):
    """What all ops of a graph have, as arrays by position; it is counted by these.

    ``ranges`` maps an FQN to the number of its module and the first number
    beyond all below it, ``homes`` holds the number of each op's module.
    """

    ranges: Mapping[str, tuple[int, int]]
    homes: npt.NDArray[np.int64]
    op_types: Codes[str]
    origins: Codes[str]
    categories: Codes[str | None]

    @classmethod
    def of(cls, op_types: Sequence[str], tags: TagColumns, modules: ModuleTree) -> OpColumns:
        """The columns of a graph. Linear."""
        return cls(
            ranges=_ranges(modules),
            homes=tags.modules,
            op_types=coded(op_types),
            origins=coded(Taken(ORIGINS, tags.origins)),
            categories=coded(Taken([*CATEGORIES, None], tags.categories)),
        )


def _ranges(modules: ModuleTree) -> dict[str, tuple[int, int]]:
    fqns, parents = modules.columns.fqns, modules.columns.parents
    sizes = [1] * len(fqns)
    for at in range(len(fqns) - 1, 0, -1):
        sizes[parents[at]] += sizes[at]
    return {fqn: (at, at + sizes[at]) for at, fqn in enumerate(fqns)}


def _depth(modules: ModuleTree, module: Module) -> int:
    depth = 0
    while module.parent is not None:
        module = modules[module.parent]
        depth += 1
    return depth


def _left_out(flat: FlatGraph, positions: npt.NDArray[np.int64], left_out: Collection[str]) -> int:
    if not left_out:
        return 0
    used = {value for at in positions.tolist() for value in flat.columns.inputs[at]}
    return len(used.intersection(left_out))


def _counts(coded: Codes[Kind], inside: npt.NDArray[np.bool_]) -> dict[Kind, int]:
    """How many there are of each kind, most frequent first."""
    numbers, kinds = coded
    counts = np.bincount(numbers[inside], minlength=len(kinds)).tolist()
    found = sorted(zip(counts, kinds, strict=True), key=lambda pair: -pair[0])
    return {kind: count for count, kind in found if count}
