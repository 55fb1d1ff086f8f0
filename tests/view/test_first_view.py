"""What is open at first: what is big, as far as it can be read on a canvas of some size."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.canvas_size import CANVAS, size_class
from hexviz.view.first_view import first_view, initial_state
from hexviz.view.index import build_index
from hexviz.view.metrics import CAPTION_SIZE
from hexviz.view.render import Layouts, render
from hexviz.view.state import ViewState, count_visible
from tests.view.graphs import Node, build, two_layers

READABLE = 9 / CAPTION_SIZE


def test_the_first_view_opens_siblings_of_a_class_together() -> None:
    index = build_index(two_layers())
    state = initial_state(index)
    assert ("encoder.0" in state.open) == ("encoder.1" in state.open)
    assert "encoder" in state.open


def test_the_first_view_keeps_to_its_limit() -> None:
    nodes = [Node("v0", ["x"], module="a.0")]
    nodes += [Node(f"v{at}", [f"v{at - 1}"], module=f"a.{at // 30}") for at in range(1, 300)]
    index = build_index(build(nodes, ["v299"]))
    state = initial_state(index, limit=60)
    assert state.open == {"a"}
    assert count_visible(index, state) <= 60
    assert initial_state(index, limit=60, fits=lambda _state, _screens: False).open == frozenset()


def encoders() -> list[Node]:
    """A small prompt encoder of different ops, and a large image encoder of ten blocks."""
    nodes = [Node("p0", ["x"], "Where", "prompt")]
    nodes += [Node(f"p{at}", [f"p{at - 1}"], "Where", "prompt") for at in range(1, 8)]
    before = "x"
    for block in range(10):
        for at in range(12):
            name = f"b{block}_{at}"
            nodes.append(Node(name, [before], f"Kind{at}", f"image.{block}.part{at // 4}"))
            before = name
    return [*nodes, Node("y", [before, "p7"], "Add")]


def test_the_largest_opens_and_a_detail_does_not() -> None:
    index = build_index(build(encoders(), ["y"], classes={"image": "Image", "prompt": "Prompt"}))
    opened = first_view(index, LayoutCache()).open
    assert any(key.startswith("image") for key in opened)
    assert "prompt" not in opened


def trunk_and_head() -> list[Node]:
    """Nearly all in one box of many different ops, and a head of two."""
    nodes = [Node("t0", ["x"], "Kind0", "trunk")]
    nodes += [Node(f"t{at}", [f"t{at - 1}"], f"Kind{at}", "trunk") for at in range(1, 60)]
    return [*nodes, Node("h0", ["t59"], "MatMul", "head"), Node("h1", ["h0"], "Add", "head")]


def test_nothing_opens_in_the_place_of_a_larger_one_without_room() -> None:
    classes = {"trunk": "Trunk", "head": "Head"}
    index = build_index(build(trunk_and_head(), ["h1"], classes=classes))

    def all_but_the_trunk(state: ViewState, _screens: float) -> bool:
        return "trunk" not in state.open

    assert initial_state(index, fits=all_but_the_trunk).open == frozenset()
    assert "trunk" in initial_state(index).open


@pytest.mark.parametrize("width", [564, 700, 824])
def test_most_of_the_model_opens_and_is_cut_off_at_no_side(width: int) -> None:
    """It may go on below, which scrolls."""
    index = build_index(build(trunk_and_head(), ["h1"], classes={"trunk": "T", "head": "H"}))
    cache: Layouts = LayoutCache()
    state = first_view(index, cache, canvas=(width, 560))
    assert "trunk" in state.open
    assert render(index, state, "light", cache).bounds.width * READABLE <= width


def test_a_small_canvas_opens_less() -> None:
    index = build_index(build(encoders(), ["y"]))
    cache: Layouts = LayoutCache()
    small, large = (first_view(index, cache, canvas=size) for size in ((400, 400), (2000, 1400)))
    assert small.open <= large.open
    assert small.open != large.open


@pytest.mark.parametrize("size", [(474, 559), CANVAS, (890, 759), (1310, 939)])
def test_a_first_picture_is_readable_and_small(
    exported: Callable[..., Exported], size: tuple[int, int]
) -> None:
    """Its width fits with labels of 9 px; what does not fit below scrolls."""
    result = exported("bert-tiny")
    index = build_index(tag(from_proto(result.proto, name="bert"), modules=result.modules))
    cache: Layouts = LayoutCache()
    state = first_view(index, cache, canvas=size)
    drawn = render(index, state, "light", cache)
    closed = render(index, ViewState(), "light", cache).bounds
    assert drawn.bounds.width * READABLE <= max(size[0], 1.15 * closed.width * READABLE)
    assert drawn.bounds.height * READABLE <= 3 * max(size[1], closed.height * READABLE)
    assert len(drawn.elements) <= 300


def test_a_long_chain_fills_a_wide_canvas_in_columns() -> None:
    """And stands in one column where the canvas is no wider than that."""
    chain = [Node(f"c{at}", [f"c{at - 1}" if at else "x"], f"Kind{at}") for at in range(14)]
    index = build_index(build(chain, ["c13"]))
    cache: Layouts = LayoutCache()
    wide = first_view(index, cache, canvas=(1150, 600))
    assert wide.columns > 1
    narrow = replace(wide, columns=1)
    shares = [
        render(index, view, "light", cache).bounds.width * READABLE / 1150
        for view in (narrow, wide)
    ]
    assert shares[1] > 1.5 * shares[0]
    assert first_view(index, cache, canvas=(400, 1400)).columns == 1


def test_sizes_of_a_canvas_come_in_classes() -> None:
    assert size_class((816, 627)) == size_class((830, 640)) == size_class(None)
    assert size_class((1310, 939)) != size_class(None)
    assert size_class((0, 0)) == (400, 400)


def test_a_model_of_nothing_has_a_view_of_nothing() -> None:
    index = build_index(build([], [], inputs=[]))
    layouts = Layouts()
    assert render(index, first_view(index, layouts), "light", layouts).elements == []
