"""Which op, module and box of the open model is which of the graph that it is compared with.

::

    this graph    encoder.layer.2.fc   MatMul, Add
                          │                 ╲│          pairs of a comparison; modules
    the other     model.layer.1.fc         Gemm         by the ops that most of theirs are

Modules follow from the pairs: whatever ends alike is one step of the same way, so that a wrapper,
or layers with other numbers, are found from the ops in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.model.graph import TaggedGraph
from hexviz.view.index import Index

__all__ = ["Alignment", "align", "box_in", "place_of", "uneven_stacks"]

Ints = npt.NDArray[np.int64]

_NEIGHBOURS = 2  # ops to each side that say where something would be
_FAR = 400  # ops that are looked at on the way to them


@dataclass(frozen=True, slots=True)
class Alignment:
    """The counterparts of ops (ids) and modules (FQNs), in both directions.

    ``own_at`` and ``other_at`` are the positions of all pairs of ops, one by one.
    """

    ops: Mapping[str, tuple[str, ...]]
    ops_back: Mapping[str, tuple[str, ...]]
    modules: Mapping[str, str]
    modules_back: Mapping[str, str]
    own_at: Ints
    other_at: Ints


def align(
    own: TaggedGraph, other: TaggedGraph, pairs: Iterable[Mapping[str, Any]], *, is_before: bool
) -> Alignment:
    """What a comparison's ``pairs`` say of two graphs; ``own`` is the one ``is_before``.

    Pairs of ops that a graph has not are left out, and so are inserted ops, which serve an op and
    are none.
    """
    mine, theirs = ("before", "after") if is_before else ("after", "before")
    ops: dict[str, dict[str, None]] = {}
    back: dict[str, dict[str, None]] = {}
    own_at: list[int] = []
    other_at: list[int] = []
    for pair in pairs:
        if pair["how"] == "inserted":
            continue
        for one in pair[mine]:
            for another in pair[theirs]:
                if one in own.positions and another in other.positions:
                    ops.setdefault(one, {})[another] = None
                    back.setdefault(another, {})[one] = None
                    own_at.append(own.positions[one])
                    other_at.append(other.positions[another])
    votes: Counter[tuple[str, str]] = Counter()
    homes = Counter(
        (own.ops[one].module, other.ops[another].module)
        for one, another in zip(own_at, other_at, strict=True)
    )
    for (module, theirs_module), count in homes.items():
        for step in _steps(module, theirs_module):
            votes[step] += count
    return Alignment(
        ops={op: tuple(found) for op, found in ops.items()},
        ops_back={op: tuple(found) for op, found in back.items()},
        modules=_mapped(votes, own, other),
        modules_back=_mapped(
            Counter({(b, a): count for (a, b), count in votes.items()}), other, own
        ),
        own_at=np.array(own_at, dtype=np.int64),
        other_at=np.array(other_at, dtype=np.int64),
    )


def _steps(one: str, other: str) -> list[tuple[str, str]]:
    """The modules around two that are the same, from these outwards, as long as names agree.

    >>> _steps("layer.2.fc", "model.layer.1.fc")
    [('layer.2.fc', 'model.layer.1.fc'), ('layer.2', 'model.layer.1'), ('layer', 'model.layer')]
    """
    found = [(one, other)]
    while one and other:
        (one, _, last), (other, _, others_last) = one.rpartition("."), other.rpartition(".")
        if last != others_last and not (last.isdecimal() and others_last.isdecimal()):
            break
        if one and other:
            found.append((one, other))
    return found


def _mapped(
    votes: Mapping[tuple[str, str], int], own: TaggedGraph, other: TaggedGraph
) -> dict[str, str]:
    """Each module's counterpart: what most say; else its namesake, if that is nothing else."""
    found: dict[str, str] = {}
    for (module, counterpart), _ in sorted(votes.items(), key=lambda item: -item[1]):
        found.setdefault(module, counterpart)
    taken = set(found.values())
    for fqn in (module.fqn for module in own.modules):
        if fqn not in found and fqn in other.modules and fqn not in taken:
            found[fqn] = fqn
    found[""] = ""
    return found


def box_in(index: Index, key: str, other: Index, modules: Mapping[str, str]) -> str | None:
    """The key of the box of another graph that a box is there; ``None`` if it has none."""
    box = index.containers[key]
    if box.members:
        first = box_in(index, box.members[0], other, modules)
        stacks = (one.key for one in other.stacks.values() if one.members[0] == first)
        return next(stacks, first)
    name = box.face
    target = modules.get(name)
    if not key or target is None:
        return None
    part = key.removeprefix(name) if key.startswith(name) else ""
    if not part:
        return other.box_of(target) or None
    return target + part if target + part in other.containers else None


def uneven_stacks(index: Index, other: Index, modules: Mapping[str, str]) -> list[str]:
    """The stacks whose members are not, one by one, those of a stack of the other graph."""
    found = []
    for key, stack in index.stacks.items():
        twin = other.stacks.get(box_in(index, key, other, modules) or "")
        members = tuple(box_in(index, one, other, modules) for one in stack.members)
        if twin is None or twin.members != members:
            found.append(key)
    return found


def place_of(
    graph: TaggedGraph, ops: Sequence[int], counterparts: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Where ops would be in the other graph, which has not: ids of ops there that stand around.

    They are counterparts of what feeds the ops and of what they feed, the nearest ones.
    """
    found: dict[str, None] = {}
    for neighbours in (graph.flat.predecessors, graph.flat.successors):
        seen, level, near = set(ops), list(ops), 0
        while level and near < _NEIGHBOURS and len(seen) < _FAR + len(ops):
            following: list[int] = []
            for at in level:
                for one in neighbours[at]:
                    if one in seen:
                        continue
                    seen.add(one)
                    known = counterparts.get(graph.ops[one].id)
                    if known is None:
                        following.append(one)
                    elif near < _NEIGHBOURS:
                        found[known[0]] = None
                        near += 1
            level = following
    return list(found)
