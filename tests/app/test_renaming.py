"""Recovered blocks are renamed on the page: all copies follow, and so does where the page is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hexviz.app.address import from_query, to_query
from hexviz.app.graph.follow import follow
from hexviz.app.jobs.tasks import TASKS
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.audit import edits_strip
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import ExtractChoice, OtherSide, PageState, Trace
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import RenameError, SelectionError
from hexviz.extraction.selection import ModuleSelection
from hexviz.model.reader import parse as read
from hexviz.notebook.session import Session
from hexviz.tagging.overrides_file import overrides_document
from hexviz.tagging.tag import tag
from hexviz.view.state import ViewState
from tests.app.steps import edit, send
from tests.app.test_files import dropped
from tests.app.test_inspector import links, text
from tests.app.test_recovered import COPIES, nameless

HERE = PageState(
    ViewState(frozenset({"Block.0~4", "Block.0.Inner"}), hidden=frozenset({"Block.3"})),
    ("module", "Block.0.Inner"),
)
TO_LAYER = {"module": "Block.2", "to": " Layer "}


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    path = tmp_path / "nameless.onnx"
    nameless().save(path)
    return path.read_bytes()


@pytest.fixture
def opened(store: ModelStore, file: bytes) -> OpenModel:
    return store.get(store.add_upload(file, "nameless.onnx"))


def fqns(model: OpenModel) -> list[str]:
    return [module.fqn for module in model.graph.modules]


def test_all_copies_and_the_page_follow_a_new_name(store: ModelStore, opened: OpenModel) -> None:
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    assert fqns(renamed) == [fqn.replace("Block", "Layer") for fqn in fqns(opened)]
    assert renamed.graph.op("a1").tag == "/Layer.1/Inner"
    assert state.view.open == {"Layer.0~4", "Layer.0.Inner"}
    assert state.view.hidden == {"Layer.3"}
    assert state.selection == ("module", "Layer.0.Inner")
    assert "open=Layer.0.Inner" in to_query(renamed.key, state)
    assert renamed.graph.op("a1").provenance.origin == "recovered"


def test_everything_a_page_names_follows(store: ModelStore, opened: OpenModel) -> None:
    state = PageState(
        ViewState(frozenset({"Block.0~4"}), apart=frozenset({"Block.0~4"})),
        trace=Trace("given", "Block.1"),
        lit=frozenset({"Block", "Inner"}),
        choice=ExtractChoice(ModuleSelection(frozenset({"Block"}), frozenset({"Block.1.Inner"}))),
        other=OtherSide(frozenset({"Block.0"})),
    )
    _, after = edit(store, opened, state, "rename", TO_LAYER)
    assert after.view.apart == {"Layer.0~4"}
    assert after.trace == Trace("given", "Layer.1")
    assert after.lit == {"Layer", "Inner"}
    assert after.choice.selected.modules == {"Layer"}  # the whole list, which is no module
    assert after.choice.selected.exclude == {"Layer.1.Inner"}
    assert after.other.open == {"Block.0"}  # of the other graph, which keeps its names


def test_a_name_is_undone_and_given_again(store: ModelStore, opened: OpenModel) -> None:
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    inner, state = edit(store, renamed, state, "rename", {"module": "Layer.1.Inner", "to": "Core"})
    assert state.selection == ("module", "Layer.0.Core")
    back, state = edit(store, inner, state, "undo")
    back, state = edit(store, back, state, "undo")
    assert back.key == opened.key
    assert (state.view, state.selection) == (HERE.view, HERE.selection)
    again, state = edit(store, back, state, "redo")
    assert again.key == renamed.key
    assert state.selection == ("module", "Layer.0.Inner")


def test_names_and_moved_ops_go_together(store: ModelStore, opened: OpenModel) -> None:
    to = {"kind": "op", "what": "stem", "to": "Block.1.Inner"}
    moved, state = edit(store, opened, HERE, "move-ops", to)
    renamed, state = edit(store, moved, state, "rename", TO_LAYER)
    assert renamed.graph.op("stem").module == "Layer.1.Inner"
    strip = text(edits_strip(renamed, state))
    assert "1 block renamed, 1 tag changed" in strip
    assert "Save overrides" in strip
    undone, _ = edit(store, renamed, state, "undo")
    assert undone.key == moved.key
    both, _ = edit(store, renamed, state, "put-back", "stem")
    assert both.graph.op("stem").module == ""
    assert "Layer.1" in both.graph.modules


def test_a_name_outlives_the_server_and_stands_in_its_link(
    store: ModelStore, opened: OpenModel, tmp_path: Path
) -> None:
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    again = ModelStore(Cache(tmp_path)).get(renamed.key)
    assert fqns(again) == fqns(renamed)
    assert from_query(to_query(renamed.key, state), again).selection == state.selection


def test_what_is_no_name_is_refused_in_a_line(store: ModelStore, opened: OpenModel) -> None:
    for name in ("", "a.b", "a/b", "Inner 2", "7", "x" * 99):
        with pytest.raises(RenameError) as refused:
            edit(store, opened, HERE, "rename", {"module": "Block.0", "to": name})
        assert "\n" not in str(refused.value)
    with pytest.raises(SelectionError):
        edit(store, opened, HERE, "rename", {"module": "Blocks.0", "to": "Layer"})
    same, state = edit(store, opened, HERE, "rename", {"module": "Block.0", "to": "Block"})
    assert (same, state) == (opened, HERE)


def test_a_module_that_the_file_names_keeps_its_name(store: ModelStore, net: bytes) -> None:
    named = store.get(store.add_upload(net, "net.onnx"))
    with pytest.raises(RenameError):
        edit(store, named, PageState(), "rename", {"module": "head", "to": "Head"})
    page = inspect(named, PageState(selection=("module", "head")))
    assert "rename-to" not in links(page, "data-event")


def test_the_inspector_offers_the_field(opened: OpenModel) -> None:
    page = inspect(opened, PageState(selection=("module", "Block.1")))
    assert f"Rename all {COPIES} copies" in text(page)
    assert "rename-to" in links(page, "data-event")
    assert "Block" in links(page, "value")


def test_saved_as_a_file(store: ModelStore, opened: OpenModel) -> None:
    renamed, _ = edit(store, opened, HERE, "rename", TO_LAYER)
    client = create_app(store).server.test_client()
    saved = tag(read(client.get(f"/model/{renamed.key}.onnx").data, name="saved"))
    assert [one.fqn for one in saved.modules] == fqns(renamed)
    assert saved.modules["Layer.0"].is_recovered


def test_a_refusal_is_an_answer(store: ModelStore, opened: OpenModel) -> None:
    client = create_app(store).server.test_client()
    first = send(client, "visit", f"?model={opened.key}&module=Block.0")
    refused = send(client, "rename", {"module": "Block.0", "to": "a.b"}, first["at"])
    assert refused.keys() == {"n", "error"}
    told = send(client, "rename", TO_LAYER, first["at"], shown=opened.key)
    assert told["edited"]
    assert told["at"]["state"]["selection"] == ["module", "Layer.0"]
    assert "Layer ×4" in json.dumps(told["parts"]["tree"], ensure_ascii=False)


def test_a_job_works_on_what_it_is_called_by_then(
    store: ModelStore, opened: OpenModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    renamed, _ = edit(store, opened, HERE, "rename", TO_LAYER)
    source = json.loads(json.dumps(store.source(renamed.key).to_json()))
    assert source["renames"] == [["Block.2", "Layer"]]
    found = TASKS["part"]({"source": source, "part": "keep=Layer.1"}, lambda *_: None)
    assert "error" not in found


def test_in_a_notebook(file: bytes) -> None:
    session = Session(OpenModel("0" * 64, tag(read(file, name="nameless"))))
    renamed = session.rename(session.base, "Block.0", "Layer")
    assert "Layer.0" in renamed.graph.modules
    assert session.get(renamed.key) is renamed


def test_the_next_version_of_a_file_has_the_names(
    store: ModelStore, opened: OpenModel, tmp_path: Path
) -> None:
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    nameless(COPIES + 1).save(tmp_path / "next.onnx")
    key = store.add_upload((tmp_path / "next.onnx").read_bytes(), "nameless.onnx")
    after, there, note = follow(store, renamed.key, state, key)
    assert f"Layer.{COPIES}" in after.graph.modules
    assert there.selection == ("module", "Layer.0.Inner")
    assert note == ""
    nameless(COPIES, "Stage").save(tmp_path / "other.onnx")
    key = store.add_upload((tmp_path / "other.onnx").read_bytes(), "nameless.onnx")
    _, _, note = follow(store, renamed.key, state, key)
    assert note == "1 name you gave: its block is gone in the new version."


def test_blocks_are_left_out_and_brought_back(store: ModelStore, opened: OpenModel) -> None:
    assert "leave-out-blocks" in links(inspect(opened, PageState()), "data-event")
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    bare, there = edit(store, renamed, state, "leave-out-blocks")
    assert fqns(bare) == [""]
    assert not any(op.provenance.origin == "recovered" for op in bare.graph.ops)
    assert (there.selection, there.view.open) == (("", ""), frozenset())
    assert "blocks left out" in text(edits_strip(bare, there))
    assert "leave-out-blocks" not in links(inspect(bare, PageState()), "data-event")
    back, again = edit(store, bare, there, "undo")
    assert back.key == renamed.key
    assert again.selection == ("", "")
    assert edit(store, bare, there, "leave-out-blocks") == (bare, there)


def test_what_a_person_moved_stays_without_blocks(
    store: ModelStore, opened: OpenModel, tmp_path: Path
) -> None:
    to = {"kind": "op", "what": "stem", "to": "Block.1"}
    moved, state = edit(store, opened, HERE, "move-ops", to)
    bare, _ = edit(store, moved, state, "leave-out-blocks")
    assert bare.graph.op("stem").module == ""
    assert fqns(ModelStore(Cache(tmp_path)).get(bare.key)) == [""]
    assert store.source(bare.key).to_json()["bare"] is True


def test_names_come_back_with_saved_overrides(store: ModelStore, opened: OpenModel) -> None:
    renamed, state = edit(store, opened, HERE, "rename", TO_LAYER)
    inner, state = edit(store, renamed, state, "rename", {"module": "Layer.0.Inner", "to": "Core"})
    to = {"kind": "op", "what": "stem", "to": "Layer.1.Core"}
    moved, _ = edit(store, inner, state, "move-ops", to)
    saved = json.dumps(overrides_document(moved.graph)).encode()
    answer = dropped(store, opened.key, saved)
    again = store.get(answer["uploaded"]["data"])
    assert fqns(again) == fqns(moved)
    assert again.graph.op("stem").module == "Layer.1.Core"
    (notice,) = answer["notices"]["data"]
    assert notice["message"] == "1 op is where the file says, 2 blocks renamed."


def test_a_server_may_leave_blocks_out(file: bytes, tmp_path: Path) -> None:
    plain = ModelStore(Cache(tmp_path), recover=False)
    model = plain.get(plain.add_upload(file, "nameless.onnx"))
    assert fqns(model) == [""]
    assert plain.source(model.key).to_json()["bare"] is True
    assert fqns(ModelStore(Cache(tmp_path)).get(model.key)) != [""]
