"""What is wrong or doubtful in a tagged graph: every check of it, worst first."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.checks import (
    disagreeing_sources,
    doubts_about,
    empty_modules,
    fallbacks,
    lost_tags,
    low_confidence,
    misleading_records,
    shared_constants,
    split_chains,
)
from hexviz.tagging.finding import SEVERITIES, Finding
from hexviz.tagging.misplaced import misplaced
from hexviz.tagging.recovery.check import recovered_blocks
from hexviz.tagging.value_names import missing_values, shadowed_values

__all__ = ["audit"]


def audit(graph: TaggedGraph) -> list[Finding]:
    """All findings on a graph: the worst first, then the surest, then those about most ops.

    Linear in the graph. A finding says what is wrong, and the module it would
    move its ops to where it knows; :func:`hexviz.tagging.override.override`
    applies that.
    """
    doubts = doubts_about(graph)
    found = [
        *lost_tags(graph),
        *missing_values(graph),
        *shadowed_values(graph),
        *misplaced(graph),
        *shared_constants(graph),
        *disagreeing_sources(graph, doubts),
        *misleading_records(graph),
        *fallbacks(graph),
        *recovered_blocks(graph),
        *split_chains(graph),
        *low_confidence(graph, doubts),
        *empty_modules(graph, doubts),
    ]
    return sorted(
        found,
        key=lambda one: (-SEVERITIES.index(one.severity), -one.sureness, -len(one.ops), one.ops),
    )
