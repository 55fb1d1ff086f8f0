"""Find out which op of one graph is which of another."""

from __future__ import annotations

from collections.abc import Mapping

from hexviz.matching.matching import Match, Matching
from hexviz.model.graph import TaggedGraph

__all__ = ["match"]


def match(
    before: TaggedGraph, after: TaggedGraph, equal: Mapping[str, str] | None = None
) -> Matching:
    """The ops of ``after`` as ops of ``before``.

    ``equal`` are values that a run of both has shown to be the same: value id
    after → value id before (see :mod:`hexviz.matching.numbers`).
    """
    made = {value: at for at, op in enumerate(before.ops) for value in op.outputs if value}
    found = {}
    for at, op in enumerate(after.ops):
        known = next((made[value] for value in op.outputs if value in made), None)
        if known is not None:
            same = before.ops[known].op_type == op.op_type
            found[at] = Match((known,), "same" if same else "value", 0.95 if same else 0.9)
    return Matching(found, len(before.ops), len(after.ops))
