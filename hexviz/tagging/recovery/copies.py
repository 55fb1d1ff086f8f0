"""Which ops of the copies of a block are the same, as evidence for each other.

Copies with the same types in the same order are matched op by op. One that differs from all others
is matched with the first of them by type and occurrence: its second MatMul with the second there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hexviz.model.columns import Ints
from hexviz.tagging.recovery.blocks import Block

__all__ = ["MOST", "same_in_copies"]

MOST = 3
"""Copies whose op is named as evidence; more than that explains nothing."""


def same_in_copies(blocks: Sequence[Block], owners: Ints, op_types: Ints) -> Ints:
    """Per op the positions of the same op in up to :data:`MOST` other copies, -1 after the last.

    ``owners`` are the numbers of the blocks that ops lie in, innermost, and ``op_types`` numbers of
    types. The copies that follow come first, and after the last one the first.
    """
    found = np.full((len(owners), MOST), -1, np.int64)
    alike: dict[tuple[int, bytes], list[int]] = {}
    families: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        types = op_types[block.stretch.ops].tobytes()
        alike.setdefault((block.stretch.family, types), []).append(number)
        families.setdefault(block.stretch.family, []).append(number)
    for (family, _), members in alike.items():
        if len(members) > 1:
            ops = np.stack([blocks[one].stretch.ops for one in members])
            own = owners[ops] == np.array(members)[:, None]
            for place in range(min(MOST, len(members) - 1)):
                found[ops[own], place] = np.roll(ops, -1 - place, axis=0)[own]
        elif len(families[family]) > 1:
            (number,) = members
            other = next(one for one in families[family] if one != number)
            mine, theirs = blocks[number].stretch.ops, blocks[other].stretch.ops
            _, at, there = np.intersect1d(
                _occurrences(op_types[mine]), _occurrences(op_types[theirs]), return_indices=True
            )
            own = owners[mine[at]] == number
            found[mine[at][own], 0] = theirs[there][own]
    return found


def _occurrences(types: Ints) -> Ints:
    """A number for each op: its type, and how many of that type come before it."""
    order = np.argsort(types, kind="stable")
    ranked = types[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    lengths = np.diff(np.append(starts, len(types)))
    before = np.empty(len(types), np.int64)
    before[order] = np.arange(len(types)) - np.repeat(starts, lengths)
    return types.astype(np.int64) << 32 | before
