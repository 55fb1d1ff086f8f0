"""From a state to what the browser draws, in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.view.cache import LayoutCache
from hexviz.view.colouring import Colouring
from hexviz.view.drawing import Box
from hexviz.view.elements import to_elements
from hexviz.view.index import Index
from hexviz.view.labels import label_of
from hexviz.view.layout import lay_out
from hexviz.view.legend import Legend, build_legend
from hexviz.view.palette import Theme
from hexviz.view.problem import Arrangement, Problem
from hexviz.view.scene import build_scene
from hexviz.view.state import ViewState

__all__ = ["Layouts", "Rendered", "render"]

Layouts = LayoutCache[Problem, Arrangement]
"""The cache that :func:`render` wants: one per server is enough, models share it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """What one state looks like.

    ``bounds`` encloses everything, in model pixels. ``n_visible`` counts the
    ops and modules on the page, of which ``n_ops`` are ops. ``owner`` is, for
    each slot of the index, the position of the element that shows it in
    ``shown``; -1 if it is hidden.
    """

    elements: list[dict[str, Any]]
    bounds: Box
    legend: Legend
    n_visible: int
    n_ops: int
    shown: tuple[str, ...]
    owner: npt.NDArray[np.int64]

    def element(self, index: Index, position: int) -> str | None:
        """The id of the element that shows an op; ``None`` if it is hidden."""
        at = int(self.owner[index.slot_of[position]])
        return self.shown[at] if at >= 0 else None


def render(
    index: Index,
    state: ViewState,
    theme: Theme,
    cache: Layouts,
    colouring: Colouring | None = None,
) -> Rendered:
    """Draw a state of a graph.

    The index must have been built for ``state.placement``, the colouring for
    ``state.colour``.
    """
    if index.placement != state.placement:
        raise ValueError(
            f"The index places ops by {index.placement}, the state by {state.placement}."
        )
    scene = build_scene(index, state)
    labels = [label_of(index, node) for node in scene.nodes]
    layout = lay_out(scene, labels, cache, state.columns)
    swatches = index.palettes[theme]
    return Rendered(
        elements=to_elements(index, scene, layout, labels, swatches, colouring),
        bounds=layout.bounds,
        legend=build_legend(index, scene, swatches, colouring, theme),
        n_visible=sum(node.kind not in ("input", "output") for node in scene.nodes),
        n_ops=sum(node.kind in ("op", "constant") for node in scene.nodes),
        shown=tuple(node.id for node in scene.nodes),
        owner=scene.owner,
    )
