"""Files whose tags a tool took away: they list modules, and no op says which is its own."""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.model.graph import TaggedGraph
from hexviz.model.writer import has_tags
from hexviz.tagging.finding import Finding

__all__ = ["lost_tags", "tags_lost"]

_FEW = 0.1
"""Share of ops with a record below which a file has lost its tags."""


def tags_lost(graph: TaggedGraph) -> bool:
    """Whether hexviz tagged the file, and hardly any op of it still has a record.

    A record is one on the op, hexviz's or an exporter's, or one in the file's map.
    """
    if not graph.ops or not has_tags(entry.key for entry in graph.proto.metadata_props):
        return False
    enough = _FEW * len(graph.ops)
    recorded = 0
    for op, flat in zip(graph.ops, graph.flat.ops, strict=True):
        why = op.provenance
        recorded += bool(
            why.shared_by  # a record found it, whoever decided
            or why.origin in ("transferred", "manual")
            or why.rule == "metadata"
            or has_tags(entry.key for entry in flat.node.metadata_props)
        )
        if recorded >= enough:
            return False
    return True


def lost_tags(graph: TaggedGraph) -> Iterator[Finding]:
    """One finding for a file whose tags were lost, as all of them are concluded from the rest."""
    if tags_lost(graph):
        modules = len(graph.modules)
        yield Finding(
            "lost-tags",
            "warning",
            (),
            f"The file lists {modules:,} {'module' if modules == 1 else 'modules'}, and hardly any "
            f"of its {len(graph.ops):,} ops says which is its own: a tool dropped the records.",
            "Take the file from before that tool, or tag it again; what is shown is inferred.",
        )
