"""Where on the canvas the hits of a search are: on what shows them, a closed box with their number.

::

    [embeddings 3]   ╔encoder════════╗        found: 3 ops in a closed box, and one
                     ║ MatMul ◀  Add ║        op on the page
                     ╚═══════════════╝
"""

from __future__ import annotations

import numpy as np

from hexviz.app.graph.search import Found
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import Matches, PageState

__all__ = ["matches"]


def matches(model: OpenModel, state: PageState, found: Found) -> Matches:
    """The elements of the graph in sight that show what a search has found; linear in the hits."""
    view = state.view
    index = model.index(view.placement)
    drawn = model.render(view, "light", state.answers)
    owners = drawn.owner[index.slot_of[list(found.ops)]] if found.ops else drawn.owner[:0]
    counts = np.bincount(owners[owners >= 0], minlength=len(drawn.shown))
    elements = {drawn.shown[at]: int(counts[at]) for at in np.flatnonzero(counts).tolist()}
    inputs = model.graph.flat.inputs
    elements |= {f"{'i' if one in inputs else 'u'}:{one}": 1 for one in found.values}
    keys = (index.box_of(fqn) for fqn in found.modules)
    shown = set(drawn.shown)
    named = [key for key in keys if key and f"m:{key}" in shown]
    return Matches(elements, list(dict.fromkeys(named)))
