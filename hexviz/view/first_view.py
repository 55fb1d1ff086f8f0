"""What is open when a model is first seen: what is big in it, as far as it can be read.

::

    SamModel, 1,237 ops        the largest boxes open first: the encoder of 900 ops,
    ├─ vision_encoder   900    and not the 27 ops of the prompt encoder, as long as
    ├─ prompt_encoder    27    all of it fits the canvas with labels of 9 px
    └─ mask_decoder     301

The canvas decides with its width and height, in a few classes, so that first
pictures can be kept. Boxes of one class below one class open together or not at
all: twelve equal layers look equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hexviz.view.cache import LayoutCache
from hexviz.view.canvas_size import size_class
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.labels import label_of
from hexviz.view.layout import lay_out
from hexviz.view.metrics import CAPTION_SIZE
from hexviz.view.palette import kind_of
from hexviz.view.problem import Arrangement, Point, Problem
from hexviz.view.scene import build_scene
from hexviz.view.sight import apart_stacks, content
from hexviz.view.state import FIRST_VIEW, MOST_COLUMNS, ViewState, count_visible, is_hidden

__all__ = ["first_view", "initial_state"]

_SMALLEST = 9.0  # pixels on the screen of the smallest label
_MARGIN = 56  # pixels that a fitted graph leaves free
_MAIN = 0.5  # share of the model from which a box is most of it,
_SCREENS = 3.0  # which may open where it takes more than the canvas, and scrolls,
_NEAR = 20  # and come nearer to the sides of the canvas: it leaves so many pixels free
_WIDER = 1.15
_FOLD = 0.85  # columns make the picture larger by more than this, or there are none
_SHARE = 0.06  # of the model: what is smaller is a detail
_WORTH = 2.0  # ops shown per box drawn: below this, opening shows little but single ops
_FEW = 12

Fits = Callable[[ViewState, float], bool]
"""Whether a state takes no more room than the canvas has, or some canvases one below the other."""


def first_view(
    index: Index,
    cache: LayoutCache[Problem, Arrangement],
    *,
    hidden: frozenset[str] = frozenset(),
    canvas: tuple[int, int] | None = None,
) -> ViewState:
    """The state to start with on a canvas of a width and height in pixels."""
    zoom = _SMALLEST / CAPTION_SIZE
    size = size_class(canvas)
    width, height = ((side - _MARGIN) / zoom for side in size)

    def extents(state: ViewState, most: int = 1) -> list[tuple[ViewState, Point]]:
        """What a state takes in each number of columns: the scene is the same in all of them."""
        scene = build_scene(index, state)
        labels = [label_of(index, node) for node in scene.nodes]
        found = []
        for columns in range(1, most + 1):
            bounds = lay_out(scene, labels, cache, columns).bounds
            found.append((replace(state, columns=columns), (bounds.width, bounds.height)))
        return found

    def folded(state: ViewState) -> list[tuple[ViewState, Point]]:
        return extents(state, MOST_COLUMNS)

    ((_, least),) = extents(ViewState(placement=index.placement, hidden=hidden))

    def fits(state: ViewState, screens: float) -> bool:
        # What is too wide or too high with all boxes closed does not get worse by much.
        room = (size[0] - _NEAR) / zoom if screens > 1 else width
        wide, high = max(room, _WIDER * least[0]), screens * max(height, least[1])
        return any(one[0] <= wide and one[1] <= high for _, one in folded(state))

    def scale(taken: Point) -> float:
        """How large the whole picture can be on the canvas, up to its own size."""
        wide, high = max(taken[0], 1.0), max(taken[1], 1.0)  # of nothing at all, both are 0
        return min(1.0, zoom * width / wide, zoom * height / high)

    state = initial_state(index, hidden=hidden, fits=fits)
    # What is cut off at the side is not seen to go on; what is cut off below scrolls.
    views = folded(state)
    widest = max((size[0] - _NEAR) / zoom, min(taken[0] for _, taken in views))
    views = [view for view in views if view[1][0] <= widest]
    best = max(views, key=lambda one: scale(one[1]) * (1.0 if one[0].columns == 1 else _FOLD))
    return best[0]


def initial_state(
    index: Index,
    *,
    hidden: frozenset[str] = frozenset(),
    limit: int = FIRST_VIEW,
    fits: Fits = lambda _state, _screens: True,
) -> ViewState:
    """A first view: the largest boxes open, as many as fit and stay readable.

    Calls and sections stay closed. Where very little would be seen, smaller ones open as well,
    but none that is smaller than one for which there was no room.
    """
    apart = apart_stacks(index, frozenset(), hidden)
    state = ViewState(placement=index.placement, hidden=hidden)
    refused: set[str] = set()
    for details in (False, True):
        while (group := _largest(index, state, apart, refused)) is not None:
            wider = replace(state, open=state.open.union(box.key for box in group))
            shown, few = count_visible(index, wider), count_visible(index, state) < _FEW
            is_main = max(box.count for box in group) >= _MAIN * index.n_ops
            ops, cost = _ops(group), sum(len(content(index, box, apart)) for box in group)
            is_worth = few if details else ops >= max(_SHARE * index.n_ops, _WORTH * cost)
            if not is_worth:
                refused.update(box.key for box in group)
            elif shown <= limit and fits(wider, _SCREENS if is_main else 1.0):
                state = wider
            else:
                return state
        refused.clear()
    return state


def _largest(
    index: Index, state: ViewState, apart: frozenset[str], refused: set[str]
) -> list[Container] | None:
    """The closed boxes of one class below one class that hold most ops together."""
    groups: dict[tuple[str, str], list[Container]] = {}
    for box in _closed(index, state, apart):
        if box.key in refused or not box.is_module or box.count < 2:
            continue
        around = index.containers[box.parent or ""].module
        modules = index.graph.modules
        kinds = kind_of(modules[around]), kind_of(modules[box.face])
        groups.setdefault(kinds, []).append(box)
    return max(groups.values(), key=_ops, default=None)


def _ops(group: list[Container]) -> int:
    return sum(box.count for box in group)


def _closed(index: Index, state: ViewState, apart: frozenset[str]) -> Iterator[Container]:
    """The closed boxes in sight."""
    pending = [""]
    while pending:
        for item in content(index, index.containers[pending.pop()], apart):
            if not isinstance(item, str):
                continue
            box = index.containers[item]
            if item in state.open:
                pending.append(item)
            elif not is_hidden(box.module, state.hidden):
                yield box
