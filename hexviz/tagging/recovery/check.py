"""What the audit says of recovered blocks: that they were found, and what of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS
from hexviz.model.wording import counted
from hexviz.tagging.finding import Finding

__all__ = ["recovered_blocks"]

_NAMED = 3
"""Kinds of outermost blocks that are named."""


def recovered_blocks(graph: TaggedGraph) -> Iterator[Finding]:
    """One finding for all ops whose module nothing names; blocks in blocks are not listed."""
    columns, tree = graph.columns, graph.modules.columns
    found = np.flatnonzero(columns.origins == ORIGINS.index("recovered")).tolist()
    if not found:
        return
    outermost = Counter(
        kind
        for kind, copies, parent in zip(tree.class_names, tree.copies, tree.parents, strict=True)
        if copies and not tree.copies[parent]
    )
    kinds = [f"{kind} ×{count}" for kind, count in outermost.most_common(_NAMED)]
    more = ", …" if len(outermost) > _NAMED else ""
    yield Finding(
        "recovered",
        "info",
        tuple(map(graph.flat.columns.ids.__getitem__, found)),
        f"{counted(len(found), 'op')} of {len(graph.ops):,} lie in blocks that the graph repeats "
        f"and nothing names: {', '.join(kinds)}{more}.",
        "Rename blocks that you know (hexviz tag --rename), or export the model again with "
        "`hexviz export`, which records its modules.",
    )
