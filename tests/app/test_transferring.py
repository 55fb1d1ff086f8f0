"""Tags of another graph for the open model: an edit that can be undone, linked to, and saved."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from hexviz.app.callbacks import jobs
from hexviz.app.callbacks.jobs import transferred
from hexviz.app.jobs.tasks import TASKS
from hexviz.app.models.store import ModelStore
from hexviz.app.panels.audit import edits_strip
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.protocol import PageState
from hexviz.cache import Cache
from hexviz.errors import SourceError
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.tag import tag
from tests.app.steps import edit, job_here
from tests.app.test_inspector import links, text
from tests.build import parse, scoped

NET = """g (float[2] x) => (float[2] y) {
    m = Neg (x)
    n = Exp (m)
    o = Abs (n)
    y = Relu (o)
}"""
SCOPES = {"m": "enc.fc", "n": "enc.fc", "o": "enc.act", "y": "head"}


def tagged_file(scopes: dict[str, str] = SCOPES) -> bytes:
    return tag(from_proto(scoped(parse(NET), scopes), name="exported.onnx")).to_bytes()


def bare_file() -> bytes:
    content: bytes = parse(NET).SerializeToString()
    return content


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "run_job", job_here)
    return ModelStore(Cache())


def carried(store: ModelStore, before: bytes, after: bytes) -> dict[str, Any]:
    one = store.add_upload(before, "exported.onnx")
    two = store.add_upload(after, "optimised.onnx")
    return transferred(store, one, two, lambda _: None)


@pytest.fixture
def made(store: ModelStore) -> str:
    result = carried(store, tagged_file(), bare_file())
    assert result["line"] == "Tags of 4 ops are from exported.onnx: 4 same."
    return str(result["key"])


def test_the_open_model_takes_the_tags(store: ModelStore, made: str) -> None:
    model = store.get(made)
    assert model.graph.name == "optimised.onnx"
    assert [op.module for op in model.graph.ops] == ["enc.fc", "enc.fc", "enc.act", "head"]
    assert {op.provenance.origin for op in model.graph.ops} == {"transferred"}
    strip = text(edits_strip(model, PageState()))
    assert strip.startswith("tags from exported.onnx")
    assert "Save .onnx" in strip
    assert "Save overrides" not in strip


def test_it_outlives_the_server(store: ModelStore, made: str) -> None:
    again = ModelStore(Cache())
    first, second = store.get(made).graph, again.get(made).graph
    assert [op.provenance for op in second.ops] == [op.provenance for op in first.ops]
    assert second.transferred_from == first.transferred_from
    assert list(second.modules.infos()) == list(first.modules.infos())


def test_it_is_undone_and_redone(store: ModelStore, made: str) -> None:
    model = store.get(made)
    before, state = edit(store, model, PageState(view=model.first_view("module")), "undo", None)
    assert before.graph.transferred_from is None
    assert before.key == model.base
    after, _ = edit(store, before, state, "redo")
    assert after.key == made


def test_corrections_go_on_top_and_stay(store: ModelStore, made: str) -> None:
    model = store.get(made)
    edited = store.edit(model, {"m": "head"})
    assert [op.module for op in edited.graph.ops] == ["head", "enc.fc", "enc.act", "head"]
    assert edited.graph.op("y").provenance.rule == "same"
    assert "tags from exported.onnx, 1 tag changed" in text(edits_strip(edited, PageState()))
    # Taken from yet another graph, what a person set stays; what is no module any more does not.
    other = store.add_upload(tagged_file(SCOPES | {"o": "act"}), "other.onnx")
    result = transferred(store, other, edited.key, lambda _: None)
    again = store.get(result["key"])
    assert [op.module for op in again.graph.ops] == ["head", "enc.fc", "act", "head"]
    assert again.graph.op("m").provenance.origin == "manual"
    back = store.edit(again, {"m": None})
    assert back.graph.op("m").module == "enc.fc"


def test_parts_are_cut_by_these_tags(store: ModelStore, made: str) -> None:
    source = store.source(made)
    result = TASKS["report"]({"source": source.to_json(), "part": "keep=enc"}, lambda *_: None)
    assert result["name"] == "optimised-part.json"


def test_the_saved_file_has_the_tags(store: ModelStore, made: str) -> None:
    saved = onnx.load_from_string(store.get(made).graph.to_bytes())
    graph = tag(from_proto(saved, name="saved.onnx"))
    assert [op.module for op in graph.ops] == ["enc.fc", "enc.fc", "enc.act", "head"]
    assert graph.transferred_from is not None
    assert graph.transferred_from.file == "exported.onnx"


def test_the_inspector_lists_the_ops_there_and_links_to_none(store: ModelStore, made: str) -> None:
    graph = store.get(made).graph
    content = inspect_op(graph, explain(graph, "n"))
    shown = text(content)
    assert "transferred · rule same" in shown
    assert "it is Exp “n” of exported.onnx, with the same name, type and surroundings." in shown
    assert "In exported.onnxExp nmakes the same value" in shown
    assert "n" not in links(content, "data-op")
    assert "Decided from" not in shown


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (parse(NET.replace("Exp", "Sin")), "has no tags to transfer"),
        (parse(NET), "That is the file that is open: choose the one that it was made from."),
    ],
)
def test_what_cannot_be_is_one_line(store: ModelStore, before: onnx.ModelProto, line: str) -> None:
    result = carried(store, before.SerializeToString(), bare_file())
    assert line in result["error"]
    assert not list(Cache().folder("edits").iterdir())


def test_tags_that_were_given_up_are_told_of(store: ModelStore, made: str) -> None:
    for path in Cache().folder("transfers").iterdir():
        path.unlink()
    with pytest.raises(SourceError, match="are not kept any more: open the file, and take them"):
        ModelStore(Cache()).get(made)


def test_a_place_is_kept_as_far_as_its_boxes_are_there(store: ModelStore, made: str) -> None:
    model = store.get(made)
    state = PageState(view=replace(model.first_view("module"), open=frozenset({"enc", "gone"})))
    undone, after = edit(store, model, state, "undo")
    assert undone.key == model.base
    assert after.view.open <= set(undone.index("module").containers)
