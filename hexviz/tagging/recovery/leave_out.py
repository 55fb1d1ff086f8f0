"""A graph without the blocks that were recovered in it, as if it had been opened so."""

from __future__ import annotations

import numpy as np

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ON_RECORD, ORIGINS
from hexviz.tagging.recovery.names import without_recovered
from hexviz.tagging.tag import retag

__all__ = ["leave_out"]

_ON_RECORD = sorted(map(ORIGINS.index, ON_RECORD))


def leave_out(graph: TaggedGraph) -> TaggedGraph:
    """The graph with just what the file says, and what inference makes of that.

    Blocks stay that a person moved ops to.
    """
    infos = graph.modules.infos()
    if not any(info.copies for info in infos.values()):
        return graph
    on_record = np.flatnonzero(np.isin(graph.columns.origins, _ON_RECORD))
    known = {at: graph.ops[at].provenance for at in on_record.tolist()}
    used = {why.module for why in known.values()}
    return retag(graph, known, modules=without_recovered(infos, used))
