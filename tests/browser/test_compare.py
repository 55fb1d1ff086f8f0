"""The compare tab, as a person uses it: choose a file, read, look at the ops, sort, share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Sheet
from tests.matching.layered import layered


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared")
    onnx.save(layered("abcd"), folder / "before.onnx")
    onnx.save(layered("abcde", activation="Gelu"), folder / "after.onnx")
    return folder


@pytest.fixture(scope="module")
def served(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    cache = tmp_path_factory.mktemp("cache")
    running = Server(files / "before.onnx", cache, "--root", str(files))
    yield running
    running.stop()


def test_two_graphs_are_compared_and_shared_by_a_link(
    sheet: Sheet, served: Server, files: Path, tmp_path: Path
) -> None:
    page = sheet.page
    sheet.open(served.url)
    page.locator("#tab").get_by_text("Compare").click()
    pane = page.get_by_role("region", name="Comparison with another graph")
    expect(pane).to_contain_text("Two exports, two versions")
    pane.locator("#compare-upload input[type=file]").set_input_files(files / "after.onnx")
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    expect(pane).to_contain_text("16 the same, 5 added, 4 changed.")
    expect(pane).to_contain_text("layer.4 (Block) is new, with 5 ops.")
    # The address alone brings it back, at once.
    sheet.settle()
    page.reload()
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    with page.expect_download() as saved:
        pane.get_by_text("Save JSON").click()
    saved.value.save_as(tmp_path / "comparison.json")
    assert json.loads((tmp_path / "comparison.json").read_text())["counts"]["added"] == 5
    # From a difference to its ops.
    difference = pane.get_by_role("listitem").filter(has_text="Relu became Gelu")
    difference.get_by_role("button", name="Show in the graph").click()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("4 ops")
    expect(page.locator("#graph-pane")).to_be_visible()
    sheet.wait("cy.nodes('.evidence').length > 0")
    # And to the colours.
    page.locator("#tab").get_by_text("Compare").click()
    pane.get_by_role("button", name="Colour the graph").click()
    legend = page.locator("#legend")
    expect(legend).to_contain_text("same")
    expect(legend).to_contain_text("changed")
    expect(page).to_have_url(re.compile("colour=compared"))


def test_the_table_is_sorted_by_any_column_from_the_keyboard(
    sheet: Sheet, served: Server, files: Path
) -> None:
    page = sheet.page
    sheet.open(served.url)
    page.locator("#tab").get_by_text("Compare").click()
    page.locator("#compare-upload input[type=file]").set_input_files(files / "after.onnx")
    table = page.locator("#compare-content table")
    head = table.get_by_role("columnheader", name="module")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(table.locator("tbody tr").first).to_contain_text("layer.0.act")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(table.locator("tbody tr").first).to_contain_text("layer.4.norm")
    added = table.get_by_role("columnheader", name="added")
    added.get_by_role("button").click()
    expect(added).to_have_attribute("aria-sort", "descending")
    expect(table.locator("tbody tr").first).to_contain_text("layer.4.fc")
    table.get_by_role("button", name="layer.0.act").click()
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("layer.0.act")


def test_the_other_graph_can_be_the_one_before(sheet: Sheet, served: Server) -> None:
    page = sheet.page
    sheet.open(served.url)
    page.locator("#tab").get_by_text("Compare").click()
    files = page.get_by_role("textbox", name="Models in this server's folders to compare with")
    files.click()
    page.get_by_role("option", name="after.onnx").click()
    pane = page.locator("#compare-pane")
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    pane.locator("#compare-role").get_by_text("before it").click()
    expect(pane.get_by_role("heading", name="after.onnx → before.onnx")).to_be_visible()
    expect(pane).to_contain_text("layer.4 (Block) is gone, with 5 ops.")
    sheet.settle()
    page.go_back()
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    expect(pane.get_by_role("radio", name="after this one")).to_be_checked()


def test_what_cannot_be_compared_is_one_clear_notice(
    sheet: Sheet, served: Server, tmp_path: Path
) -> None:
    page = sheet.page
    sheet.open(served.url)
    page.locator("#tab").get_by_text("Compare").click()
    upload = page.locator("#compare-upload input[type=file]")
    bad = tmp_path / "bad.onnx"
    bad.write_text("not a model")
    upload.set_input_files(bad)
    expect(page.get_by_text("bad.onnx is not an ONNX model")).to_be_visible()
    note = tmp_path / "note.txt"
    note.write_text("hello")
    upload.set_input_files(note)
    expect(page.get_by_text("note.txt is not an .onnx file")).to_be_visible()
    other = tmp_path / "other.onnx"
    text = "g (float[2] x) => (float[2] y) { a = Sin (x) b = Cos (a) y = Tanh (b) }"
    header = '<ir_version: 8, opset_import: ["" : 17]> '
    other.write_bytes(onnx.parser.parse_model(header + text).SerializeToString())
    upload.set_input_files(other)
    expect(page.get_by_text("before.onnx and other.onnx are different models")).to_be_visible()
    # Colours without a comparison lead to the tab.
    page.locator("#tab").get_by_text("Graph").click()
    page.get_by_role("textbox", name="Colour by").click()
    page.get_by_role("option", name="by change").click()
    expect(page.locator("#compare-pane")).to_be_visible()
