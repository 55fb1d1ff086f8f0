"""Which tags are wrong or doubtful: every check of a tagged graph, worst first."""

from __future__ import annotations

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.finding import Finding

__all__ = ["audit"]


def audit(graph: TaggedGraph) -> list[Finding]:
    """All findings on a graph, worst first. Linear in the graph."""
    return []
