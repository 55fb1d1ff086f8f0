"""The measure tab: documents come in, figures are shown in step with the graph, links hold them."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from hexviz.app.address import from_query, to_query
from hexviz.app.callbacks import jobs
from hexviz.app.graph.measure_steps import figure_shown
from hexviz.app.jobs.tasks import TASKS
from hexviz.app.models.measures import Measures, is_trace
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.measure.panel import time_part
from hexviz.app.protocol import Figures, PageState
from hexviz.app.server import create_app
from hexviz.errors import MeasureError
from hexviz.measure.documents import ParityDocument, ProfileDocument, Unpaired
from tests.app.steps import call, job_here, move, panel, send, wired
from tests.build import parse, tagged
from tests.measured import FAULT, parity_of, profile_of, written

FAULTS = ("enc.att.k", "head")


@pytest.fixture
def key(store: ModelStore, net: bytes) -> str:
    return store.add_upload(net, "net.onnx")


@pytest.fixture
def opened(store: ModelStore, key: str) -> OpenModel:
    return store.get(key)


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


def profile(model: OpenModel) -> ProfileDocument:
    return profile_of(model.graph, model.digest)


def parity(model: OpenModel, *faults: str) -> ParityDocument:
    return parity_of(model.graph, faults or FAULTS, model.digest)


def taken(model: OpenModel, *documents: ProfileDocument | ParityDocument) -> PageState:
    """The state of the page after documents were dropped on it."""
    state = PageState()
    for document in documents:
        state = move(model, state, "measured", model.measures.take(written(document)))
    return state


def at(key: str, state: PageState) -> dict[str, Any]:
    return {"model": key, "state": msgspec.to_builtins(state)}


def texts(content: Any) -> str:
    """All words of some content."""
    if isinstance(content, dict):
        return texts(content["props"].get("children"))
    return "".join(map(texts, content)) if isinstance(content, list) else str(content or "")


def buttons(content: Any, event: str) -> list[dict[str, Any]]:
    """The properties of all buttons in some content that send an event."""
    if isinstance(content, list):
        return [found for part in content for found in buttons(part, event)]
    if not isinstance(content, dict):
        return []
    here = [content["props"]] if content["props"].get("data-event") == event else []
    return here + buttons(content["props"].get("children"), event)


# Documents that come in.


def dropped(client: FlaskClient, key: str, content: bytes) -> dict[str, Any]:
    contents = "data:application/json;base64," + base64.b64encode(content).decode()
    answer = call(client, "measured.data", numbers__contents=contents, model__data=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()["response"]
    return found


def test_a_document_that_is_dropped_is_told_from_numbers(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    for document, kind in ((profile(opened), "profile"), (parity(opened), "parity")):
        told = dropped(client, key, written(document))
        assert told["measured"]["data"].startswith(f"{kind}:")
        assert "numbers-read" not in told
    assert "numbers-read" in dropped(client, key, b'{"q": 1.5}')


@pytest.mark.parametrize("trace", [b'[{"cat": "Node"}]', b'{"a": 1, "traceEvents": []}'])
def test_a_trace_is_kept_for_a_job(client: FlaskClient, key: str, trace: bytes) -> None:
    file = dropped(client, key, trace)["trace-read"]["data"]["file"]
    assert file.endswith(".json")


def test_a_document_of_another_model_is_refused_in_one_line(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    other = tagged(parse("g (float[2] x) => (float[2] y) { y = Neg (x) }"))
    lone = profile_of(other)
    (notice,) = dropped(client, key, written(lone))["notices"]["data"]
    assert "is of another model" in notice["message"]
    renamed = [
        msgspec.structs.replace(one, module=f"other.{one.module}")
        for one in profile(opened).modules
    ]
    strange = msgspec.structs.replace(profile(opened), modules=tuple(renamed), digest="")
    with pytest.raises(MeasureError, match=r"of its \d modules, none is in this one"):
        opened.measures.take(written(strange))


def test_a_document_of_another_export_of_the_model_fits(opened: OpenModel) -> None:
    again = msgspec.structs.replace(profile(opened), digest="ab" * 32)
    assert opened.measures.take(written(again)).startswith("profile:")


@pytest.mark.parametrize(
    "content",
    [
        b'{"kind": "hexviz profile"}',
        b'{"kind": "hexviz profile", "model": 7}',
        b'{"kind": "hexviz parity", "modules": [' + b"[" * 5000,
        b'{"kind": "hexviz parity"',
    ],
)
def test_what_is_no_document_says_so_in_one_line(
    client: FlaskClient, key: str, content: bytes
) -> None:
    (notice,) = dropped(client, key, content)["notices"]["data"]
    assert "That is no document of hexviz profile --json" in notice["message"]


# Steps.


def test_a_profile_opens_the_tab_by_time(opened: OpenModel) -> None:
    state = taken(opened, profile(opened))
    assert (state.tab, state.figure) == ("measure", "time_us")
    assert figure_shown(opened, PageState()) in ("macs", "parameters")


def test_a_comparison_leads_to_its_first_divergence(opened: OpenModel) -> None:
    state = taken(opened, parity(opened))
    document = opened.measures.parity(state.figures)
    assert document is not None
    assert state.selection == ("module", "enc.att.k")
    assert state.divergence == document.divergences[0]
    assert "enc.att" in state.view.open
    later = move(opened, state, "divergence", str(document.divergences[1]))
    assert later.selection == ("module", "head")
    assert move(opened, later, "divergence", "99") == later


def test_without_a_divergence_nothing_is_selected(opened: OpenModel) -> None:
    state = taken(opened, parity_of(opened.graph, (), opened.digest))
    assert (state.divergence, state.selection) == (-1, ("", ""))


def test_what_is_forgotten_colours_nothing(opened: OpenModel) -> None:
    state = taken(opened, profile(opened), parity(opened))
    state = move(opened, state, "colour", "time_us")
    state = move(opened, state, "forget-measured", "profile")
    assert (state.figures.profile, state.view.colour) == ("", "module")
    state = move(opened, state, "forget-measured", "parity")
    assert (state.figures, state.figure, state.divergence) == (Figures(), "", -1)


def test_a_document_that_is_gone_says_so(opened: OpenModel) -> None:
    with pytest.raises(MeasureError, match="drop it again"):
        move(opened, PageState(), "measured", f"profile:{'0' * 64}")


OPEN = "g (float[batch,4] x, float[batch,seq] m) => (float[batch,4] y) { y = Neg (x) }"


def test_sizes_of_open_dimensions_have_defaults_that_a_person_changes() -> None:
    model = OpenModel("0" * 64, tagged(parse(OPEN)))
    assert model.measures.sizes(Figures()) == {"batch": 1, "seq": 128}
    state = move(model, PageState(), "symbol", ["batch", 8])
    assert state.figures.symbols == (("batch", 8),)
    costs = model.measures.costs(state.figures)
    assert costs is not None
    assert costs.model.activation_bytes == 8 * 4 * 4
    assert from_query(to_query(model.key, state), model) == wired(state)
    assert move(model, state, "symbol", ["batch", 1]).figures.symbols == ()


def test_times_of_other_sizes_than_the_costs_say_so() -> None:
    model = OpenModel("0" * 64, tagged(parse(OPEN)))
    costs = model.measures.costs(Figures())
    times = profile_of(model.graph)
    wrong = msgspec.structs.replace(times, symbols={"batch": 2, "seq": 6})
    said = str(time_part(wrong, costs))
    assert "Times are for batch = 2, seq = 6; costs for batch = 1, seq = 128." in said
    right = msgspec.structs.replace(times, symbols={"batch": 1, "seq": 128})
    assert "costs for" not in str(time_part(right, costs))


def test_a_link_holds_what_was_measured(opened: OpenModel) -> None:
    state = taken(opened, profile(opened), parity(opened))
    query = to_query(opened.key, state)
    assert from_query(query, opened) == state
    lost = query.replace(state.figures.profile, "0" * 64)
    assert from_query(lost, opened).figures == replace(state.figures, profile="")
    assert from_query(query + "&size=0:a&size=x&size=7:b&figure=odd", opened).figures.symbols == (
        ("b", 7),
    )


# What the page shows.


def test_the_graph_has_the_colours_of_the_figure_that_is_shown(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    state = taken(opened, profile(opened), parity(opened))
    told = send(client, "figure", "time_us", at(key, state))
    assert "ms" in texts(told["parts"]["legend"]) or "µs" in texts(told["parts"]["legend"])
    assert "declared" not in texts(told["parts"]["legend"])  # all of it is: no box to tick
    told = send(client, "tab", "graph", told["at"])
    assert "µs" not in texts(told["parts"]["legend"])
    told = send(client, "colour", "own_error", told["at"])
    assert "3·10⁻²" in texts(told["parts"]["legend"])
    assert "their worst" in texts(told["parts"]["legend"])


def test_chart_and_table_have_the_same_modules_and_are_sent_once(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    state = taken(opened, profile(opened), parity(opened))
    told = panel(client, at(key, state))
    figures = told["measure"]
    assert figures["selected"] == "enc.att.k"
    assert [row["module"] for row in figures["rows"]] == [one.fqn for one in opened.graph.modules]
    drawn = figures["chart"]["data"][0]["customdata"]
    assert {one[0] for one in drawn} <= {row["module"] for row in figures["rows"]}
    row = next(row for row in figures["rows"] if row["module"] == "enc.att.k")
    assert row["own_error own"] == FAULT
    assert row["own_error own text"] == "3·10⁻²"
    groups = [one["headerName"] for one in figures["columns"]]
    assert groups[:3] == ["module", "own error", "natural error"]
    again = panel(client, at(key, state), holds=told["holds"])["measure"]
    assert "rows" not in again
    assert "chart" not in again
    assert again["selected"] == "enc.att.k"


def test_a_comparison_says_of_which_outputs_it_tells(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    document = parity(opened)
    calls = list(document.modules)
    first = document.divergences[0]
    calls[first] = msgspec.structs.replace(calls[first], call=1, output=1)
    calls[first + 1] = msgspec.structs.replace(calls[first + 1], output=3, handed_to="head")
    lost = Unpaired(module="head", call=0, output=2, reason="nobody reads it")
    document = msgspec.structs.replace(document, modules=tuple(calls), unpaired=(lost,))
    said = texts(panel(client, at(key, taken(opened, document)))["parts"]["measure-parity"])
    assert "head (output 3): nobody reads it" in said
    assert f"{calls[first].module} (call 2, output 2)" in said
    assert f"{calls[first + 1].module} for head" in said


def test_what_is_selected_in_the_graph_is_marked_by_its_module(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    state = replace(taken(opened, profile(opened)), selection=("op", "q"))
    told = panel(client, at(key, state))
    assert told["measure"]["selected"] == "enc.att.q"
    assert "enc.att.q" in texts(told["parts"]["measure-selected"])


def test_the_path_is_walked_from_divergence_to_divergence(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    state = taken(opened, parity(opened))
    content = panel(client, at(key, state))["parts"]["measure-parity"]
    assert "First divergence: enc.att.k" in texts(content)
    assert "1 of 2" in texts(content)
    way = [one["data-value"] for one in buttons(content, "reveal-module")]
    assert way == ["", "enc", "enc.att", "enc.att.k"]
    arrows = {one["id"]: one for one in buttons(content, "divergence") if "id" in one}
    assert arrows["previous-divergence"]["disabled"]
    told = send(client, "divergence", arrows["next-divergence"]["data-value"], at(key, state))
    assert told["at"]["state"]["selection"] == ["module", "head"]
    calls = [one for one in buttons(content, "divergence") if "id" not in one]
    assert [one["data-value"] for one in calls if one.get("aria-current")] == [
        str(state.divergence)
    ]


def test_empty_states_say_what_to_do(client: FlaskClient, key: str) -> None:
    parts = panel(client, at(key, PageState(tab="measure")))["parts"]
    assert "drop a profile" in texts(parts["measure-time"])
    assert "Compare with an ONNX model" in texts(parts["measure-parity"])
    assert "hexviz parity net.onnx mypackage:build --json" in texts(parts["measure-command"])
    assert "Click a box" in texts(parts["measure-selected"])


def test_figures_are_saved_as_json_and_csv(
    client: FlaskClient, key: str, opened: OpenModel
) -> None:
    state = taken(opened, profile(opened))
    content = panel(client, at(key, state))["parts"]["measure-costs"]
    (href,) = {one for one in _links(content) if one.startswith("figures.csv?")}
    rows = list(csv.DictReader(io.StringIO(client.get(href).text)))
    told = json.loads(client.get(href.replace(".csv", ".json")).text)
    assert [row["module"] for row in rows] == [one["module"] for one in told["modules"]]
    assert float(rows[0]["time_us total"]) == told["modules"][0]["total"]["time_us"] == 36
    assert client.get("/figures.csv?model=gone").status_code == 404


def _links(content: Any) -> list[str]:
    if isinstance(content, list):
        return [found for part in content for found in _links(part)]
    if not isinstance(content, dict):
        return []
    props = content["props"]
    here = [props["href"]] if "href" in props else []
    return here + _links(props.get("children"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("figure", "loudness"),
        ("measured", "profile:../../etc"),
        ("forget-measured", "all"),
        ("symbol", ["a", 0]),
        ("symbol", ["a", 10**10]),
        ("symbol", ["", 1]),
        ("symbol", ["a" * 201, 1]),
        ("divergence", "-1"),
    ],
)
def test_events_that_make_no_sense_are_refused(
    client: FlaskClient, key: str, kind: str, value: Any
) -> None:
    told = {"n": 1, "event": {"type": kind, "value": value}, "at": at(key, PageState())}
    assert client.post("/event", json=told).status_code == 400


def test_a_state_with_too_many_sizes_is_refused(client: FlaskClient, key: str) -> None:
    state = at(key, PageState())
    state["state"]["figures"]["symbols"] = [[f"s{n}", 1] for n in range(33)]
    told = {"n": 1, "event": {"type": "clear"}, "at": state}
    assert client.post("/event", json=told).status_code == 400


# Jobs.


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done in this process."""
    monkeypatch.setattr(jobs, "run_job", job_here)


def quiet(_told: tuple[str, float]) -> None:
    """Nobody looks at the progress."""


def test_costs_of_a_large_model_are_a_jobs(
    store: ModelStore, key: str, opened: OpenModel, here: None
) -> None:
    opened.measures = Measures(opened.graph, key, opened.base, at_once=0)
    state = PageState(tab="measure")
    assert opened.measures.costs(state.figures) is None
    assert figure_shown(opened, state) is None
    assert jobs.costed(store, key, [], quiet) == {}
    assert opened.measures.costs(state.figures) is not None
    assert figure_shown(opened, state) is not None
    assert "no sizes" in jobs.costed(store, key, [["a", -1]], quiet)["error"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"task": "profile", "runs": 0, "level": "all", "sizes": []},
        {"task": "profile", "runs": 10**6, "level": "all", "sizes": []},
        {"task": "profile", "runs": 5, "level": "most", "sizes": []},
        {"task": "export"},
    ],
)
def test_a_measurement_that_makes_no_sense_is_refused(
    store: ModelStore, key: str, here: None, wanted: dict[str, Any]
) -> None:
    assert "runs from 1" in jobs.measured(store, wanted | {"model": key}, quiet)["error"]


def test_a_model_is_not_compared_with_itself(store: ModelStore, key: str, here: None) -> None:
    wanted = {"task": "parity", "model": key, "other": key}
    assert "the file that is open" in jobs.measured(store, wanted, quiet)["error"]
    wanted["other"] = "0" * 64
    assert "not open on the server any more" in jobs.measured(store, wanted, quiet)["error"]


def test_a_trace_that_is_gone_says_so(store: ModelStore, key: str, here: None) -> None:
    wanted = {"task": "trace", "model": key, "file": f"{'0' * 64}.json"}
    assert "drop it again" in jobs.measured(store, wanted, quiet)["error"]


def test_every_kind_of_measurement_has_its_limits() -> None:
    from hexviz.app.jobs.supervise import LIMITS

    assert {"costs", "profile", "trace", "parity"} <= set(TASKS) == set(LIMITS)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"cat": "Node", "ph": "X"}]', True),
        (b'{"traceEvents": []}', True),
        (b"[1", False),
        (b'["a"]', False),
        (b'{"val_1": 3}', False),
    ],
)
def test_what_looks_like_a_trace(content: bytes, expected: bool) -> None:
    assert is_trace(content) is expected
