"""The measure tab, as a person uses it: drop, click, walk, measure; chart, table, graph in step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from playwright.sync_api import Page, expect

import hexviz
from hexviz.model.reader import digest
from tests.browser.conftest import Server, Sheet
from tests.browser.test_frame import FAULTS, drag
from tests.matching.layered import layered
from tests.measured import parity_of, profile_of, written

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("measured") / "original.onnx"
    onnx.save(layered("abcd"), path)
    return path


@pytest.fixture(scope="module")
def broken(original: Path) -> Path:
    """The same model, with one weight of another size."""
    proto = onnx.load(original)
    weight = next(one for one in proto.graph.initializer if one.name.startswith("layer.2."))
    larger = (numpy_helper.to_array(weight) * np.float32(1.05)).astype(np.float32)
    weight.CopyFrom(numpy_helper.from_array(larger, weight.name))
    path = original.with_name("broken.onnx")
    onnx.save(proto, path)
    return path


@pytest.fixture(scope="module")
def served(broken: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(broken, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


def selected_row(page: Page) -> str:
    """The module whose row the table marks."""
    row = page.locator("#module-figures .ag-row-selected .module-name").first
    expect(row).to_be_attached()
    return row.get_attribute("title") or ""


def marked_sector(page: Page) -> str:
    """The module that the chart marks."""
    return str(
        page.evaluate(
            """() => { const [drawn] = document.getElementById('measure-chart').data;
            const at = drawn.marker.line.width.indexOf(3);
            return at < 0 ? '' : drawn.customdata[at][0]; }"""
        )
    )


def click_sector(page: Page, label: str) -> None:
    box = page.locator("#measure-chart g.slice", has_text=label).first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_chart_table_and_graph_are_in_step(sheet: Sheet, server: Server, bert: Path) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#tab").get_by_text("Measure").click()
    pane = page.get_by_role("region", name="Figures by module")
    expect(pane.get_by_role("button", name="MACs")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#measure-costs")).to_contain_text("4.39 M")
    sheet.settle()
    # The chart selects …
    click_sector(page, "BertLayer.1")
    expect(page.locator("#measure-selected")).to_contain_text("encoder.layer.1")
    sheet.settle()
    assert selected_row(page) == marked_sector(page) == "encoder.layer.1"
    assert page.locator("#tree [aria-selected=true]").get_attribute("data-fqn") == "encoder.layer.1"
    # … as a row does, by the mouse and by the keyboard.
    page.locator("#module-figures .module-name[title='encoder.layer.1.attention']").click()
    expect(page.locator("#measure-selected b")).to_have_text("encoder.layer.1.attention")
    sheet.settle()
    assert marked_sector(page) == "encoder.layer.1.attention"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#measure-selected b")).to_have_text("encoder.layer.1.attention.self")
    # A figure colours all of it, and the legend has its unit.
    pane.get_by_role("button", name="weights").click()
    expect(page.locator("#legend .tick").last).to_have_text(re.compile("MB$"))
    expect(page).to_have_url(re.compile("figure=weight_bytes"))
    # What is selected in the graph is marked in both.
    sheet.settle()
    sheet.click("m:embeddings")
    expect(page.locator("#measure-selected b")).to_have_text("embeddings")
    sheet.settle()
    assert selected_row(page) == marked_sector(page) == "embeddings"
    assert page.evaluate(FAULTS) == []


def test_a_dropped_comparison_is_walked_by_keys(sheet: Sheet, server: Server, bert: Path) -> None:
    page = sheet.page
    sheet.open(server.url)
    graph, of = hexviz.load(bert), digest(bert.read_bytes())
    faults = ("encoder.layer.0.attention.output.dense", "pooler.dense")
    drag(page, "drop", "#inspector", ("p.json", written(parity_of(graph, faults, of))))
    panel = page.get_by_role("complementary", name="What was measured")
    expect(panel).to_contain_text("First divergence: encoder.layer.0.attention.output.dense")
    expect(panel.locator("#measure-selected")).to_contain_text("3·10⁻²")
    sheet.settle()
    first = sheet.cy("cy.getElementById('m:encoder.layer.0.attention.output.dense').nonempty()")
    assert first
    page.locator("#graph").focus()
    page.keyboard.press("n")
    expect(panel).to_contain_text("2 of 2")
    expect(panel.locator("#measure-selected b")).to_have_text("pooler.dense")
    panel.get_by_role("button", name="Previous divergence").click()
    expect(panel).to_contain_text("1 of 2")
    # Times come beside it, and a link has both.
    drag(page, "drop", ".canvas", ("t.json", written(profile_of(graph, of))))
    expect(panel).to_contain_text("in 10 runs (median) on CPU")
    expect(page.locator("#legend .tick").last).to_have_text(re.compile("(µs|ms)$"))
    sheet.settle()
    page.reload()
    expect(panel).to_contain_text("First divergence: encoder.layer.0.attention.output.dense")
    expect(panel).to_contain_text("in 10 runs (median) on CPU")
    panel.get_by_role("button", name="Show no times").click()
    expect(panel).to_contain_text("Which module takes how long?")


def test_the_numbers_of_a_broken_model_are_compared_with_the_originals(
    sheet: Sheet, served: Server, original: Path
) -> None:
    page = sheet.page
    sheet.open(served.url + "&tab=measure")
    panel = page.get_by_role("complementary", name="What was measured")
    panel.get_by_text("Compare numbers with…").click()
    expect(panel.locator(".command")).to_contain_text("hexviz parity broken.onnx mypackage:build")
    panel.locator("#parity-upload input[type=file]").set_input_files(original)
    expect(panel).to_contain_text(re.compile("layer.2"))
    expect(panel.locator("#measure-selected b")).to_have_text(re.compile(r"^layer\.2"))


def test_time_is_measured_here_and_saved(sheet: Sheet, served: Server, tmp_path: Path) -> None:
    page = sheet.page
    sheet.open(served.url + "&tab=measure")
    panel = page.get_by_role("complementary", name="What was measured")
    panel.get_by_label("runs").fill("0")
    panel.get_by_role("button", name="Measure time").click()
    expect(panel.get_by_role("alert").first).to_contain_text("Give a number of runs from 1")
    panel.get_by_label("runs").fill("2")
    panel.get_by_role("button", name="Measure time").click()
    expect(panel).to_contain_text("in 2 runs (median)")
    expect(page.get_by_role("button", name="time", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    with page.expect_download() as saved:
        panel.get_by_role("link", name="JSON").click()
    saved.value.save_as(tmp_path / "figures.json")
    told = json.loads((tmp_path / "figures.json").read_text())
    assert told["modules"][0]["total"]["time_us"] > 0
    drag(page, "drop", ".canvas", ("other.json", b'{"kind": "hexviz profile"}'))
    expect(page.locator(".notice")).to_contain_text("That is no document of hexviz profile")
