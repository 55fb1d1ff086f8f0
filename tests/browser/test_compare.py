"""The compare tab, as a person uses it: choose a file, two graphs side by side, in step, share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Sheet
from tests.browser.test_requests import asked
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
    pane = page.get_by_role("complementary", name="Comparison with another graph")
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
    # And the colours stay, where there is one graph.
    pane.get_by_role("button", name="Colour the graph").click()
    legend = page.locator("#legend")
    expect(legend).to_contain_text("same")
    expect(legend).to_contain_text("changed")
    expect(page).to_have_url(re.compile("colour=compared"))
    expect(page.locator("#other-canvas")).to_be_hidden()


class Beside:
    """The second canvas of a page, and a hand on it."""

    INSTANCE = "document.getElementById('other-graph')._cyreg.cy"

    def __init__(self, sheet: Sheet) -> None:
        self.page = sheet.page

    def get(self, script: str, *arguments: Any) -> Any:
        return self.page.evaluate(
            f"a => {{ const cy = {self.INSTANCE}; return {script}; }}", list(arguments)
        )

    def wait(self, script: str, *arguments: Any) -> None:
        self.page.wait_for_function(
            "a => { const cy = document.getElementById('other-graph')?._cyreg?.cy; "
            f"return cy && ({script}); }}",
            arg=list(arguments),
        )

    def at(self, element: str) -> tuple[float, float]:
        """Where a node is in the window, brought to the middle of its canvas."""
        self.wait("cy.getElementById(a[0]).nonempty()", element)
        self.get("void cy.center(cy.getElementById(a[0]))", element)
        x, y = self.get(
            """(() => { const p = cy.getElementById(a[0]).renderedPosition();
            const r = cy.container().getBoundingClientRect();
            return [p.x + r.left, p.y + r.top]; })()""",
            element,
        )
        return x, y

    def place(self, element: str) -> tuple[float, float]:
        """Where a node is on its canvas."""
        x, y = self.get(
            "(({ x, y }) => [x, y])(cy.getElementById(a[0]).renderedPosition())", element
        )
        return x, y


@pytest.fixture(scope="module")
def links() -> dict[str, str]:
    """Server → the link to the page with two graphs side by side, once somebody made it."""
    return {}


@pytest.fixture
def beside(sheet: Sheet, served: Server, links: dict[str, str]) -> Beside:
    """The page with the two graphs side by side, their layers in sight."""
    found = Beside(sheet)
    if served.url in links:
        sheet.open(links[served.url])
    else:
        sheet.open(served.url + "&open=layer&open=layer.0~3")
        page = sheet.page
        page.locator("#tab").get_by_text("Compare").click()
        page.get_by_role("textbox", name="Models in this server's folders to compare with").click()
        page.get_by_role("option", name="after.onnx").click()
        found.wait("cy.nodes().length > 2")
        sheet.settle()
        links[served.url] = page.url
    found.wait("cy.nodes().length > 2")
    sheet.shows("m:layer.1")
    found.wait("cy.getElementById('m:layer.1').nonempty()")
    sheet.settle()
    return found


def place(sheet: Sheet, element: str) -> tuple[float, float]:
    """Where a node is on the page's own canvas."""
    x, y = sheet.cy("(({ x, y }) => [x, y])(cy.getElementById(a[0]).renderedPosition())", element)
    return x, y


def test_both_graphs_stand_side_by_side_in_the_colours_of_the_comparison(
    sheet: Sheet, beside: Beside
) -> None:
    page = sheet.page
    expect(page.locator("#own-head")).to_contain_text("before.onnx")
    expect(page.locator("#other-head")).to_contain_text("after.onnx")
    legend = page.locator("#legend")
    for fate in ("same", "changed", "added"):
        expect(legend).to_contain_text(fate)
    assert beside.get("cy.getElementById('m:layer.4').data('buckets')") == ["added"]
    boxes = [page.locator(name).bounding_box() for name in ("#graph", "#other-graph")]
    assert boxes[0] and boxes[1]  # noqa: PT018
    assert abs(boxes[0]["width"] - boxes[1]["width"]) < 3
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1
    page.locator("#tab").get_by_text("Graph").click()
    expect(page.locator("#other-canvas")).to_be_hidden()
    expect(page.locator("#inspector")).to_be_visible()


def test_boxes_open_in_step_from_both_sides(sheet: Sheet, beside: Beside) -> None:
    mouse = sheet.page.mouse
    x, y = beside.at("m:layer.1")
    mouse.dblclick(x, y)
    beside.wait("cy.getElementById('m:layer.1.act').nonempty()")
    sheet.shows("m:layer.1.act")
    sheet.settle()
    # What is only there opens there.
    x, y = beside.at("m:layer.4")
    mouse.dblclick(x, y)
    beside.wait("cy.getElementById('m:layer.4.act').nonempty()")
    sheet.settle()
    sheet.page.evaluate("() => window.hexviz.send('toggle', 'layer.1')")
    beside.wait("cy.getElementById('m:layer.1.act').empty()")
    assert beside.get("cy.getElementById('m:layer.4.act').nonempty()")
    # And a link brings back what is open.
    sheet.settle()
    sheet.page.reload()
    beside.wait("cy.getElementById('m:layer.4.act').nonempty()")


def test_selecting_goes_in_step_from_both_sides(sheet: Sheet, beside: Beside) -> None:
    page = sheet.page
    selected = page.locator("#compare-selected")
    sheet.click("m:layer.1")
    beside.wait("cy.getElementById('m:layer.1').hasClass('selected')")
    expect(selected).to_contain_text("layer.1")
    x, y = beside.at("m:layer.2")
    page.mouse.click(x, y)
    beside.wait("cy.getElementById('m:layer.2').hasClass('selected')")
    sheet.wait("cy.getElementById('m:layer.2').hasClass('selected')")
    sheet.settle()
    x, y = beside.at("m:layer.4")
    page.mouse.click(x, y)
    beside.wait("cy.getElementById('m:layer.4').hasClass('selected')")
    sheet.wait("cy.$('.selected').empty()")
    expect(selected).to_contain_text("no such module")


def test_an_op_says_its_counterpart(sheet: Sheet, beside: Beside) -> None:
    page = sheet.page
    page.evaluate("() => window.hexviz.send('reveal', 'v7')")
    beside.wait("cy.getElementById('o:v7').hasClass('selected')")
    selected = page.locator("#compare-selected")
    expect(selected).to_contain_text("Relu became Gelu")
    expect(selected.locator("dd")).to_have_count(2)
    selected.get_by_role("button", name="Inspect").click()
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("Relu")


def test_zoom_and_pan_go_in_step_unless_that_is_turned_off(sheet: Sheet, beside: Beside) -> None:
    page = sheet.page
    for canvas, zoomed in (("#graph", beside.get), ("#other-graph", sheet.cy)):
        before = zoomed("cy.zoom()")
        box = page.locator(canvas).bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.wheel(0, -100)
        page.wait_for_function(
            """([id, before]) =>
                Math.abs(document.getElementById(id)._cyreg.cy.zoom() - before) > .01""",
            arg=["other-graph" if canvas == "#graph" else "graph", before],
        )
        sheet.settle()
        assert sheet.cy("cy.zoom()") == pytest.approx(beside.get("cy.zoom()"))
    # What stands for each other stands at one height, the nearer to the middle the more so.
    middle = sheet.cy("cy.height() / 2")
    near = min(
        ("m:layer.0", "m:layer.1", "m:layer.2", "m:layer.3"),
        key=lambda name: abs(place(sheet, name)[1] - middle),
    )
    assert place(sheet, near)[1] == pytest.approx(beside.place(near)[1], abs=30)
    page.get_by_role("button", name="In step").click()
    before = beside.get("cy.zoom()")
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 100)
    sheet.settle()
    assert beside.get("cy.zoom()") == before
    page.get_by_role("button", name="In step").click()
    assert sheet.cy("cy.zoom()") == pytest.approx(beside.get("cy.zoom()"))


def test_next_and_previous_difference_by_keys_and_buttons(sheet: Sheet, beside: Beside) -> None:
    page = sheet.page
    at = page.locator("#difference-at")
    current = page.locator("#compare-content .difference[aria-current]")
    sheet.click("m:layer.1")  # the keyboard is the canvas's
    page.keyboard.press("n")
    expect(current).to_contain_text("layer.4 (Block) is new")
    expect(at).to_have_text("1 of 3")
    beside.wait("cy.getElementById('o:v20').hasClass('evidence')")
    sheet.wait("cy.$('.place').nonempty()")  # where it would be
    x, y = beside.place("o:v20")
    assert 0 < x < beside.get("cy.width()")
    assert 0 < y < beside.get("cy.height()")
    page.get_by_role("button", name="Next difference").click()
    expect(current).to_contain_text("Relu became Gelu")
    sheet.wait("cy.$('.evidence').nonempty()")
    beside.wait("cy.$('.evidence').nonempty()")
    sheet.settle()
    x, y = place(sheet, "o:v2")
    assert 0 < x < sheet.cy("cy.width()")
    assert 0 < y < sheet.cy("cy.height()")
    page.keyboard.press("Shift+N")
    expect(at).to_have_text("1 of 3")
    # A kind that is left out of the list is passed over.
    page.locator(".kinds").get_by_role("button", name="changed").click()
    page.locator("#graph").click(position={"x": 4, "y": 4})
    page.keyboard.press("n")
    expect(at).to_have_text("1 of 1")
    expect(page).to_have_url(re.compile("difference=0"))


def test_a_removed_op_and_its_place(sheet: Sheet, beside: Beside) -> None:
    page = sheet.page
    page.locator("#compare-box summary").click()
    page.locator("#compare-role").get_by_text("before it").click()
    pane = page.locator("#compare-panel")
    expect(pane).to_contain_text("layer.4 (Block) is gone, with 5 ops.")
    expect(page.locator("#other-head")).to_contain_text("before")
    # What came before stands at the left.
    boxes = [page.locator(name).bounding_box() for name in ("#graph", "#other-graph")]
    assert boxes[0] and boxes[1]  # noqa: PT018
    assert boxes[1]["x"] < boxes[0]["x"]
    pane.get_by_role("button", name="layer.4 (Block) is gone").click()
    beside.wait("cy.getElementById('o:v20').hasClass('evidence')")
    assert "removed" in beside.get("cy.getElementById('o:v20').data('buckets')")
    sheet.wait("cy.$('.place').nonempty()")


def test_an_edited_model_is_compared_with_its_original(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#tab").get_by_text("Compare").click()
    original = page.locator("#compare-known").get_by_role("button", name="The original")
    sheet.settle()
    expect(original).to_have_count(0)
    page.evaluate(
        """() => window.hexviz.send('move-ops', { kind: 'op', what: 'val_98',
            to: 'pooler' })"""
    )
    original.click()
    pane = page.locator("#compare-panel")
    expect(pane.locator("#compare-content")).to_contain_text("is in pooler now.")
    beside = Beside(sheet)
    beside.wait("cy.nodes().length > 2")
    pane.locator(".difference").first.click()
    beside.wait("cy.$('.selected').nonempty()")
    sheet.wait("cy.$('.selected').nonempty()")
    assert beside.get("cy.$('node.selected').data('buckets')") == ["moved"]
    page.evaluate("() => window.hexviz.send('undo')")
    sheet.settle()


def test_a_click_is_one_event_and_one_question_for_the_panels(sheet: Sheet, beside: Beside) -> None:
    for click in (
        lambda: sheet.click("m:layer.1"),
        lambda: sheet.page.mouse.click(*beside.at("m:layer.2")),
        lambda: sheet.page.keyboard.press("n"),
    ):
        with asked(sheet) as requests:
            click()
        assert requests == ["POST /event", "POST /panel"]


def test_a_comparison_that_is_gone_is_made_again_and_an_unknown_model_is_one_line(
    sheet: Sheet, served: Server
) -> None:
    page = sheet.page
    sheet.open(served.url + f"&tab=compare&compared=after:{'0' * 64}")
    expect(page.locator("#compare-content")).to_contain_text("open it again")
    expect(page.locator("#other-canvas")).to_be_hidden()
    sheet.click("i:x")  # the page goes on
    sheet.wait("cy.getElementById('i:x').hasClass('selected')")


def test_the_table_is_sorted_by_any_column_from_the_keyboard(
    sheet: Sheet, served: Server, files: Path
) -> None:
    page = sheet.page
    sheet.open(served.url)
    page.locator("#tab").get_by_text("Compare").click()
    page.locator("#compare-upload input[type=file]").set_input_files(files / "after.onnx")
    page.get_by_text("Modules in figures").click()
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
    pane = page.locator("#compare-panel")
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    pane.get_by_text("Compare with", exact=True).click()
    pane.locator("#compare-role").get_by_text("before it").click()
    expect(pane.get_by_role("heading", name="after.onnx → before.onnx")).to_be_visible()
    expect(pane).to_contain_text("layer.4 (Block) is gone, with 5 ops.")
    sheet.settle()
    page.go_back()
    expect(pane.get_by_role("heading", name="before.onnx → after.onnx")).to_be_visible()
    pane.get_by_text("Compare with", exact=True).click()
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
    expect(page.locator("#compare-panel")).to_be_visible()
