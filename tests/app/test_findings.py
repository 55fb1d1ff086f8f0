"""A finding stands where the fault is: at the tab, on ops, boxes and rows, in the inspector."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from hexviz.app import answers
from hexviz.app.graph.findings import marks
from hexviz.app.graph.widgets import what_if_strip
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.store import ModelStore
from hexviz.app.panels.audit import audit_page
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import PageState
from hexviz.app.server import create_app
from hexviz.tagging.finding import Finding
from hexviz.view.state import ViewState
from tests.app.steps import panel
from tests.app.test_editing import wrong
from tests.app.test_inspector import links, text


@pytest.fixture
def accused(model: OpenModel) -> OpenModel:
    """The small model, in which the audit is said to accuse two ops."""
    found = [
        Finding(
            *("misplaced", "error", ("m",), "Tagged Module.att, but ran elsewhere.", "Move to /x."),
            *("head", 0.99),
            details=("All else says so.",),
        ),
        Finding("weight", "warning", ("q", "m"), "Computes with a weight of another."),
        Finding("shared-constant", "info", ("s",), "Used by several."),
        Finding("empty-module", "info", (), "1 module without ops: drop."),
    ]
    vars(model)["findings"] = found
    return model


def test_an_op_has_its_worst_finding_and_a_box_the_worst_in_it(accused: OpenModel) -> None:
    found = marks(accused, accused.findings, "module")
    assert found.counts == {"info": 2, "warning": 1, "error": 1}
    assert {op: found.sentences[at] for op, (_, at) in found.ops.items()} == {
        "m": "Tagged Module.att, but ran elsewhere.",
        "q": "Computes with a weight of another.",
        "s": "Used by several.",
    }
    assert [found.ops[op][0] for op in "mqs"] == [2, 1, 0]
    # What is only worth knowing accuses nobody, and marks no box.
    assert found.boxes == {"": (2, 2), "enc": (2, 2), "enc.att": (2, 2), "enc.att.q": (1, 1)}


def test_the_finding_comes_first_and_offers_its_cure(accused: OpenModel) -> None:
    head, name, first, second, sentence, *_ = inspect(accused, PageState(selection=("op", "m")))
    assert (text(head), text(name)) == ("Mul", "m")
    assert text(first).startswith("Error99% sureTagged Module.att, but ran elsewhere.Move to /x.")
    assert "All else says so." in text(first)
    assert links(first, "data-event") == ["accept", "tab"]
    assert links(first, "data-value") == [f"{accused.key}:0", "audit"]
    assert text(second).startswith("WarningcertainComputes with a weight of another.")
    assert text(sentence) == (
        "Said by the file, in its metadata: /Module/Module.enc/Module.att. The audit doubts it."
    )


def test_beside_an_accusation_nothing_speaks_of_a_confidence_of_100_percent(
    accused: OpenModel,
) -> None:
    for op in ("m", "q"):
        shown = text(inspect(accused, PageState(selection=("op", op))))
        assert "The audit doubts it." in shown
        assert not re.search(r"confidence|100 ?%", shown)
    # What is worth knowing is no doubt.
    assert "The audit doubts it." not in text(inspect(accused, PageState(selection=("op", "s"))))


def test_the_inspector_waits_for_no_audit(model: OpenModel) -> None:
    inspect(model, PageState(selection=("op", "m")))
    assert model.known_findings is None


def at(key: str, **state: Any) -> dict[str, Any]:
    return {"model": key, "state": state}


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


def test_marks_come_with_the_first_panel_and_once(store: ModelStore, client: FlaskClient) -> None:
    key = store.add_upload(wrong(), "wrong.onnx")
    first = panel(client, at(key))
    assert first["marks"]["counts"]["warning"] + first["marks"]["counts"]["error"] > 0
    assert "unaudited" not in first
    assert "marks" not in panel(client, at(key), holds=first["holds"])
    # The boxes that stand elsewhere by what they serve have marks of their own.
    assert "marks" in panel(client, at(key, view={"placement": "context"}), holds=first["holds"])


def test_a_large_model_is_audited_when_the_page_asks_once_more(
    store: ModelStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.add_upload(wrong(), "wrong.onnx")
    monkeypatch.setattr(answers, "AT_ONCE", 0)
    first = panel(client, at(key))
    assert (first["unaudited"], "marks" in first) == (True, False)
    assert store.get(key).known_findings is None
    assert "marks" in panel(client, at(key), audit=True)
    assert "marks" in panel(client, at(key))  # known now


def test_a_very_large_model_is_audited_when_its_tab_is_opened(
    store: ModelStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.add_upload(wrong(), "wrong.onnx")
    monkeypatch.setattr(answers, "AT_ONCE", 0)
    monkeypatch.setattr(answers, "LATER", 0)
    assert panel(client, at(key), audit=True)["unaudited"] is False
    assert store.get(key).known_findings is None
    assert "marks" in panel(client, at(key, tab="audit"))


def test_the_audit_says_the_sentence_first_and_each_op_is_a_link(accused: OpenModel) -> None:
    shown = text(audit_page(accused.graph, accused.findings, accused.key))
    assert "error · misplaced · 99% sureTagged Module.att, but ran elsewhere.Mul m" in shown
    assert "Relu qand 1 other opMul m" in shown
    assert "1 error" in shown
    assert "2 info" in shown


def test_ops_are_coloured_by_what_is_found_of_them(accused: OpenModel) -> None:
    view = ViewState(frozenset({"enc", "enc.att"}), colour="finding")
    drawn = accused.render(view, "light")
    buckets = {one["data"]["id"]: one["data"].get("buckets") for one in drawn.elements}
    assert buckets["o:m"] == ["error"]
    assert buckets["m:enc.att.q"] == ["warning"]
    assert buckets["m:head"] == ["no finding"]
    assert [entry.label for entry in drawn.legend.entries] == [
        *("no finding", "info", "warning", "error"),
    ]


def test_what_the_placement_moves_is_counted_and_marked(model: OpenModel) -> None:
    assert model.moved == 2
    for placement, expected in (("module", set()), ("context", {"o:s", "o:y"})):
        view = ViewState(frozenset({"enc", "enc.att", "head"}), placement=placement)  # type: ignore[arg-type]
        elements = [one["data"] for one in model.render(view, "light").elements]
        assert {one["id"] for one in elements if one.get("moved")} == expected
        # Each says so of itself: a browser keeps what is not taken back.
        assert all("moved" in one for one in elements if one.get("kind") == "op")
        closed = model.render(ViewState(frozenset({""}), placement=placement), "light").elements  # type: ignore[arg-type]
        assert sum(one["data"].get("moved", 0) for one in closed) == len(expected)
        note = text(what_if_strip(model, view))
        assert ("2 auxiliary ops stand where they are used, marked" in note) == bool(expected)
