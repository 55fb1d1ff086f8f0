"""Modules that lack an op which their fellows have: where an op that is out of place may belong.

Fellows are the same module in other copies of its block (``layer.0.query``, ``layer.1.query``),
or, where there are no copies, the modules of its class::

    layer.0.query  MatMul Add     layer.1.query  Add     layer.2.query  MatMul Add

``layer.1.query`` has a vacancy for a MatMul. What is accused counts nowhere, so an op that is
rightly in its module leaves a vacancy there, and can be told from an intruder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from hexviz.model.cached import cached_property
from hexviz.model.columns import Ints
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.places import Places
from hexviz.tagging.structure import structure_of

__all__ = ["Vacancies"]

_AGREE = 0.75
"""The share of its fellows that have to have equally many ops of a type."""

_FEWEST_OF_CLASS = 3
"""Modules of a class that are in different places agree by chance if they are fewer."""


class Vacancies:
    """The vacancies of a graph; ``aside`` are the positions that count nowhere."""

    def __init__(self, graph: TaggedGraph, placed: Places, aside: Collection[int]) -> None:
        structure = structure_of(graph.flat)
        self._paths, self._op_types = placed.paths, structure.op_types
        counting = np.ones(len(placed.where), np.bool_)
        counting[list(aside)] = False
        self._where, self._types = placed.where[counting], structure.op_types[counting]
        columns = graph.modules.columns
        named = [
            (self._paths.number(fqn), class_name)
            for fqn, first, class_name in zip(
                columns.fqns, columns.same_as, columns.class_names, strict=True
            )
            if not first  # another name of a module is no module more
        ]
        self._members = np.array([number for number, _ in named], np.int64)
        self._patterns = self._paths.patterns()[self._members]
        codes = {name: at for at, name in enumerate(dict.fromkeys(name for _, name in named))}
        self._classes = np.array([codes[name] for _, name in named], np.int64)
        self._has_class = np.array([bool(name) for _, name in named], np.bool_)
        self._of_type: dict[int, Mapping[int, int]] = {}

    @cached_property
    def _inhabited(self) -> frozenset[int]:
        return frozenset(np.unique(self._where).tolist())

    def is_empty(self, module: int) -> bool:
        """Whether no op counts as one of a module's own."""
        return module not in self._inhabited

    def of(self, at: int) -> Mapping[int, int]:
        """How many ops of the type of this one each module (a number) lacks, of those that do."""
        op_type = int(self._op_types[at])
        if op_type not in self._of_type:
            homes = self._where[self._types == op_type]
            counts = np.bincount(homes, minlength=len(self._paths))[self._members]
            usual, copies = _usual(self._patterns, counts)
            of_class, fellows = _usual(self._classes, counts)
            of_class[~self._has_class | (fellows < _FEWEST_OF_CLASS)] = -1
            lacking = np.where(copies > 1, usual, of_class) - counts
            short = np.flatnonzero(lacking > 0)
            self._of_type[op_type] = dict(
                zip(self._members[short].tolist(), lacking[short].tolist(), strict=True)
            )
        return self._of_type[op_type]


def _usual(groups: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Per member the count that most others of its group have, and how large the group is.

    -1 where they do not agree, or the member has that count.
    """
    sizes = np.bincount(groups)[groups]
    keys, of, share = np.unique(groups << 32 | counts, return_inverse=True, return_counts=True)
    order = np.lexsort((keys, share, keys >> 32))  # the most frequent of a group comes last
    last = np.append(np.diff(keys[order] >> 32) != 0, np.True_)
    most = np.empty_like(keys)
    most[order] = order[last][np.cumsum(np.append(np.False_, last[:-1]))]
    mode = most[of]
    agreed = (mode != of) & (share[mode] >= _AGREE * (sizes - 1))
    return np.where(agreed, keys[mode] & 0xFFFFFFFF, -1), sizes
