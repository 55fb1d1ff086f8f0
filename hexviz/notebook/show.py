"""What ``hexviz.show`` shows in a notebook: the live view, or where that cannot be, its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexviz.errors import ExtraError
from hexviz.extras import require
from hexviz.model.graph import TaggedGraph

if TYPE_CHECKING:
    from hexviz.notebook.still import Still
    from hexviz.notebook.widget import View

__all__ = ["LEAST_HEIGHT", "show_in_notebook"]

LEAST_HEIGHT = 240
"""Pixels below which nothing of a graph can be read."""


def show_in_notebook(graph: TaggedGraph, *, height: int) -> View | Still:
    """A view of a graph; without anywidget a still picture, which says how to get the view."""
    height = max(LEAST_HEIGHT, height)
    try:
        require("notebook", "The live view", "anywidget")
    except ExtraError as error:
        from hexviz.notebook.still import Still

        return Still(graph, note=str(error), height=height)
    from hexviz.notebook.widget import View

    return View(graph, height=height)
