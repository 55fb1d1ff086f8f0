"""Recovered blocks as modules: which ops may get one, which one each gets, and why.

A guess never replaces what the file says. Free for it are ops of which nothing is known, and those
that inference left at the root because nothing better was around::

    declared   encoder.fc    stays
    inherited  encoder       stays: what lies around it says so
    inherited  the root      free: it lies between modules, or at an edge of the graph
    fallback   the root      free

The innermost block has an op. What no block has joins one: a constant, shape or layout
that is used in one block alone, and the ops in the body of an op that lies in a block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import KINDS, RULES, Step
from hexviz.tagging.bounds import link
from hexviz.tagging.conclusions import Fields
from hexviz.tagging.reasons import Doubt, Reasons
from hexviz.tagging.recovery.blocks import Block, blocks_of, infos_of
from hexviz.tagging.recovery.copies import same_in_copies
from hexviz.tagging.recovery.names import WordPath
from hexviz.tagging.recovery.stretch import Stretch
from hexviz.tagging.structure import Mask, structure_of

__all__ = ["free_ops", "recover"]

_ENOUGH = 0.2
"""Share of a graph's ops that has to be free: less is what a file with names leaves over."""

_OPEN = frozenset({"inherited", "fallback"})
"""Origins of an op at the root that say no more than that nothing better is known."""

_JOINS = 0.9
"""What the confidence of a block is multiplied by for what only joins it."""

_EVIDENCE = 8  # users named as evidence at most; more than that explains nothing


def free_ops(reasons: Reasons) -> Mask | None:
    """Whether each op is free to be recovered; ``None`` where recovery has nothing to do.

    That is so where a file names enough, and where it tells what was recovered before.
    """
    at_root = np.array([not module for module in reasons.modules], np.bool_)
    if not at_root.any() or at_root.mean() < _ENOUGH:
        return None
    origins = reasons.origins()
    if "recovered" in origins:
        return None
    free: Mask = at_root & np.array([one in _OPEN for one in origins], np.bool_)
    return free if free.mean() >= _ENOUGH else None


def recover(
    flat: FlatGraph,
    reasons: Reasons,
    free: Mask,
    modules: Mapping[str, ModuleInfo],
    renamed: Mapping[WordPath, str],
    stretches: Sequence[Stretch],
) -> dict[str, ModuleInfo]:
    """Give free ops the blocks that some stretches of a graph are, and return these as modules.

    ``reasons`` are those of all ops, ``modules`` what is known of modules by FQN, and ``renamed``
    what a person calls blocks.
    """
    named = [fqn for fqn, info in modules.items() if fqn and not info.copies]
    blocks = blocks_of(stretches, free, named, renamed)
    if not blocks:
        return {}
    found = _Recovered(flat, blocks, free)
    reasons.conclude(found.by_position(), found)
    return infos_of(blocks)


class _Recovered:
    """The reasons of all ops that a block has, each made when it is looked at."""

    def __init__(self, flat: FlatGraph, blocks: Sequence[Block], free: Mask) -> None:
        self._flat, self._blocks = flat, blocks
        self._infos = infos_of(blocks)
        owners = np.full(len(free), -1, np.int64)
        for number, block in enumerate(blocks):
            owners[block.stretch.ops] = number
        self._copies = same_in_copies(blocks, owners, structure_of(flat).op_types)
        owners[~free] = -1
        self._joined = _joining(flat, blocks, owners, free)
        """Position → the block that an op joins, and the relation to the ops that it joins for."""
        for at, (number, _, _) in self._joined.items():
            owners[at] = number
        self._owners = owners

    def by_position(self) -> dict[int, str]:
        """Position → FQN."""
        ats = np.flatnonzero(self._owners >= 0)
        names = [block.fqn for block in self._blocks]
        modules = map(names.__getitem__, self._owners[ats].tolist())
        return dict(zip(ats.tolist(), modules, strict=True))

    def origin(self, at: int) -> str:
        """The origin of the op at a position."""
        del at
        return "recovered"

    def doubts(self) -> dict[int, Doubt]:
        """How sure it is of each op, by position."""
        ats = np.flatnonzero(self._owners >= 0).tolist()
        sure = {
            share: [
                Doubt(round(block.stretch.confidence * share, 4), (), ()) for block in self._blocks
            ]
            for share in (1.0, _JOINS)
        }
        return {
            at: sure[_JOINS if at in self._joined else 1.0][number]
            for at, number in zip(ats, self._owners[ats].tolist(), strict=True)
        }

    def all_fields(self) -> dict[int, Fields]:
        """As :meth:`fields`, of each op, by position."""
        return {at: self.fields(at) for at in np.flatnonzero(self._owners >= 0).tolist()}

    def fields(self, at: int) -> Fields:
        """The arguments of the provenance of the op at a position."""
        block = self._blocks[self._owners[at]]
        sure = block.stretch.confidence
        ids = self._flat.columns.ids
        if at in self._joined:
            _, others, in_body = self._joined[at]
            kind = "serves one block"
            sure *= _JOINS
            steps = tuple(
                [
                    Step(ids[one], "holds its body") if in_body else link(self._flat, at, one)
                    for one in others[:_EVIDENCE]
                ]
            )
        else:
            repeated = self._infos[block.fqn].copies > 1
            kind = "repeated block" if repeated else "pattern of ops"
            same = self._copies[at].tolist()
            steps = tuple([Step(ids[one], "is the same op of a copy") for one in same if one >= 0])
        rule = KINDS[kind]
        return (
            block.fqn,
            RULES[rule],
            rule,
            tuple([step.op for step in steps]),
            (),
            (),
            round(sure, 4),
            (),
            (),
            kind,
            steps,
        )


_Joining = tuple[int, tuple[int, ...], bool]
"""A block, the ops for which an op joins it, and whether it lies in the body of those."""


def _joining(
    flat: FlatGraph, blocks: Sequence[Block], owners: Ints, free: Mask
) -> dict[int, _Joining]:
    """Position → the block that an op joins: users before what they use, owners before bodies."""
    left = free & (owners < 0)
    bodies = flat.columns.bodies
    owned = [body for body in flat.bodies if body.owner]
    positions = {one: at for at, one in enumerate(flat.columns.ids)} if owned else {}
    holders = {body.path: positions[body.owner] for body in owned}
    in_body = np.array([path in holders for path in bodies], np.bool_)
    wanted = np.flatnonzero(left & (in_body | structure_of(flat).static))
    where = owners.tolist()
    found: dict[int, _Joining] = {}
    for at in reversed(wanted.tolist()):
        holder = holders.get(bodies[at], -1)
        users = flat.links_down.of(at) if holder < 0 else (holder,)
        number = _meeting(blocks, [where[one] for one in users]) if users else -1
        if number >= 0:
            where[at] = number
            found[at] = number, tuple(users), holder >= 0
    return found


def _meeting(blocks: Sequence[Block], numbers: Sequence[int]) -> int:
    """The innermost block around all of some blocks; -1 for none."""
    found = numbers[0]
    for other in numbers[1:]:
        one = other
        while one != found:
            if one < 0 or found < 0:
                return -1
            if blocks[one].depth > blocks[found].depth:
                one = blocks[one].parent
            else:
                found = blocks[found].parent
    return found
