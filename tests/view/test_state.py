import pytest

from hexviz.errors import UnknownOpError
from hexviz.view.index import build_index
from hexviz.view.scene import build_scene
from hexviz.view.state import (
    MOST_NODES,
    ViewLimitError,
    ViewState,
    close,
    count_visible,
    hide,
    is_hidden,
    open_path,
    reveal,
    toggle,
)
from tests.view.graphs import Node, build, chain, two_layers


def test_opening_opens_the_path_and_toggling_closes_again() -> None:
    index = build_index(two_layers())
    state = toggle(ViewState(), index, "encoder.1")
    assert state.open == {"encoder", "encoder.1"}
    assert toggle(state, index, "encoder.1").open == {"encoder"}
    assert close(state, index, "encoder").open == {"encoder.1"}


def test_reveal_opens_exactly_what_an_op_needs() -> None:
    index = build_index(two_layers())
    state = reveal(ViewState(frozenset({"head"})), index, "c")
    assert state.open == {"head", "encoder", "encoder.1"}
    assert "o:c" in {node.id for node in build_scene(index, state).nodes}
    assert reveal(ViewState(), index, "mask") == ViewState()


def test_reveal_lifts_the_filter_around_the_op_only() -> None:
    index = build_index(two_layers())
    state = reveal(hide(ViewState(), ["encoder.1", "head"]), index, "c")
    assert state.hidden == {"head"}


def test_reveal_of_an_unknown_op_says_so() -> None:
    index = build_index(two_layers())
    with pytest.raises(UnknownOpError, match="nowhere"):
        reveal(ViewState(), index, "nowhere")


def test_what_is_opened_beyond_the_bound_closes_what_is_furthest() -> None:
    index = build_index(chain(1200), section=400)
    keys = [key for key in index.containers if key]
    assert len(keys) == 3
    state = open_path(ViewState(), index, keys[0])
    assert count_visible(index, state) <= MOST_NODES
    assert open_path(state, index, keys[1]).open == {keys[1]}
    assert reveal(state, index, "v700").open == {keys[1]}


def test_as_few_boxes_close_as_make_room() -> None:
    nodes = [Node("v0", ["x"], module="a0")]
    nodes += [Node(f"v{at}", [f"v{at - 1}"], module=f"a{at // 140}") for at in range(1, 560)]
    index = build_index(build(nodes, ["v559"]))
    state = ViewState(frozenset({"a0", "a1", "a2"}))
    assert open_path(state, index, "a3").open == {"a1", "a2", "a3"}


def test_what_cannot_be_shown_at_all_is_refused_with_a_reason() -> None:
    index = build_index(chain(1200), section=600)
    keys = [key for key in index.containers if key]
    with pytest.raises(ViewLimitError, match=f"more than the {MOST_NODES} that stay readable"):
        open_path(ViewState(), index, keys[0])


def test_hiding_goes_by_segment() -> None:
    assert is_hidden("layer1.0", {"layer1"})
    assert not is_hidden("layer10", {"layer1"})
    assert is_hidden("anything", {""})
