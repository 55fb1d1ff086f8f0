import pytest

from hexviz.app import navigate
from hexviz.app.callbacks.moving import move
from hexviz.app.store import OpenModel
from hexviz.errors import HexvizError
from hexviz.view.state import ViewState

CLOSED = ViewState()


def test_a_click_opens_a_box_selects_it_and_another_closes_it(model: OpenModel) -> None:
    opened, selection = move(
        model, CLOSED, "event.data", {"type": "toggle", "value": "enc", "n": 1}
    )
    assert opened.open == {"enc"}
    assert selection == {"kind": "module", "id": "enc"}
    closed, selection = move(
        model, opened, "event.data", {"type": "toggle", "value": "enc", "n": 2}
    )
    assert closed.open == frozenset()
    assert selection is None


def test_revealing_an_op_opens_just_what_it_needs(model: OpenModel) -> None:
    view, selection = move(model, CLOSED, "event.data", {"type": "reveal", "value": "m", "n": 1})
    assert view.open == {"enc", "enc.att"}
    assert selection == {"kind": "op", "id": "m"}
    assert model.element(view, "m") == "o:m"
    assert model.element(CLOSED, "m") == "m:enc"


def test_search_and_enter_reveal_the_first_hit(model: OpenModel) -> None:
    view, selection = move(model, CLOSED, "search.n_submit", "mul")
    assert selection == {"kind": "op", "id": "m"}
    assert "enc.att" in view.open
    assert move(model, CLOSED, "search.n_submit", "nothing like it") == (CLOSED, None)


def test_unchecking_hides_the_topmost_module(model: OpenModel) -> None:
    everything = navigate.checked_modules(model, CLOSED)
    assert set(everything) == {"enc.emb", "enc.att.q", "enc.att.k", "head"}
    left = [leaf for leaf in everything if not leaf.startswith("enc.att")]
    view, _ = move(model, CLOSED, "event.data", {"type": "checked", "value": left, "n": 1})
    assert view.hidden == {"enc.att"}
    assert navigate.checked_modules(model, view) == left
    shown, _ = move(model, view, "show-all.n_clicks", 1)
    assert shown.hidden == frozenset()


def test_unchecking_everything_hides_the_root(model: OpenModel) -> None:
    view, _ = move(model, CLOSED, "event.data", {"type": "checked", "value": [], "n": 1})
    assert view.hidden == {""}
    assert navigate.checked_modules(model, view) == []


def test_the_tree_and_the_graph_open_together(model: OpenModel) -> None:
    view, _ = move(
        model, CLOSED, "event.data", {"type": "expanded", "value": ["", "enc", "enc.att"], "n": 1}
    )
    assert view.open == {"enc", "enc.att"}
    leaf_open = ViewState(frozenset({"enc", "enc.emb"}))
    view, _ = move(model, leaf_open, "event.data", {"type": "expanded", "value": [""], "n": 2})
    assert view.open == {"enc.emb"}


def test_placing_by_context_moves_what_serves_another_module(model: OpenModel) -> None:
    view, _ = move(model, CLOSED, "event.data", {"type": "place", "value": "context", "n": 1})
    assert view.placement == "context"
    assert model.element(CLOSED, "s") == "o:s"
    assert model.element(view, "s") == "m:enc"


def test_levels_open_and_close(model: OpenModel) -> None:
    one, _ = move(model, CLOSED, "open-level.n_clicks", 1)
    assert one.open == {"enc", "head"}
    two, _ = move(model, one, "open-level.n_clicks", 2)
    assert "enc.att" in two.open
    assert move(model, two, "close-all.n_clicks", 1)[0].open == frozenset()


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("event.data", None),
        ("event.data", {"type": "toggle", "value": "no such box", "n": 1}),
        ("event.data", {"type": "toggle", "value": 7, "n": 1}),
        ("event.data", {"type": "module", "value": "no such module", "n": 1}),
        ("event.data", {"type": "place", "value": "elsewhere", "n": 1}),
        ("event.data", {"type": "checked", "value": "text", "n": 1}),
        ("event.data", ["reveal"]),
        ("unheard.of", 1),
        ("ops.selectedRows", []),
        ("search.n_submit", None),
    ],
)
def test_nonsense_changes_nothing(model: OpenModel, action: str, value: object) -> None:
    assert move(model, CLOSED, action, value) == (CLOSED, None)


def test_an_op_that_is_gone_is_an_error_with_a_message(model: OpenModel) -> None:
    with pytest.raises(HexvizError, match="No op has the id"):
        move(model, CLOSED, "event.data", {"type": "reveal", "value": "gone", "n": 1})
