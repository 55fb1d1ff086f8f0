"""What a tagged graph looks like: a pure function from a state to elements.

::

    TaggedGraph ─ build_index ─→ Index ─┐
                     ViewState ─────────┼─ render ─→ Rendered.elements → Cytoscape
              theme, LayoutCache ───────┘                         └→ to_svg → a file
"""

from hexviz.view.cache import LayoutCache
from hexviz.view.first_view import first_view, initial_state
from hexviz.view.index import Index, build_index
from hexviz.view.legend import Legend
from hexviz.view.palette import PAGE, Palette, Swatch, Theme
from hexviz.view.render import Layouts, Rendered, render
from hexviz.view.state import (
    ViewLimitError,
    ViewState,
    close,
    hide,
    open_path,
    reveal,
    toggle,
)
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg import to_svg

__all__ = [
    "PAGE",
    "Index",
    "LayoutCache",
    "Layouts",
    "Legend",
    "Palette",
    "Rendered",
    "Swatch",
    "Theme",
    "ViewLimitError",
    "ViewState",
    "build_index",
    "close",
    "first_view",
    "hide",
    "initial_state",
    "open_path",
    "render",
    "reveal",
    "stylesheet",
    "to_svg",
    "toggle",
]
