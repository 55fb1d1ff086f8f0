"""All that is found in a graph that names no modules: what repeats, and what its parts are."""

from __future__ import annotations

from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery.patterns.naming import name_stretches
from hexviz.tagging.recovery.repeats import find_repeats
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["find_stretches"]


def find_stretches(flat: FlatGraph) -> list[Stretch]:
    """The outermost stretches, in order of execution; those inside are in them."""
    return name_stretches(flat, find_repeats(flat))
