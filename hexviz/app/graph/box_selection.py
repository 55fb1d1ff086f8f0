"""Several ops as one selection: those that a person drew a frame around."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import NOTHING, PageState, Selection
from hexviz.errors import ViewLimitError

__all__ = ["enclosed", "ops_in"]

_MOST = 500


def enclosed(model: OpenModel, state: PageState, elements: Sequence[object]) -> Selection:
    """All ops that some elements of the canvas show; a closed box shows all that is in it.

    Raises:
        ViewLimitError: if they are too many to be one selection.
    """
    drawn = model.render(state.view, "light", state.answers)
    index = model.index(state.view.placement)
    within = [at for at, name in enumerate(drawn.shown) if name in set(map(str, elements))]
    found = np.isin(drawn.owner[index.slot_of], within)
    ids = [op.id for op, one in zip(model.graph.ops, found.tolist(), strict=True) if one]
    if len(ids) > _MOST:
        raise ViewLimitError(
            f"{len(ids):,} ops are in that frame, more than the {_MOST} that one selection holds: "
            "draw it around fewer, or select a module or a search instead."
        )
    if len(ids) == 1:
        return "op", ids[0]
    return ("ops", json.dumps(ids)) if ids else NOTHING


def ops_in(model: OpenModel, what: str) -> list[str]:
    """The ids in such a selection that the model has; a browser or a link may say anything."""
    try:
        told = json.loads(what)
    except (ValueError, RecursionError):
        return []
    listed = told if isinstance(told, list) else []
    known = model.graph.positions
    return [one for one in listed[:_MOST] if isinstance(one, str) and one in known]
