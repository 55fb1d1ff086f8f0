"""The second request of a click: what the panel and the tab in sight show, and what is not sent."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from flask.testing import FlaskClient

from hexviz.app.graph.events import next_state
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import PageState
from hexviz.app.server import create_app
from hexviz.view.state import ViewState
from tests.app.steps import event, move, nobody, panel, send
from tests.app.test_extract import repeated
from tests.app.test_inspector import links
from tests.build import parse, scoped, tagged


@pytest.fixture
def key(store: ModelStore, net: bytes) -> str:
    return store.add_upload(net, "net.onnx")


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


def at(key: str, **state: Any) -> dict[str, Any]:
    return {"model": key, "state": state}


def test_the_inspector_is_there_unless_another_panel_stands_in_its_place(
    client: FlaskClient, key: str
) -> None:
    for tab in ("graph", "ops", "audit"):
        found = panel(client, at(key, tab=tab, selection=["op", "m"]))
        assert "Ran in" in str(found["parts"]["inspector"])
    found = panel(client, at(key, tab="extract", selection=["op", "m"]))
    assert "inspector" not in found["parts"]
    assert "'Mul m'" in str(found["parts"]["extract-now"])


def test_what_the_page_holds_is_not_sent_again(client: FlaskClient, key: str) -> None:
    for tab, part in (("audit", "audit-pane"), ("compare", "compare-content")):
        first = panel(client, at(key, tab=tab))
        assert part in first["parts"]
        assert part not in panel(client, at(key, tab=tab), holds=first["holds"])["parts"]
        assert part in panel(client, at(key, tab=tab), holds={part: "something else"})["parts"]


def test_rows_of_the_table_are_sent_once_and_its_selection_always(
    client: FlaskClient, key: str
) -> None:
    first = panel(client, at(key, tab="ops"))
    assert len(first["table"]["rowData"]) == 8
    assert "table" not in panel(client, at(key))
    chosen = panel(client, at(key, tab="ops", selection=["op", "m"]), holds=first["holds"])
    assert "rowData" not in chosen["table"]
    assert chosen["table"]["selectedRows"] == {"ids": ["m"]}
    hidden = at(key, tab="ops", view={"hidden": ["enc"]})
    assert len(panel(client, hidden, holds=first["holds"])["table"]["rowData"]) == 3


def test_hits_follow_the_words_and_the_model(client: FlaskClient, key: str) -> None:
    assert "hits" not in panel(client, at(key))["parts"]
    first = panel(client, at(key), query="relu")
    assert "1 op" in str(first["parts"]["hits"])
    assert "hits" not in panel(client, at(key), query="relu", holds=first["holds"])["parts"]
    other = panel(client, at(key), query="no such thing", holds=first["holds"])
    assert "Nothing found." in str(other["parts"]["hits"])
    assert panel(client, at(key), query=" ", holds=first["holds"])["parts"]["hits"] == []
    wrong = panel(client, at(key), query="size:", holds=first["holds"])
    assert "status" in str(wrong["parts"]["hits"])


def test_the_extract_panel_keeps_what_is_typed_and_tells_of_its_part(
    client: FlaskClient, key: str
) -> None:
    nothing = panel(client, at(key, tab="extract"))
    assert {"extract-field", "extract-now", "extract-border", "extract-hints"} <= nothing[
        "parts"
    ].keys()
    assert nothing["extract"] == {"model": key, "query": ""}
    choice = {"selected": {"modules": ["enc.att"]}}
    found = panel(client, at(key, tab="extract", choice=choice), holds=nothing["holds"])
    assert "extract-field" not in found["parts"]
    assert "In: " in str(found["parts"]["extract-border"])
    assert found["extract"]["query"] == "keep=enc.att"


def test_the_compare_tab_says_when_a_job_is_wanted(client: FlaskClient, key: str) -> None:
    empty = panel(client, at(key, tab="compare"))
    assert empty["comparison"] == {"other": "", "compares": False, "is_wanted": False}
    other = f"after:{'0' * 64}"
    found = panel(client, at(key, tab="compare", compared=other), holds=empty["holds"])
    assert found["comparison"] == {"other": other, "compares": False, "is_wanted": True}
    assert found["parts"]["compare-content"] == []


def test_a_click_explains_once(model: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from hexviz.app.answers import answer_event, answer_panel
    from hexviz.app.models import open_model
    from hexviz.app.protocol import At, EventRequest, PanelRequest
    from hexviz.tagging.explain import explain

    asked = []

    def counted(graph: Any, op: str) -> Any:
        asked.append(op)
        return explain(graph, op)

    monkeypatch.setattr(open_model, "explain", counted)
    here = At(model.key, PageState())
    answer = answer_event(model, EventRequest(n=1, event=event("op", "m"), at=here), nobody)
    assert answer.at
    answer_panel(model, PanelRequest(n=1, at=answer.at), nobody)
    assert asked == ["m"]


def test_what_shows_something_in_the_graph_leads_to_its_tab(model: OpenModel) -> None:
    table = PageState(tab="ops")
    assert move(model, table, "reveal", "m").tab == "ops"
    for kind, value in (("goto", "m"), ("show-module", "enc.att"), ("tour", "start")):
        assert move(model, table, kind, value).tab == "graph"
    assert move(model, table, "colour-compared").view.colour == "compared"
    assert move(model, table, "goto", "m").selection == ("op", "m")
    assert move(model, table, "show-module", "enc.att").selection == ("module", "enc.att")


def test_the_tab_is_part_of_the_state_and_the_address(client: FlaskClient, key: str) -> None:
    first = send(client, "visit", f"?model={key}")
    turned = send(client, "tab", "audit", first["at"], shown=key)
    assert turned["at"]["state"]["tab"] == "audit"
    assert "tab=audit" in turned["address"]
    assert "graph" not in turned
    assert send(client, "visit", turned["address"])["at"] == turned["at"]


def test_an_old_link_to_the_timings_opens_the_graph(client: FlaskClient, key: str) -> None:
    opened = send(client, "visit", f"?model={key}&tab=performance&op=m")
    assert opened["at"]["state"]["tab"] == "graph"
    assert opened["at"]["state"]["selection"] == ["op", "m"]


def test_a_stub_leads_to_what_it_comes_from(model: OpenModel) -> None:
    """Of an op, an input, a box; a box may be a stack (``~``) or a section (``@``)."""
    closed = PageState()
    assert move(model, closed, "element", "o:m").selection == ("op", "m")
    assert move(model, closed, "element", "o:m").view.open == {"enc", "enc.att"}
    assert move(model, closed, "element", "i:x").selection == ("value", "x")
    assert move(model, closed, "element", "m:enc.att").selection == ("module", "enc.att")
    stacked = repeated()
    (stack,) = stacked.index("module").stacks
    assert "~" in stack
    selected = PageState(ViewState(frozenset({"layer"})), ("module", "layer.3"))
    found = move(stacked, selected, "element", f"m:{stack}")
    assert found.selection == ("module", "layer.0")
    assert stacked.box(found.view, "layer.0") == f"m:{stack}"


def sectioned() -> OpenModel:
    """A module of so many ops that it is split, and a list of so many equal modules."""
    nodes, scopes = [], {}
    for at_ in range(400):
        nodes.append(f"v{at_} = {('Neg', 'Abs', 'Exp')[at_ % 3]} ({f'v{at_ - 1}' if at_ else 'x'})")
        scopes[f"v{at_}"] = "wide"
    text = "g (float[1] x) => (float[1] v399) {" + "\n".join(nodes) + "}"
    return OpenModel("0" * 64, tagged(scoped(parse(text), scopes)))


def test_a_stub_that_comes_from_a_section_leads_to_its_module() -> None:
    model = sectioned()
    keys = [key for key, box in model.index("module").containers.items() if box.is_section]
    assert any("@" in key for key in keys)
    for key in keys:
        found = next_state(model, PageState(), event("element", f"m:{key}"))
        assert found.selection == ("module", "wide")


def test_the_picture_is_that_of_the_address(client: FlaskClient, key: str) -> None:
    first = send(client, "visit", f"?model={key}&open=enc&tab=audit")
    answer = client.get(f"/picture.svg{first['address']}&theme=dark")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="net.svg"'
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")  # noqa: S314 - our own
    assert answer.text != client.get(f"/picture.svg{first['address']}").text
    missing = client.get(f"/picture.svg?model={'0' * 64}")
    assert (missing.status_code, missing.mimetype) == (404, "text/plain")
    assert client.get("/picture.svg").status_code == 404


def test_a_weight_is_saved_by_the_link_in_the_inspector(
    client: FlaskClient, store: ModelStore
) -> None:
    text = """g (float[2] x) => (float[2] y) <float[2] "enc/../w \\u00e9.weight" = {1, 2}> {
        y = Mul (x, "enc/../w \\u00e9.weight")
    }"""
    key = store.add_upload(parse(text).SerializeToString(), "w.onnx")
    content = panel(client, at(key, selection=["op", "y"]))["parts"]["inspector"]
    (address,) = [one for one in links(content, "href") if one.startswith("tensor/")]
    answer = client.get(f"/{address}")
    assert answer.status_code == 200
    assert np.array_equal(np.load(io.BytesIO(answer.data), allow_pickle=False), [1, 2])
    # What a stranger called it is no path, and no header of its own.
    name = re.search(r'filename="(.*)"', answer.headers["Content-Disposition"])
    assert name is not None
    assert re.fullmatch(r"[\w-][\w.-]*\.npy", name[1])


def test_no_tensor_is_no_file(client: FlaskClient, key: str) -> None:
    for address in (
        *(f"/tensor/{key}.npy", f"/tensor/{key}.npy?value=m", f"/tensor/{key}.npy?value=../x"),
        f"/tensor/{'0' * 64}.npy?value=w",
    ):
        assert client.get(address).status_code == 404
