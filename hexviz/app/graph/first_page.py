"""The picture in the page's HTML, of a model that is open."""

from __future__ import annotations

from hexviz.app.address import from_query, sight_in
from hexviz.app.index_html import FirstPicture, Look
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState
from hexviz.view.stylesheet import CANVAS
from hexviz.view.svg.first import first_svg

__all__ = ["first_page"]

_FARTHEST = 9 / 12  # zoom from which labels are drawn as they are: see assets/canvas/names.js
_NEAREST = float(CANVAS["maxZoom"])


def first_page(model: OpenModel, query: str, look: Look) -> FirstPicture | None:
    """What the page shows of the state in an address, before its scripts.

    ``None`` where that is more than the graph's boxes in their own colours: something is
    selected, a line above the graph says something of it, another tab is in sight, or the
    address looks from so far that the canvas shows names instead of labels.
    """
    state = from_query(query, model, look.canvas)
    view = state.view
    is_plain = state == PageState(view) and view.colour == "module" and view.placement == "module"
    sight = sight_in(query)
    is_far = sight is not None and not _NEAREST >= sight.zoom >= _FARTHEST
    if not is_plain or is_far or model.edit is not None:
        return None
    light, dark = model.render(view, "light"), model.render(view, "dark")
    return FirstPicture(
        first_svg(light.elements, dark.elements, title=model.graph.name, sight=sight)
    )
