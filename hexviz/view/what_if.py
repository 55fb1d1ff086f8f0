"""What if auxiliary ops were placed by another policy: what the page shows of one policy.

::

    present   enc.att      stays    enc.att          deeper   enc.att.q
                           higher   enc              elsewhere  head
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.policies import changes, what_if

__all__ = ["ANSWERS", "NAMES", "STAYS", "WhatIf", "ask"]

NAMES: Mapping[str, str] = {
    "consumers": "consumers only",
    "producers": "producers only",
    "ancestor": "common ancestor",
    "inference": "full inference",
}
"""Policy → what it is called on the page."""

STAYS = "stays"

ANSWERS = (STAYS, "moves deeper", "moves higher", "moves elsewhere")
"""What can become of an op, in the order of the legend."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answers of one policy: position → FQN, and the positions that move, by where to."""

    policy: str
    answers: Mapping[int, str]
    moved: Mapping[str, list[int]]

    def fates(self, count: int) -> list[str]:
        """What becomes of each of ``count`` ops, one of :data:`ANSWERS`."""
        found = [STAYS] * count
        for where, positions in self.moved.items():
            for at in positions:
                found[at] = f"moves {where}"
        return found


def ask(graph: TaggedGraph, policy: str) -> WhatIf:
    """What a policy would do with a graph. Linear.

    Raises:
        ValueError: if there is no such policy.
    """
    answers = what_if(graph, policy)
    return WhatIf(policy, answers, changes(graph, answers))
