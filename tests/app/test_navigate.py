import pytest

from hexviz.app import navigate
from hexviz.app.callbacks.moving import move
from hexviz.app.store import OpenModel
from hexviz.errors import HexvizError
from hexviz.view.state import ViewState

CLOSED = ViewState()


def test_a_click_opens_a_box_selects_it_and_another_closes_it(model: OpenModel) -> None:
    opened, selection = move(model, CLOSED, "toggle", "enc")
    assert opened.open == {"enc"}
    assert selection == {"kind": "module", "id": "enc"}
    closed, selection = move(model, opened, "toggle", "enc")
    assert closed.open == frozenset()
    assert selection is None


def test_revealing_an_op_opens_just_what_it_needs(model: OpenModel) -> None:
    view, selection = move(model, CLOSED, "reveal", "m")
    assert view.open == {"enc", "enc.att"}
    assert selection == {"kind": "op", "id": "m"}
    assert model.element(view, "m") == "o:m"
    assert model.element(CLOSED, "m") == "m:enc"


def test_search_and_enter_reveal_the_first_hit(model: OpenModel) -> None:
    view, selection = move(model, CLOSED, "search", "mul")
    assert selection == {"kind": "op", "id": "m"}
    assert "enc.att" in view.open
    assert move(model, CLOSED, "search", "nothing like it") == (CLOSED, None)


def test_search_and_enter_select_a_module_as_well(model: OpenModel) -> None:
    view, selection = move(model, CLOSED, "search", "att")
    assert selection == {"kind": "module", "id": "enc.att"}
    assert view.open == {"enc"}


def test_a_model_input_can_be_selected(model: OpenModel) -> None:
    assert move(model, CLOSED, "value", "x") == (CLOSED, {"kind": "value", "id": "x"})


def test_unchecking_hides_the_topmost_module(model: OpenModel) -> None:
    everything = navigate.checked_modules(model, CLOSED)
    assert set(everything) == {"enc.emb", "enc.att.q", "enc.att.k", "head"}
    left = [leaf for leaf in everything if not leaf.startswith("enc.att")]
    view, _ = move(model, CLOSED, "checked", left)
    assert view.hidden == {"enc.att"}
    assert navigate.checked_modules(model, view) == left
    shown, _ = move(model, view, "show-all", None)
    assert shown.hidden == frozenset()


def test_unchecking_everything_hides_the_root(model: OpenModel) -> None:
    view, _ = move(model, CLOSED, "checked", [])
    assert view.hidden == {""}
    assert navigate.checked_modules(model, view) == []


def test_the_tree_and_the_graph_open_together(model: OpenModel) -> None:
    view, _ = move(model, CLOSED, "expanded", ["", "enc", "enc.att"])
    assert view.open == {"enc", "enc.att"}
    leaf_open = ViewState(frozenset({"enc", "enc.emb"}))
    view, _ = move(model, leaf_open, "expanded", [""])
    assert view.open == {"enc.emb"}


def test_placing_by_context_moves_what_serves_another_module(model: OpenModel) -> None:
    view, _ = move(model, CLOSED, "place", "context")
    assert view.placement == "context"
    assert model.element(CLOSED, "s") == "o:s"
    assert model.element(view, "s") == "m:enc"


def test_levels_open_and_close(model: OpenModel) -> None:
    one, _ = move(model, CLOSED, "open-level", None)
    assert one.open == {"enc", "head"}
    two, _ = move(model, one, "open-level", None)
    assert "enc.att" in two.open
    assert move(model, two, "close-all", None)[0].open == frozenset()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("toggle", "no such box"),
        ("toggle", 7),
        ("module", "no such module"),
        ("value", "no such value"),
        ("place", "elsewhere"),
        ("checked", "text"),
        ("reveal", ["a"]),
        ("unheard-of", 1),
        ("search", None),
        ("search", ""),
    ],
)
def test_nonsense_changes_nothing(model: OpenModel, kind: str, value: object) -> None:
    assert move(model, CLOSED, kind, value) == (CLOSED, None)


def test_an_op_that_is_gone_is_an_error_with_a_message(model: OpenModel) -> None:
    with pytest.raises(HexvizError, match="No op has the id"):
        move(model, CLOSED, "reveal", "gone")
