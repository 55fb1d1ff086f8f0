"""What is wrong or doubtful in a tagged graph: every check of it, worst first."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.checks import (
    disagreeing_sources,
    empty_modules,
    fallbacks,
    lost_tags,
    low_confidence,
    shared_constants,
    split_chains,
    unknown_modules,
    unread_modules,
)
from hexviz.tagging.finding import SEVERITIES, Finding
from hexviz.tagging.misplaced import misplaced
from hexviz.tagging.value_names import missing_values, shadowed_values

__all__ = ["audit"]

_CHECKS = (
    lost_tags,
    missing_values,
    shadowed_values,
    misplaced,
    shared_constants,
    disagreeing_sources,
    unknown_modules,
    unread_modules,
    fallbacks,
    split_chains,
    low_confidence,
    empty_modules,
)


def audit(graph: TaggedGraph) -> list[Finding]:
    """All findings on a graph: the worst first, then the surest, then those about most ops.

    Linear in the graph. A finding says what is wrong, and the module it would
    move its ops to where it knows; :func:`hexviz.tagging.override.override`
    applies that.
    """
    found = [finding for check in _CHECKS for finding in check(graph)]
    return sorted(
        found,
        key=lambda one: (-SEVERITIES.index(one.severity), -one.sureness, -len(one.ops), one.ops),
    )
