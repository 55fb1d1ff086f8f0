"""What another policy would do: the strip, the inspector's line, the legend, the menu."""

import pytest

from hexviz.app.address import from_query, to_query
from hexviz.app.graph.widgets import legend, what_if_strip
from hexviz.app.layout import page
from hexviz.app.models import open_model as open_models
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import PageState
from hexviz.app.server import create_app
from hexviz.view.modes import COLOURINGS
from hexviz.view.state import ViewState
from hexviz.view.what_if import NAMES
from tests.app.steps import move, send
from tests.app.test_evidence import buttons
from tests.app.test_inspector import links, text
from tests.build import parse, scoped, tagged


def by(policy: str, **more: object) -> PageState:
    mode = next(mode for mode in COLOURINGS if mode == f"what-if {policy}")
    return PageState(ViewState(colour=mode), **more)  # type: ignore[arg-type]


def test_the_strip_counts_what_would_move_and_offers_to_keep_it(model: OpenModel) -> None:
    strip = what_if_strip(model, by("producers").view)
    assert text(strip).startswith("By producers only, 3 of 8 ops would move: 2 deeper, 1 higher")
    assert buttons(strip) == [
        {"event": "keep-what-if", "value": "producers", "pressed": None},
        {"event": "colour", "value": "module", "pressed": None},
    ]
    assert what_if_strip(model, ViewState()) == []
    assert what_if_strip(model, ViewState(colour="origin")) == []


def test_where_nothing_would_move_there_is_nothing_to_keep() -> None:
    net = "g (float[2] x) => (float[2] y) { a = Neg (x)  y = Relu (a) }"
    still = OpenModel("ab" * 32, tagged(scoped(parse(net), {"a": "m", "y": "m"})))
    strip = what_if_strip(still, by("consumers").view)
    assert text(strip) == "By consumers only, none of 2 ops would moveend"
    assert [one["event"] for one in buttons(strip)] == ["colour"]


def test_the_strip_comes_and_goes_with_the_colours(store: ModelStore, net: bytes) -> None:
    key = store.add_upload(net, "net.onnx")

    client = create_app(store).server.test_client()
    visit = send(client, "visit", f"?model={key}")
    assert visit["parts"]["what-if"] == []
    on = send(client, "colour", "what-if consumers", visit["at"], shown=key)
    assert "1 of 8 ops would move: 1 deeper" in str(on["parts"]["what-if"])
    # What does not change the graph does not send it again.
    assert "what-if" not in send(client, "op", "m", on["at"], shown=key)["parts"]
    back = send(client, "colour", "module", on["at"], shown=key)
    assert back["parts"]["what-if"] == []


def test_the_inspector_says_where_the_op_would_be(model: OpenModel) -> None:
    shown = text(inspect(model, by("producers", selection=("op", "r"))))
    assert "By producers only it would be in /Module/Module.enc" in shown
    assert "By producers only it would stay where it is." in text(
        inspect(model, by("producers", selection=("op", "m")))
    )
    assert "it would" not in text(inspect(model, PageState(selection=("op", "r"))))


def test_the_legend_counts_and_lights_up(model: OpenModel) -> None:
    state = by("producers")
    shown = legend(model.render(state.view, "light").legend, state)
    assert text(shown).startswith("stays5moves deeper2moves higher1moves elsewhere0")
    lit = move(model, state, "lit", "moves higher")
    assert lit.lit == {"moves higher"}
    assert [one["value"] for one in buttons(legend(model.render(lit.view, "light").legend, lit))][
        :4
    ] == ["stays", "moves deeper", "moves higher", "moves elsewhere"]


def test_a_policy_is_asked_once_for_a_model(
    model: OpenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = open_models.ask
    monkeypatch.setattr(
        open_models, "ask", lambda graph, policy: asked.append(policy) or real(graph, policy)
    )
    for view in (ViewState(), ViewState(frozenset({"enc"})), ViewState(placement="context")):
        for policy in ("ancestor", "consumers"):
            coloured = by(policy).view.colour
            opened = ViewState(view.open, view.placement, colour=coloured)
            model.render(opened, "light")
            what_if_strip(model, opened)
    assert asked == ["ancestor", "consumers"]


def test_a_link_brings_back_the_what_if(model: OpenModel) -> None:
    for policy in NAMES:
        state = by(policy)
        assert from_query(to_query(model.key, state), model) == state


def test_the_menu_of_colours_lists_every_mode_once() -> None:
    (data,) = [one for one in links(page({}), "data") if _is_menu(one)]
    measured, asked = data[-2:]
    assert (measured["group"], asked["group"]) == ("Measured", "What if")
    assert [item["label"] for item in asked["items"]] == list(NAMES.values())
    listed = [one["value"] for one in [*data[:-2], *measured["items"], *asked["items"]]]
    assert sorted(listed) == sorted(COLOURINGS)


def _is_menu(data: object) -> bool:
    return isinstance(data, list) and any(isinstance(one, dict) and "group" in one for one in data)
