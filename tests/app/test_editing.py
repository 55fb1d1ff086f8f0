"""Corrections on the page: they hold, can be undone and saved, and outlive the server."""

import csv
import io
import json
import re
from pathlib import Path

import networkx
import numpy as np
import onnx
import pytest

from hexviz.app.address import from_query, to_query
from hexviz.app.graph.navigation import enclosed, ops_in
from hexviz.app.models.edits import Edits
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.audit import audit_page, edits_strip
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import NOTHING, PageState
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import SelectionError, SourceError, UnknownOpError, ViewLimitError
from hexviz.model.reader import parse as read
from hexviz.tagging.finding import Finding
from hexviz.tagging.overrides_file import read_overrides
from hexviz.tagging.tag import tag
from hexviz.view.state import ViewState
from tests.app.steps import edit, send, wired
from tests.app.steps import move as step
from tests.build import parse, scoped

HERE = PageState(ViewState(frozenset({"enc", "enc.att"})), ("op", "m"))


@pytest.fixture
def opened(store: ModelStore, net: bytes) -> OpenModel:
    return store.get(store.add_upload(net, "net.onnx"))


def move(
    store: ModelStore, model: OpenModel, state: PageState, *value: str
) -> tuple[OpenModel, PageState]:
    moving = dict(zip(("kind", "what", "to"), value, strict=True))
    return edit(store, model, state, "move-ops", moving)


def modules(model: OpenModel) -> dict[str, str]:
    return {op.id: op.module for op in model.graph.ops}


def test_an_op_is_moved_undone_and_redone(store: ModelStore, opened: OpenModel) -> None:
    edited, state = move(store, opened, HERE, "op", "m", "head")
    assert modules(edited)["m"] == "head"
    assert edited.graph.explain("m").rule == "override"
    assert modules(opened)["m"] == "enc.att"
    assert (state.selection, state.view.open) == (HERE.selection, HERE.view.open)
    undone, state = edit(store, edited, state, "undo")
    assert undone.key == opened.key
    assert state.redo == (edited.key,)
    again, state = edit(store, undone, state, "redo")
    assert again.key == edited.key
    assert state.redo == ()
    assert edit(store, opened, HERE, "undo") == (opened, HERE)
    assert edit(store, opened, HERE, "redo") == (opened, HERE)


def test_a_new_change_ends_what_could_be_redone(store: ModelStore, opened: OpenModel) -> None:
    edited, state = move(store, opened, HERE, "op", "m", "head")
    undone, state = edit(store, edited, state, "undo")
    _, state = move(store, undone, state, "op", "r", "head")
    assert state.redo == ()


def test_a_modules_own_ops_and_those_found_are_moved_together(
    store: ModelStore, opened: OpenModel
) -> None:
    edited, _ = move(store, opened, HERE, "own", "enc.att", "head")
    assert {op for op, fqn in modules(edited).items() if fqn == "head"} == {"r", "m", "o"}
    edited, _ = move(store, opened, HERE, "found", "type:Relu,Exp", "/")
    assert (modules(edited)["q"], modules(edited)["k"]) == ("", "")


def test_a_module_may_be_named_by_its_tag(store: ModelStore, opened: OpenModel) -> None:
    tag_of_head = opened.graph.modules["head"].tag
    edited, _ = move(store, opened, HERE, "op", "m", f" {tag_of_head} ")
    assert modules(edited)["m"] == "head"


def test_what_is_not_there_is_refused_with_near_names(store: ModelStore, opened: OpenModel) -> None:
    with pytest.raises(SelectionError, match="No module is named 'haed'; near ones: head"):
        move(store, opened, HERE, "op", "m", "haed")
    with pytest.raises(SelectionError, match="Say where to"):
        move(store, opened, HERE, "op", "m", "  ")
    with pytest.raises(UnknownOpError):
        move(store, opened, HERE, "op", "mm", "head")


def test_a_change_is_taken_back_alone(store: ModelStore, opened: OpenModel) -> None:
    edited, state = move(store, opened, HERE, "op", "m", "head")
    edited, state = move(store, edited, state, "op", "r", "head")
    edited, state = edit(store, edited, state, "put-back", "m")
    assert (modules(edited)["m"], modules(edited)["r"]) == ("enc.att", "head")
    assert edited.edit is not None
    assert edited.edit.overrides == {"r": "head"}


PARTS = (("a", "Neg", "one"), ("b", "Abs", "one"), ("c", "Exp", "one"), ("d", "Tanh", "two"))


def wrong() -> bytes:
    """Two blocks; an op of the first is on record in the second."""
    lines, scopes, last = [], {"y": ""}, "x"
    for at in range(2):
        for name, kind, part in PARTS:
            lines.append(f"{name}{at} = {kind} ({last})")
            last = f"{name}{at}"
            scopes[last] = f"net.{at}.{part}"
    scopes["b0"] = "net.1.two"
    text = "g (float[2] x) => (float[2] y) {" + "\n".join(lines) + f"\ny = Relu ({last})}}"
    return scoped(parse(text), scopes).SerializeToString()


def test_a_suggestion_is_taken_and_its_finding_is_gone(store: ModelStore) -> None:
    model = store.get(store.add_upload(wrong(), "wrong.onnx"))
    assert model.findings[0].ops == ("b0",)
    edited, _ = edit(store, model, PageState(), "accept", f"{model.key}:0")
    assert modules(edited)["b0"] == model.findings[0].module
    assert all("b0" not in one.ops for one in edited.findings if one.severity != "info")
    for nonsense in ("99", "-1", "x", "9" * 20_000):
        told = f"{model.key}:{nonsense}"
        assert edit(store, model, PageState(), "accept", told)[0] is model
    # A second click on the list as it was must not move what has its number now.
    with pytest.raises(SelectionError, match="The findings have changed since they were listed"):
        edit(store, edited, PageState(), "accept", f"{model.key}:1")


def test_all_suggestions_are_taken_at_once(store: ModelStore) -> None:
    model = store.get(store.add_upload(wrong(), "wrong.onnx"))
    edited, state = edit(store, model, PageState(), "accept", f"{model.key}:all")
    assert not any(one.severity == "error" for one in edited.findings)
    assert edit(store, edited, state, "undo")[0].key == model.key


def test_all_suggestions_means_those_that_are_sure(store: ModelStore) -> None:
    model = store.get(store.add_upload(wrong(), "wrong.onnx"))
    module = "net.0.two"
    found = [
        Finding("misplaced", "error", ("a0",), "It is.", "Move.", module, suggestion_sureness=0.97),
        Finding("sibling", "warning", ("b0",), "So.", "Move.", module, suggestion_sureness=0.9),
        Finding("misplaced", "error", ("c0",), "Is.", "Move.", module, suggestion_sureness=0.6),
        Finding("fallback", "warning", ("d0",), "Nothing is known."),
        Finding("split-chain", "info", ("c1",), "Hm.", "", module, suggestion_sureness=0.95),
    ]
    vars(model)["findings"] = found
    content = str(audit_page(model.graph, found, model.key))
    assert "Accept all 2 suggestions that are sure" in content
    assert "leaves 2 findings: 1 less than 90% sure, 1 without a suggestion" in content
    assert " (97% sure)" in content
    edited, _ = edit(store, model, PageState(), "accept", f"{model.key}:all")
    assert edited.edit is not None
    assert edited.edit.overrides == {"a0": module, "b0": module}
    assert "Accept all" not in str(audit_page(model.graph, found[3:], model.key))
    unsure = str(audit_page(model.graph, [found[2], found[2]], model.key))
    assert "nothing is sure: 2 less than 90% sure" in unsure
    assert "Accept all" not in unsure


def test_a_frame_selects_ops_that_move_together(store: ModelStore, opened: OpenModel) -> None:
    framed = step(opened, HERE, "frame", ["o:m", "m:enc.att.q", "i:x"])
    assert framed.selection[0] == "ops"
    assert ops_in(opened, framed.selection[1]) == ["q", "m"]
    text = json.dumps(inspect(opened, framed), default=lambda part: part.to_plotly_json())
    assert '"2 ops"' in text
    edited, _ = move(store, opened, framed, "ops", framed.selection[1], "head")
    assert (modules(edited)["q"], modules(edited)["m"]) == ("head", "head")
    assert from_query(to_query(opened.key, framed), opened).selection == framed.selection
    assert wired(framed) == framed
    assert step(opened, framed, "escape", None).selection == NOTHING
    assert step(opened, HERE, "frame", ["o:m"]).selection == ("op", "m")
    assert step(opened, HERE, "frame", []).selection == NOTHING
    for nonsense in ("[", "{}", '["gone", 3]', "[" * 100_000):
        assert ops_in(opened, nonsense) == []


def test_a_frame_around_too_many_is_refused(opened: OpenModel) -> None:
    with pytest.raises(ViewLimitError, match="5 ops are in that frame, more than the 2"):
        enclosed(opened, PageState(), ["m:enc"], most=2)


def test_a_persons_numbers_colour_the_edited_model_too(
    store: ModelStore, opened: OpenModel
) -> None:
    opened.numbers.put("mine", {0: 1.0})
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    assert edited.numbers.get("mine") == {0: 1.0}


def test_a_policy_is_kept_when_asked(store: ModelStore, opened: OpenModel) -> None:
    edited, _ = edit(store, opened, HERE, "keep-what-if", "consumers")
    assert modules(edited)["s"] == "enc.att"
    assert edited.graph.explain("s").origin == "manual"


def test_an_edit_outlives_the_server(store: ModelStore, opened: OpenModel, tmp_path: Path) -> None:
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    again = ModelStore(Cache(tmp_path)).get(edited.key)
    assert modules(again) == modules(edited)
    assert again.edit is not None
    assert again.edit.before == opened.key


def test_a_kept_edit_that_was_tampered_with_is_none(
    store: ModelStore, opened: OpenModel, tmp_path: Path
) -> None:
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    path = tmp_path / "edits" / f"{edited.key}.json"
    path.write_bytes(path.read_bytes().replace(b"head", b"enc"))
    assert Edits(Cache(tmp_path)).find(edited.key) is None
    with pytest.raises(SourceError):
        ModelStore(Cache(tmp_path)).get(edited.key)


def test_an_answer_brings_the_edited_model_and_where_to_undo(
    store: ModelStore, opened: OpenModel
) -> None:
    client = create_app(store).server.test_client()
    first = send(client, "visit", f"?model={opened.key}&op=m")
    to_head = {"kind": "op", "what": "m", "to": "head"}
    moved = send(client, "move-ops", to_head, first["at"], shown=opened.key)
    key = moved["at"]["model"]
    assert moved["edited"]
    assert moved["model"]["key"] == key != opened.key
    assert moved["at"]["state"]["selection"] == ["op", "m"]
    assert f"model={key}" in moved["address"]
    assert "1 tag changed" in str(moved["parts"]["edits"])
    assert f"overrides/{key}.json" in str(moved["parts"]["edits"])
    back = send(client, "undo", None, moved["at"], shown=key)
    assert back["at"]["model"] == opened.key
    assert back["at"]["state"]["redo"] == [key]
    refused = send(client, "move-ops", to_head | {"to": "haed"}, first["at"], shown=opened.key)
    assert "near ones: head" in refused["error"]
    assert refused.keys() == {"n", "error"}


def test_saved_as_a_file_and_as_overrides(store: ModelStore, opened: OpenModel) -> None:
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    client = create_app(store).server.test_client()
    file = client.get(f"/model/{edited.key}.onnx")
    assert file.headers["Content-Disposition"] == 'attachment; filename="net-tagged.onnx"'
    again = tag(read(file.data, name="net"))
    assert again.explain("m").origin == "manual"
    onnx.checker.check_model(onnx.load_from_string(file.data))
    overrides = client.get(f"/overrides/{edited.key}.json")
    assert read_overrides(overrides.get_data(as_text=True), opened.graph) == {"m": "head"}
    assert json.loads(overrides.data)["model"]["ops"] == 8
    for missing in (f"/model/{'0' * 64}.onnx", "/overrides/..json"):
        assert client.get(missing).status_code == 404


def test_saved_for_other_tools(store: ModelStore, opened: OpenModel) -> None:
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    client = create_app(store).server.test_client()
    table = client.get(f"/graph.csv?model={edited.key}&op=m&theme=dark")
    assert table.headers["Content-Disposition"] == 'attachment; filename="net.csv"'
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(table.get_data(as_text=True)))}
    assert (rows["m"]["module"], rows["m"]["origin"]) == ("head", "manual")
    drawn = client.get(f"/graph.json?model={edited.key}")
    assert len(json.loads(drawn.data)["graphs"][0]["nodes"]) >= len(edited.graph.ops)
    read = networkx.parse_graphml(client.get(f"/graph.graphml?model={edited.key}").data.decode())
    assert set(read) == set(edited.graph.to_networkx())
    for missing in (f"/graph.csv?model={'0' * 64}", f"/graph.exe?model={edited.key}"):
        assert client.get(missing).status_code == 404
    assert b".exe is no format" in client.get(f"/graph.exe?model={edited.key}").data


def test_a_model_with_its_weights_elsewhere_is_not_offered_without_them(
    store: ModelStore, tmp_path: Path
) -> None:
    text = "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { m = Add (x, w)  y = Relu (m) }"
    proto = scoped(parse(text), {"m": "a", "y": "b"})
    weight = np.array([1, 2], np.float32)
    proto.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weight, "w"))
    for name, apart in (("whole", False), ("apart", True)):
        path = tmp_path / f"{name}.onnx"
        onnx.save(proto, path, save_as_external_data=apart, size_threshold=0, location="w.data")
        model = store.get(store.add_file(path))
        assert model.graph.has_external_data is apart
        edited, state = move(store, model, PageState(), "op", "m", "b")
        assert ("Save .onnx" in str(edits_strip(edited, state))) is not apart


def test_the_audit_lists_findings_with_ways_to_them(store: ModelStore) -> None:
    model = store.get(store.add_upload(wrong(), "wrong.onnx"))
    content = audit_page(model.graph, model.findings, model.key)
    text = json.dumps(content, default=lambda part: part.to_plotly_json())
    assert "Tagged " in text
    buttons = {
        (event, value)
        for props in re.findall(r'\{[^{}]*"data-event"[^{}]*\}', text)
        for event in re.findall(r'"data-event": "(.*?)"', props)
        for value in re.findall(r'"data-value": "(.*?)"', props)
    }
    assert buttons >= {("accept", f"{model.key}:0"), ("goto", "b0")}
    assert edits_strip(model, PageState()) == []


def test_an_edit_takes_over_what_no_tag_changes(store: ModelStore, opened: OpenModel) -> None:
    top = opened.graph.top
    edited, _ = move(store, opened, HERE, "op", "m", "head")
    assert edited.graph.top is top
    assert edited.graph.positions is opened.graph.positions
    assert edited.graph.op("m").module == "head"
    assert opened.graph.op("m").module == "enc.att"
