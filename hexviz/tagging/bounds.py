"""What was open before and after each op: the bound on the module it can belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.op import Provenance

__all__ = ["Bounds"]


class Bounds:
    """For each position the nearest known op before and after it in execution order."""

    def __init__(
        self,
        flat: FlatGraph,
        known: Mapping[int, Provenance],
        before: Sequence[int | None],
        after: Sequence[int | None],
    ) -> None:
        self.before = before
        self.after = after
        self._ids = [op.id for op in flat.ops]
        self._modules = {at: why.module for at, why in known.items()}

    def hold(self, at: int) -> bool:
        """Whether anything is known before or after this position."""
        return self.before[at] is not None or self.after[at] is not None

    def ends(self, at: int) -> tuple[str, str]:
        """The modules open before and after; the root before the first and after the last."""
        one, two = self.before[at], self.after[at]
        return (
            "" if one is None else self._modules[one],
            "" if two is None else self._modules[two],
        )

    def module(self, at: int) -> str:
        """The deepest module open at both ends."""
        return names.common_ancestor(*self.ends(at))

    def evidence(self, at: int) -> tuple[str, ...]:
        """The ids of the ops at both ends."""
        return tuple(self._ids[end] for end in (self.before[at], self.after[at]) if end is not None)
