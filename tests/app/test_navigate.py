import pytest
from flask.testing import FlaskClient

from hexviz.app.graph import picture as pictures
from hexviz.app.graph.navigation import MOST_ELEMENTS
from hexviz.app.graph.tree import rows
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.protocol import NOTHING, PageState, Trace
from hexviz.app.server import create_app
from hexviz.errors import HexvizError, NumbersError
from hexviz.view.state import ViewState
from tests.app.steps import move, send
from tests.view.graphs import Node, build

CLOSED = PageState()


def shown(model: OpenModel, state: PageState, op_id: str) -> str | None:
    """The element that shows an op."""
    drawn = model.render(state.view, "light")
    return drawn.element(model.index(state.view.placement), model.graph.positions[op_id])


def test_a_click_opens_a_box_selects_it_and_another_closes_it(model: OpenModel) -> None:
    opened = move(model, CLOSED, "toggle", "enc")
    assert opened == PageState(ViewState(frozenset({"enc"})), ("module", "enc"))
    assert move(model, opened, "toggle", "enc").view.open == frozenset()


def test_revealing_an_op_opens_just_what_it_needs(model: OpenModel) -> None:
    state = move(model, CLOSED, "reveal", "m")
    assert state == PageState(ViewState(frozenset({"enc", "enc.att"})), ("op", "m"))
    assert shown(model, state, "m") == "o:m"
    assert shown(model, CLOSED, "m") == "m:enc"


def test_search_and_enter_reveal_the_first_hit(model: OpenModel) -> None:
    state = move(model, CLOSED, "search", "mul")
    assert state.selection == ("op", "m")
    assert "enc.att" in state.view.open
    assert move(model, CLOSED, "search", "nothing like it") == CLOSED


def test_search_and_enter_select_a_module_as_well(model: OpenModel) -> None:
    state = move(model, CLOSED, "search", "att")
    assert state == PageState(ViewState(frozenset({"enc"})), ("module", "enc.att"))


def test_next_and_previous_go_round_through_all_that_is_found(model: OpenModel) -> None:
    state, seen = CLOSED, []
    for _ in range(5):
        state = move(model, state, "match", {"query": "tag:enc.att", "step": 1})
        seen.append(state.selection[1])
    assert seen == ["q", "k", "r", "m", "q"]
    assert move(model, state, "match", {"query": "tag:enc.att", "step": -1}).selection[1] == "m"
    assert move(model, state, "match", {"query": "no such op", "step": 1}) == state


def test_a_model_input_can_be_selected(model: OpenModel) -> None:
    assert move(model, CLOSED, "value", "x") == PageState(selection=("value", "x"))


def marks(model: OpenModel, state: PageState) -> dict[str, str]:
    return {row.key: row.shown for row in rows(model, state.view)}


def test_a_check_mark_hides_a_module_and_shows_it_again(model: OpenModel) -> None:
    opened = PageState(ViewState(frozenset({"enc", "enc.att"})))
    hidden = move(model, opened, "check", "enc.att")
    assert hidden.view.hidden == {"enc.att"}
    assert marks(model, hidden)["enc.att"] == "false"
    assert marks(model, hidden)["enc"] == "mixed"
    assert move(model, hidden, "check", "enc.att").view.hidden == frozenset()
    assert move(model, hidden, "show-all", None).view.hidden == frozenset()


def test_hiding_all_children_leaves_the_ops_of_the_parent_itself(model: OpenModel) -> None:
    state = PageState(ViewState(frozenset({"enc", "enc.att"})))
    for key in ("enc.att.q", "enc.att.k"):
        state = move(model, state, "check", key)
    assert shown(model, state, "m") == "o:m"


def test_one_module_is_shown_inside_of_a_hidden_one(model: OpenModel) -> None:
    opened = ViewState(frozenset({"enc", "enc.att"}), hidden=frozenset({"enc"}))
    state = move(model, PageState(opened), "check", "enc.att.q")
    assert state.view.hidden == {"enc.emb", "enc.att.k"}


def test_only_this_hides_all_beside_it_and_opens_it(model: OpenModel) -> None:
    state = move(model, CLOSED, "only", "enc.att")
    assert state.view.hidden == {"enc.emb", "head"}
    assert state.selection == ("module", "enc.att")
    assert "enc.att" in state.view.open
    assert shown(model, state, "m") == "o:m"
    assert shown(model, state, "o") is None
    assert move(model, state, "only", "head").view.hidden == {"enc"}
    assert move(model, state, "only", "").view.hidden == frozenset()
    assert move(model, state, "only", "nowhere") == state


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
    state = move(model, CLOSED, "placement", "context")
    assert shown(model, CLOSED, "s") == "o:s"
    assert shown(model, state, "s") == "m:enc"


def test_levels_open_and_close(model: OpenModel) -> None:
    one = move(model, CLOSED, "open-level", None)
    assert one.view.open == {"enc", "head"}
    two = move(model, one, "open-level", None)
    assert "enc.att" in two.view.open
    assert move(model, two, "close-all", None).view.open == frozenset()


def test_opening_a_level_takes_the_nearest_until_the_page_is_full(
    client: FlaskClient, store: ModelStore
) -> None:
    nodes = [Node("v0", ["x"], module="m0")]
    nodes += [Node(f"v{at}", [f"v{at - 1}"], module=f"m{at // 100}") for at in range(1, 800)]
    proto = build(nodes, ["v799"])
    key = store.add_upload(proto.to_bytes(), "net.onnx")
    closed = send(client, "visit", f"?model={key}&open=")
    boxes = [one for one in closed["graph"] if one["data"].get("key")]
    assert len(boxes) == 8
    low = max(boxes, key=lambda one: one["position"]["y"])
    look = [low["position"]["x"], low["position"]["y"]]
    opened = send(client, "open-level", look, closed["at"], shown=key)
    state = opened["at"]["state"]["view"]["open"]
    assert low["data"]["key"] in state
    assert opened["note"] == (
        f"Opened {len(state)} of 8 boxes: 500 is the most that this page draws; "
        f"{8 - len(state)} stay closed."
    )
    assert 3 <= len(state) < 8
    assert len(opened["graph"]) <= MOST_ELEMENTS
    # From where that led, one more box still opens: the furthest one closes for it.
    more = next(one["data"]["key"] for one in boxes if one["data"]["key"] not in state)
    turned = send(client, "toggle", more, opened["at"], shown=key)
    assert more in turned["at"]["state"]["view"]["open"]
    assert turned["note"].startswith("Closed another box, the furthest away")


def test_escape_leaves_what_was_entered_last(model: OpenModel) -> None:
    state = move(model, CLOSED, "reveal", "m")
    state = move(model, state, "trace", {"way": "up", "op": "m"})
    state = move(model, state, "lit", "enc")
    assert (state.trace, state.lit) == (Trace("up", "m"), {"enc"})
    state = move(model, state, "escape", None)
    assert state.trace is None
    state = move(model, state, "escape", None)
    assert not state.lit
    state = move(model, state, "escape", None)
    assert (state.view.open, state.selection) == ({"enc"}, ("module", "enc.att"))
    state = move(model, state, "escape", None)
    state = move(model, state, "escape", None)
    assert (state.view.open, state.selection) == (frozenset(), NOTHING)


def test_colouring_by_another_fact_puts_the_legend_out(model: OpenModel) -> None:
    lit = move(model, CLOSED, "lit", "enc")
    state = move(model, lit, "colour", "origin")
    assert (state.view.colour, state.lit) == ("origin", frozenset())
    with pytest.raises(NumbersError, match="drop a JSON or CSV file"):
        model.render(move(model, CLOSED, "colour", "numbers").view, "light")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("toggle", "no such box"),
        ("toggle", ""),
        ("module", "no such module"),
        ("value", "no such value"),
        ("reveal-module", "no such module"),
        ("element", "no such element"),
        ("element", "m:no such box"),
        ("check", "no such box"),
        ("stack", "no such stack"),
        ("numbers", "gone"),
        ("match", {"query": "", "step": 1}),
        ("search", ""),
    ],
)
def test_what_is_not_there_changes_nothing(model: OpenModel, kind: str, value: object) -> None:
    assert move(model, CLOSED, kind, value) == CLOSED


def test_an_op_that_is_gone_is_an_error_with_a_message(model: OpenModel) -> None:
    with pytest.raises(HexvizError, match="No op has the id"):
        move(model, CLOSED, "reveal", "gone")


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


def test_a_visit_is_answered_in_one_piece(
    client: FlaskClient, store: ModelStore, net: bytes
) -> None:
    key = store.add_upload(net, "net.onnx")
    first = send(client, "visit", f"?model={key}")
    assert {"at", "address", "graph", "highlight", "model"} <= first.keys()
    assert {"tree", "legend", "model-title"} <= first["parts"].keys()
    again = send(client, "op", "m", first["at"], shown=key)
    assert again["at"]["state"]["selection"] == ["op", "m"]
    assert "op=m" in again["address"]
    # What did not change is not sent again.
    assert not {"graph", "model"} & again.keys()
    assert not {"tree", "model-title"} & again["parts"].keys()
    redrawn = send(client, "redraw", None, first["at"], shown=key)
    assert redrawn["graph"] == first["graph"]


def test_a_visit_to_a_model_that_is_gone_says_so(client: FlaskClient) -> None:
    answer = send(client, "visit", f"?model={'0' * 64}")
    assert answer.keys() == {"n", "error"}
    assert "not open on the server any more" in answer["error"]


def test_without_a_model_on_the_page_an_event_changes_nothing(client: FlaskClient) -> None:
    assert send(client, "op", "m") == {"n": 1}


def test_a_step_never_leads_to_more_than_can_be_read(
    client: FlaskClient, store: ModelStore, net: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.add_upload(net, "net.onnx")
    opened = send(client, "visit", f"?model={key}&open=enc")
    monkeypatch.setattr(pictures, "MOST_ELEMENTS", len(opened["graph"]))
    refused = send(client, "toggle", "enc.att", opened["at"], shown=key)
    assert "more than the" in refused["error"]
    assert refused.keys() == {"n", "error"}
    # What is too much already, by a link, can be made less.
    monkeypatch.setattr(pictures, "MOST_ELEMENTS", 1)
    closed = send(client, "toggle", "enc", opened["at"], shown=key)
    assert closed["at"]["state"]["view"]["open"] == []


def test_a_double_click_is_answered_as_its_two_clicks_are_one_after_the_other(
    client: FlaskClient, store: ModelStore, net: bytes
) -> None:
    key = store.add_upload(net, "net.onnx")
    shown = send(client, "visit", f"?model={key}&open=")
    click = {"type": "module", "value": "enc"}
    both = send(client, "toggle", "enc", shown["at"], shown=key, earlier=click)
    first = send(client, "module", "enc", shown["at"], shown=key)
    second = send(client, "toggle", "enc", first["at"], shown=key)
    assert both["at"] == second["at"]
    assert both["at"]["state"]["selection"] == ["module", "enc"]
    assert both["graph"] == second["graph"]
    assert both["highlight"] == first["highlight"] | second["highlight"]


@pytest.mark.parametrize("kind", ["visit", "undo", "tab", "nonsense"])
def test_only_a_click_is_not_waited_for(
    client: FlaskClient, store: ModelStore, net: bytes, kind: str
) -> None:
    key = store.add_upload(net, "net.onnx")
    at = send(client, "visit", f"?model={key}")["at"]
    asked = {"n": 1, "event": {"type": "clear"}, "at": at, "earlier": {"type": kind, "value": ""}}
    assert client.post("/event", json=asked).status_code == 400
