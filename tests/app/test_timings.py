"""The dialog of timings without a browser: what it says, and what the server measures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hexviz.app.dialogs import timings
from hexviz.app.models.store import ModelStore
from hexviz.app.panels.timings import panel as timings_file
from hexviz.app.server import create_app
from hexviz.app.server_timing import first_picture, server_timing
from hexviz.cache import Cache
from hexviz.exporters.export_times import keep_measured
from hexviz.stages import Measured, Stage
from hexviz.tagging.opened import keep, kept_tags, open_bytes
from hexviz.view.performance.runs import MAX_RUN, read_run
from tests.app.steps import panel
from tests.view import run_documents

CHARTS = ("stages", "costs", "modules", "scaling")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def without_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings_file, "reference_run", lambda: None)


@pytest.fixture
def with_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timings_file, "reference_run", lambda: read_run(run_documents.content()))


@pytest.fixture
def key(store: ModelStore, net: bytes) -> str:
    return store.add_upload(net, "net.onnx")


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: FlaskClient, key: str) -> Ask:
    def asked(model: str = key, theme: str = "light", **timings: Any) -> dict[str, Any]:
        return panel(client, {"model": model, "state": {}}, theme=theme, timings=timings)

    return asked


def said(part: Any) -> str:
    """The text in a component, as JSON or not."""
    if isinstance(part, list):
        return "".join(said(one) for one in part)
    if isinstance(part, dict):
        return said(part["props"].get("children"))
    if hasattr(part, "to_plotly_json"):
        return said(part.to_plotly_json())
    return "" if part is None else str(part)


def ids(part: Any) -> set[str]:
    """The ids of all components."""
    if isinstance(part, list):
        return set().union(*map(ids, part))
    if hasattr(part, "to_plotly_json"):
        part = part.to_plotly_json()
    if not isinstance(part, dict):
        return set()
    own = {part["props"]["id"]} if part["props"].get("id") else set()
    return own | ids(part["props"].get("children"))


def visit(client: FlaskClient, key: str) -> Any:
    event = {"type": "visit", "value": f"?model={key}"}
    return client.post("/event", json={"n": 1, "event": event})


@pytest.mark.usefixtures("without_run")
def test_it_tells_of_the_model_and_has_a_place_for_all_of_it(ask: Ask) -> None:
    told = ask()
    places = ids(timings()) | {"inspector"}
    assert told["parts"].keys() <= places
    assert {f"{one}-chart" for one in told["figures"]} <= places
    assert set(told["figures"]) == set(CHARTS)
    assert "8 ops on the page in" in said(told["parts"]["performance-head"])
    assert "3 of 8 ops are auxiliary" in said(told["parts"]["costs-says"])


@pytest.mark.usefixtures("without_run")
def test_what_is_not_known_is_said(ask: Ask) -> None:
    told = ask()
    assert "hexviz did not export this file" in said(told["parts"]["stages-says"])
    assert "not exported on this machine by hexviz, or" in said(told["parts"]["modules-says"])
    assert "make one with `hexviz bench -o bench.json`" in said(told["parts"]["scaling-says"])
    assert told["figures"]["modules"] is None
    assert told["figures"]["scaling"] is None


@pytest.mark.usefixtures("without_run")
def test_tags_that_were_kept_are_told_of(net: bytes, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    kept = kept_tags(cache)
    first = open_bytes(net, kept, name="net.onnx")
    keep(kept, first.key, first.graph(), worth=0)
    for kept_before, store in (
        (True, ModelStore(cache)),
        (False, ModelStore(Cache(tmp_path / "empty"))),
    ):
        key = store.add_upload(net, "net.onnx")
        client = create_app(store).server.test_client()
        answer = panel(client, {"model": key, "state": {}}, timings={})
        told = said(answer["parts"]["stages-says"])
        assert ("kept from an earlier opening" in told) == kept_before


def test_an_export_on_this_machine_is_told_of(ask: Ask, store: ModelStore, key: str) -> None:
    stages = (Stage("build model", 0, 1, 1, 0, 0), Stage("export", 1, 4, 4, 0, 0))
    keep_measured(key[:64], Measured(stages, {"enc.att": 0.3, "gone": 0.1}))
    told = ask()
    assert "8 ops exported in 5.00 s" in said(told["parts"]["performance-head"])
    assert [row[0] for row in told["figures"]["modules"]["data"][0]["customdata"]] == [
        "enc.att",
        None,
    ]
    table = json.dumps(told["parts"]["modules-table"])
    assert table.count('"data-event": "show-module"') == 1
    assert '"data-value": "enc.att"' in table
    assert '"data-value": "gone"' not in table
    # A correction is of the same file.
    edited = store.edit(store.get(key), {"a": "head"})
    assert edited.key != key
    assert "exported in 5.00 s" in said(ask(model=edited.key)["parts"]["performance-head"])


def test_a_model_without_ops_is_told_of(store: ModelStore, ask: Ask) -> None:
    from tests.build import parse

    empty = parse("g (float[1] x) => (float[1] x) {}").SerializeToString()
    told = ask(model=store.add_upload(empty, "empty.onnx"))
    assert said(told["parts"]["costs-says"]) == "The model has no ops."
    assert told["figures"]["costs"] is None


@pytest.mark.usefixtures("with_run")
def test_the_theme_is_in_the_figures_and_not_in_the_texts(ask: Ask) -> None:
    light, dark = ask(theme="light"), ask(theme="dark")
    assert light["parts"] == dark["parts"]
    for name in ("stages", "costs", "scaling"):
        assert light["figures"][name] != dark["figures"][name]


def test_what_the_browser_measured_is_in_the_waterfall(ask: Ask) -> None:
    told = said(ask(browser={"transfer": 8.4, "paint": 30})["parts"]["stages-table"])
    assert "transferin the browser" in told
    assert "8.40 ms" in told
    assert "paintin the browser" in told
    assert "page's scripts" not in told


def test_without_measurements_there_are_no_bars_of_the_browser(ask: Ask) -> None:
    for browser in (None, {}):
        assert "in the browser" not in said(ask(browser=browser)["parts"]["stages-table"])


@pytest.mark.parametrize(
    "timings",
    [
        5,
        [],
        {"browser": 5},
        {"browser": {"paint": "x"}},
        {"browser": {"paint": -1}},
        {"browser": {"paint": 1e300}},
        {"run": 7},
    ],
)
def test_measurements_without_sense_are_one_line(
    client: FlaskClient, key: str, timings: object
) -> None:
    asked = {"n": 1, "at": {"model": key, "state": {}}, "timings": timings}
    answer = client.post("/panel", json=asked)
    assert answer.status_code == 400
    assert "at `$.timings" in answer.text


@pytest.mark.usefixtures("with_run")
def test_a_chosen_run_is_compared_and_worse_is_a_word(ask: Ask) -> None:
    told = ask(run=run_documents.content(1.3).decode())
    compared = said(told["parts"]["comparison"])
    assert "are worse and 0 are better." in compared
    assert "slower" in compared
    assert "without a clear change" in compared
    assert "Stop comparing" in compared
    names = [one["name"] for one in told["figures"]["scaling"]["data"]]
    assert "hollow, dashed: yours" in names
    assert ask()["parts"]["comparison"] == []


@pytest.mark.usefixtures("without_run")
def test_a_chosen_run_is_drawn_where_none_is_kept(ask: Ask) -> None:
    told = ask(run=run_documents.content().decode())
    assert told["figures"]["scaling"] is not None
    assert "There is nothing to compare with." in said(told["parts"]["comparison"])


@pytest.mark.usefixtures("with_run")
@pytest.mark.parametrize("sent", ["", "no JSON", '{"kind": "x"}', "x" * (MAX_RUN + 5)])
def test_a_bad_run_is_one_line_and_the_rest_stays(ask: Ask, sent: str) -> None:
    told = ask(run=sent)
    assert said(told["parts"]["comparison"]).startswith("That ")
    assert told["figures"]["scaling"] is not None


def test_an_answer_says_what_it_took(client: FlaskClient, key: str) -> None:
    header = visit(client, key).headers["Server-Timing"]
    assert [one.partition(";dur=")[0] for one in header.split(", ")] == [
        "answer",
        "layout",
        "serialise",
    ]
    assert all(float(one.partition(";dur=")[2]) >= 0 for one in header.split(", "))


def test_the_first_picture_is_kept_and_later_ones_are_not(
    client: FlaskClient, store: ModelStore, key: str
) -> None:
    assert store.get(key).drawn == ()
    visit(client, key)
    drawn = store.get(key).drawn
    assert [one.name for one in drawn] == ["layout", "serialise"]
    visit(client, key)
    assert store.get(key).drawn == drawn


def test_steps_of_a_layout_are_one_and_come_before_what_is_made_of_it() -> None:
    ahead = [Stage("layout", 5, 1, 1, 0, 0), Stage("layout", 6, 2, 1, 1, 0)]
    known = first_picture((), ahead)
    assert [(one.name, one.start, one.seconds) for one in known] == [("layout", 0, 3)]
    asked = [Stage("layout", 0, 9, 9, 1, 0), Stage("serialise", 9, 4, 4, 0, 0)]
    both = first_picture(known, asked)
    assert [(one.name, one.start, one.seconds) for one in both] == [
        ("layout", 0, 3),
        ("serialise", 3, 4),
    ]
    assert server_timing(asked) == "layout;dur=9000.00, serialise;dur=4000.00"


def test_plotly_is_served_but_not_part_of_the_page(client: FlaskClient) -> None:
    assert "plotly.min" not in client.get("/").get_data(as_text=True)
    layout = client.get("/_dash-layout").get_data(as_text=True)
    script = layout.partition('"data-script":"')[2].partition('"')[0].replace("\\u002f", "/")
    served = client.get(f"/{script}")
    assert served.status_code == 200
    assert "max-age" in served.headers["Cache-Control"]
