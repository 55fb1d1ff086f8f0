"""Where ops are, in numbers by position: the modules of those of which something is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hexviz.model.columns import Ints
from hexviz.model.op import Provenance
from hexviz.tagging.paths import Paths
from hexviz.tagging.reasons import Reasons
from hexviz.tagging.structure import Mask

__all__ = ["Places"]


class Places(NamedTuple):
    """By position the number of the op's module in ``paths``, -1 where nothing is known."""

    paths: Paths
    where: Ints

    @classmethod
    def of(cls, known: Mapping[int, Provenance], size: int, paths: Paths | None = None) -> Places:
        """Where the ops of which something is known are, of ``size`` ops."""
        if isinstance(known, Reasons):
            modules = known.modules
        else:
            modules = [None] * size
            for at, why in known.items():
                modules[at] = why.module
        paths = paths or Paths()
        return cls(paths, paths.numbers(modules))

    @property
    def known(self) -> Mask:
        """Of which ops something is known."""
        found: Mask = self.where >= 0
        return found
