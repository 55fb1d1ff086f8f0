"""The still picture of a view: what a saved notebook shows where no kernel runs.

The widget alone would be an error message there ("model not found"). So a view is two outputs:

::

    a picture      seen until the live view is there, and again where it cannot be
    the widget     seen once its element (``.hexviz-view``) is on the page

Which of the two is seen says the picture's own style sheet, with the classes that JupyterLab has;
elsewhere ``assets/notebook/widget.js`` hides the picture.
"""

from __future__ import annotations

import base64
from html import escape

from hexviz.app.graph.picture import painted
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState
from hexviz.errors import HexvizError
from hexviz.model.graph import TaggedGraph
from hexviz.notebook.session import Session
from hexviz.view.svg import to_svg

__all__ = ["Still", "still_html", "still_svg"]

_NO_KEY = "0" * 64

_MOST_BYTES = 250_000
"""Of a picture as SVG: one that is larger shows the model with its boxes closed."""

_RUN = "A still picture: run the cell to move about in the graph."

_STYLE = """\
.jp-OutputArea-child:has(> * .{name}):has(+ .jp-OutputArea-child .hexviz-view),
.jp-OutputArea-child:has(> * .{name}) + .jp-OutputArea-child:not(:has(.hexviz-view))
{{ display: none; }}"""


def still_svg(session: Session) -> str:
    """Where the view is now as an SVG file, in light colours."""
    model, state = session.model, session.at.state
    closed = PageState()
    try:
        text = to_svg(painted(model, state, "light")[0], "light", title=model.graph.name)
    except HexvizError:
        text = ""
    if not text or len(text) > _MOST_BYTES:
        text = to_svg(painted(model, closed, "light")[0], "light", title=model.graph.name)
    return text


def still_html(svg: str, name: str, *, title: str, height: int, note: str = _RUN) -> str:
    """A picture as an output of a cell; ``name`` tells this view's from all others.

    As an image, nothing in it can run, and a notebook that is not trusted shows it, too.
    """
    image = base64.b64encode(svg.encode()).decode()
    style = _STYLE.format(name=name)
    return (
        f"<style>{style}</style>"
        f'<figure class="{name}" style="margin:0">'
        f'<img alt="The graph of {escape(title)}" src="data:image/svg+xml;base64,{image}" '
        f'style="max-width:100%;max-height:{height}px;background:#fff;border-radius:6px">'
        f'<figcaption style="font-size:12px;opacity:.75">{escape(note)}</figcaption></figure>'
    )


class Still:
    """The picture of a graph, where a notebook can show nothing more; ``note`` says why."""

    def __init__(self, graph: TaggedGraph, *, note: str, height: int) -> None:
        self.graph = graph
        self.note = note
        self._height = height

    def _repr_html_(self) -> str:
        session = Session(OpenModel(_NO_KEY, self.graph))
        title = self.graph.name or "a model"
        return still_html(
            still_svg(session), "hexviz-still", title=title, height=self._height, note=self.note
        )

    def __repr__(self) -> str:
        return f"<picture of {self.graph.name or 'a model'}. {self.note}>"
