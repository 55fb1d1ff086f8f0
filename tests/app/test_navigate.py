import pytest

from hexviz.app.factory import create_app
from hexviz.app.graph import picture as pictures
from hexviz.app.graph.events import answer, move
from hexviz.app.graph.tree import rows
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.page_state import NOTHING, Place, Trace
from hexviz.errors import HexvizError, NumbersError
from hexviz.view.state import ViewState

CLOSED = Place()


def shown(model: OpenModel, place: Place, op_id: str) -> str | None:
    """The element that shows an op."""
    drawn = model.render(place.view, "light")
    return drawn.element(model.index(place.view.placement), model.graph.positions[op_id])


def test_a_click_opens_a_box_selects_it_and_another_closes_it(model: OpenModel) -> None:
    opened = move(model, CLOSED, "toggle", "enc")
    assert opened == Place(ViewState(frozenset({"enc"})), ("module", "enc"))
    assert move(model, opened, "toggle", "enc").view.open == frozenset()


def test_revealing_an_op_opens_just_what_it_needs(model: OpenModel) -> None:
    place = move(model, CLOSED, "reveal", "m")
    assert place == Place(ViewState(frozenset({"enc", "enc.att"})), ("op", "m"))
    assert shown(model, place, "m") == "o:m"
    assert shown(model, CLOSED, "m") == "m:enc"


def test_search_and_enter_reveal_the_first_hit(model: OpenModel) -> None:
    place = move(model, CLOSED, "search", "mul")
    assert place.selection == ("op", "m")
    assert "enc.att" in place.view.open
    assert move(model, CLOSED, "search", "nothing like it") == CLOSED


def test_search_and_enter_select_a_module_as_well(model: OpenModel) -> None:
    place = move(model, CLOSED, "search", "att")
    assert place == Place(ViewState(frozenset({"enc"})), ("module", "enc.att"))


def test_next_and_previous_go_round_through_all_that_is_found(model: OpenModel) -> None:
    place, seen = CLOSED, []
    for _ in range(5):
        place = move(model, place, "match", ["tag:enc.att", 1])
        seen.append(place.selection[1])
    assert seen == ["q", "k", "r", "m", "q"]
    assert move(model, place, "match", ["tag:enc.att", -1]).selection[1] == "m"
    assert move(model, place, "match", ["tag:nowhere", 1]) == place


def test_a_model_input_can_be_selected(model: OpenModel) -> None:
    assert move(model, CLOSED, "value", "x") == Place(selection=("value", "x"))


def marks(model: OpenModel, place: Place) -> dict[str, str]:
    return {row.key: row.shown for row in rows(model, place.view)}


def test_a_check_mark_hides_a_module_and_shows_it_again(model: OpenModel) -> None:
    opened = Place(ViewState(frozenset({"enc", "enc.att"})))
    hidden = move(model, opened, "check", "enc.att")
    assert hidden.view.hidden == {"enc.att"}
    assert marks(model, hidden)["enc.att"] == "false"
    assert marks(model, hidden)["enc"] == "mixed"
    assert move(model, hidden, "check", "enc.att").view.hidden == frozenset()
    assert move(model, hidden, "show-all", None).view.hidden == frozenset()


def test_hiding_all_children_leaves_the_ops_of_the_parent_itself(model: OpenModel) -> None:
    place = Place(ViewState(frozenset({"enc", "enc.att"})))
    for key in ("enc.att.q", "enc.att.k"):
        place = move(model, place, "check", key)
    assert shown(model, place, "m") == "o:m"


def test_one_module_is_shown_inside_of_a_hidden_one(model: OpenModel) -> None:
    opened = ViewState(frozenset({"enc", "enc.att"}), hidden=frozenset({"enc"}))
    place = move(model, Place(opened), "check", "enc.att.q")
    assert place.view.hidden == {"enc.emb", "enc.att.k"}


def test_hiding_the_root_hides_everything(model: OpenModel) -> None:
    assert move(model, CLOSED, "check", "").view.hidden == {""}


def test_the_tree_has_the_rows_of_the_boxes_in_sight(model: OpenModel) -> None:
    assert [row.key for row in rows(model, ViewState())] == ["", "enc", "head"]
    opened = rows(model, ViewState(frozenset({"enc"})))
    assert [(row.key, row.level, row.expanded) for row in opened] == [
        ("", 1, True),
        ("enc", 2, True),
        ("enc.emb", 3, False),
        ("enc.att", 3, False),
        ("head", 2, False),
    ]


def test_placing_by_context_moves_what_serves_another_module(model: OpenModel) -> None:
    place = move(model, CLOSED, "place", "context")
    assert shown(model, CLOSED, "s") == "o:s"
    assert shown(model, place, "s") == "m:enc"


def test_levels_open_and_close(model: OpenModel) -> None:
    one = move(model, CLOSED, "open-level", None)
    assert one.view.open == {"enc", "head"}
    two = move(model, one, "open-level", None)
    assert "enc.att" in two.view.open
    assert move(model, two, "close-all", None).view.open == frozenset()


def test_escape_leaves_what_was_entered_last(model: OpenModel) -> None:
    place = move(model, CLOSED, "reveal", "m")
    place = move(model, place, "trace", ["up", "m"])
    place = move(model, place, "lit", "enc")
    assert (place.trace, place.lit) == (Trace("up", "m"), {"enc"})
    place = move(model, place, "escape", None)
    assert place.trace is None
    place = move(model, place, "escape", None)
    assert not place.lit
    place = move(model, place, "escape", None)
    assert (place.view.open, place.selection) == ({"enc"}, ("module", "enc.att"))
    place = move(model, place, "escape", None)
    place = move(model, place, "escape", None)
    assert (place.view.open, place.selection) == (frozenset(), NOTHING)


def test_colouring_by_another_fact_puts_the_legend_out(model: OpenModel) -> None:
    lit = move(model, CLOSED, "lit", "enc")
    place = move(model, lit, "colour", "origin")
    assert (place.view.colour, place.lit) == ("origin", frozenset())
    with pytest.raises(NumbersError, match="drop a JSON or CSV file"):
        model.render(move(model, CLOSED, "colour", "numbers").view, "light")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("toggle", "no such box"),
        ("toggle", 7),
        ("toggle", ""),
        ("module", "no such module"),
        ("value", "no such value"),
        ("place", "elsewhere"),
        ("check", "no such box"),
        ("stack", "no such stack"),
        ("colour", "loud"),
        ("numbers", "gone"),
        ("trace", "up"),
        ("trace", ["sideways", "m"]),
        ("match", ["", 1]),
        ("match", ["m", 5]),
        ("reveal", ["a"]),
        ("unheard-of", 1),
        ("search", None),
        ("search", ""),
    ],
)
def test_nonsense_changes_nothing(model: OpenModel, kind: str, value: object) -> None:
    assert move(model, CLOSED, kind, value) == CLOSED


def test_an_op_that_is_gone_is_an_error_with_a_message(model: OpenModel) -> None:
    with pytest.raises(HexvizError, match="No op has the id"):
        move(model, CLOSED, "reveal", "gone")


def event(
    kind: str, value: object, place: object = None, shown: str | None = None
) -> dict[str, object]:
    """What the browser sends after a person did something at a place."""
    return {"type": kind, "value": value, "n": 3, "theme": "light", "place": place, "shown": shown}


def test_a_visit_is_answered_in_one_piece(store: ModelStore, net: bytes) -> None:
    key = store.add_upload(net, "net.onnx")
    changes = answer(store, event("visit", f"?model={key}"))
    assert {"view", "graph", "tree", "legend", "highlight", "model-title"} <= changes.keys()
    assert (changes["n"], changes["opener"]) == (3, False)
    again = answer(store, event("op", "m", changes["view"], key))
    assert again["view"]["selection"] == ["op", "m"]
    # What did not change is not sent again.
    assert not {"graph", "tree", "model-title"} & again.keys()
    assert "graph" in answer(store, event("redraw", None, changes["view"], key))


def test_a_visit_to_a_model_that_is_gone_offers_to_open_another(store: ModelStore) -> None:
    changes = answer(store, event("visit", f"?model={'0' * 64}"))
    assert changes["opener"] is True
    assert "not open on the server any more" in changes["notices"][0]["message"]


def test_what_is_nested_without_end_is_not_answered(store: ModelStore) -> None:
    client = create_app(store).server.test_client()
    sent = '{"type":' + "[" * 100_000 + "]" * 100_000 + "}"
    answered = client.post("/event", data=sent, content_type="application/json")
    assert (answered.status_code, answered.get_json()) == (200, {})


@pytest.mark.parametrize("sent", [None, [], {}, "visit", {"type": "op", "n": "1"}])
def test_what_is_no_event_is_not_answered(store: ModelStore, sent: object) -> None:
    assert answer(store, sent) == {}


def test_an_event_at_no_place_changes_nothing(store: ModelStore) -> None:
    assert answer(store, event("op", "m")) == {"n": 3}
    assert answer(store, event("op", "m", "nowhere")) == {"n": 3}


def test_a_step_never_leads_to_more_than_can_be_read(
    store: ModelStore, net: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.add_upload(net, "net.onnx")
    opened = answer(store, event("visit", f"?model={key}&open=enc"))
    monkeypatch.setattr(pictures, "MOST_ELEMENTS", len(opened["graph"]))
    refused = answer(store, event("toggle", "enc.att", opened["view"], key))
    assert "more than the" in refused["notices"][0]["message"]
    assert not {"graph", "view"} & refused.keys()
    # What is too much already, by a link, can be made less.
    monkeypatch.setattr(pictures, "MOST_ELEMENTS", 1)
    assert answer(store, event("toggle", "enc", opened["view"], key))["view"]["open"] == []
