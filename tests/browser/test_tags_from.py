"""Tags from another graph, as a person takes them: from the dialog to the saved file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from playwright.sync_api import expect

from hexviz.exporters.interface import Exported
from hexviz.tagging.tag import load
from tests.browser.conftest import NO_MODEL, Server, Sheet


@pytest.fixture(scope="module")
def optimised(exported: Callable[..., Exported], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same BERT as somebody's tool left it: without any metadata, all values renamed."""
    proto = onnx.ModelProto()
    proto.CopyFrom(exported("bert-tiny").proto)
    ends = {one.name for one in (*proto.graph.input, *proto.graph.output)}
    new: dict[str, str] = {}
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.name = ""
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name and name not in ends:
                    names[at] = new.setdefault(name, f"v{len(new)}")
    for one in (*proto.graph.initializer, *proto.graph.value_info):
        one.name = new.get(one.name, one.name)
    path = tmp_path_factory.mktemp("optimised") / "optimised.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.fixture(scope="module")
def other(optimised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(optimised, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


def test_the_open_model_takes_its_tags_from_a_file(
    sheet: Sheet, other: Server, bert: Path, tmp_path: Path
) -> None:
    page = sheet.page
    page.goto(other.url)
    expect(page.locator("#model-title")).to_have_text("optimised.onnx")
    page.locator("#open-dialog").click()
    box = page.get_by_role("group", name="Tags from another graph")
    expect(box).to_be_visible()
    box.locator("#tags-upload input[type=file]").set_input_files(bert)
    expect(page.get_by_text("Tags were carried over")).to_be_visible()
    expect(page.get_by_text("ops are from bert-tiny.onnx:")).to_be_visible()
    expect(box).to_be_hidden()
    strip = page.locator("#edits")
    expect(strip).to_contain_text("tags from bert-tiny.onnx")
    tree = page.get_by_role("tree", name="Modules in the graph")
    expect(tree).to_contain_text("BertEncoder")
    # The address alone brings it back.
    page.reload()
    expect(strip).to_contain_text("tags from bert-tiny.onnx")
    expect(tree).to_contain_text("BertEncoder")
    with page.expect_download() as saved:
        strip.get_by_text("Save .onnx").click()
    path = tmp_path / "saved.onnx"
    saved.value.save_as(path)
    graph = load(path)
    assert graph.transferred_from is not None
    assert graph.transferred_from.file == "bert-tiny.onnx"
    assert {op.module for op in graph.ops} == {op.module for op in load(bert).ops}
    strip.get_by_role("button", name="Undo").click()
    expect(tree).not_to_contain_text("BertEncoder")


def test_an_op_lists_where_its_tag_is_from(sheet: Sheet, other: Server, bert: Path) -> None:
    page = sheet.page
    page.goto(other.url)
    page.locator("#open-dialog").click()
    page.locator("#tags-upload input[type=file]").set_input_files(bert)
    expect(page.locator("#edits")).to_contain_text("tags from bert-tiny.onnx")
    page.locator("#search").fill("type:Softmax")
    page.locator("#search").press("Enter")
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("transferred · rule")
    inspector.get_by_text("How that is known").click()
    listed = inspector.locator("section", has=page.get_by_role("heading", name="In bert-tiny.onnx"))
    expect(listed).to_contain_text("Softmax")
    expect(listed.get_by_role("button")).to_have_count(0)


def test_what_cannot_be_transferred_is_one_clear_notice(
    sheet: Sheet, other: Server, tmp_path: Path
) -> None:
    page = sheet.page
    page.goto(other.url)
    page.locator("#open-dialog").click()
    upload = page.locator("#tags-upload input[type=file]")
    bad = tmp_path / "bad.onnx"
    bad.write_text("not a model")
    upload.set_input_files(bad)
    expect(page.get_by_text("bad.onnx is not an ONNX model")).to_be_visible()
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Abs (x) }'
    )
    untagged = tmp_path / "untagged.onnx"
    untagged.write_bytes(proto.SerializeToString())
    upload.set_input_files(untagged)
    expect(page.get_by_text("untagged.onnx has no tags to transfer")).to_be_visible()
    note = tmp_path / "note.txt"
    note.write_text("hello")
    upload.set_input_files(note)
    expect(page.get_by_text("note.txt is not an .onnx file")).to_be_visible()
    expect(page.locator("#edits")).to_be_empty()


def test_without_an_open_model_there_is_nothing_to_tag(sheet: Sheet, other: Server) -> None:
    page = sheet.page
    page.goto(other.url.partition("?")[0] + NO_MODEL)
    expect(page.locator("#upload-box")).to_be_visible()
    expect(page.locator("#tags-box")).to_be_hidden()
