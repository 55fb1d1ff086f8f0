"""From a finding to the graph, to a correction, back, and into a file; and the guided tour."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from hexviz.model.op import Provenance
from hexviz.tagging.override import overridden
from hexviz.tagging.overrides_file import load_overrides
from hexviz.tagging.tag import load, retag
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mistaken(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BERT-tiny with the record of one op, a Mul in attention, in a wrong branch."""
    graph = load(bert)
    known = {at: op.provenance for at, op in enumerate(graph.ops)}
    known[graph.positions["val_96"]] = Provenance("encoder.layer.1.output", "declared", "metadata")
    path = tmp_path_factory.mktemp("mistaken") / "mistaken.onnx"
    retag(graph, known).save(path)
    return path


@pytest.fixture(scope="module")
def wrong(mistaken: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(mistaken, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


def test_a_finding_is_shown_mended_undone_and_saved(
    sheet: Sheet, wrong: Server, mistaken: Path, tmp_path: Path
) -> None:
    before = mistaken.read_bytes()
    sheet.open(wrong.url)
    page = sheet.page
    page.locator("#tab").get_by_text("Audit").click()
    worst = page.locator(".finding").first
    expect(worst).to_contain_text("Tagged BertOutput, but ran between two ops of")
    expect(worst).to_contain_text("Mul val_96")
    expect(page.locator("#edits")).to_be_empty()
    worst.get_by_role("button", name="Show in the graph").click()
    expect(page.locator("#inspector h2")).to_have_text("Mul")
    sheet.wait("cy.getElementById('o:val_96').hasClass('selected')")
    page.locator("#tab").get_by_text("Audit").click()
    worst.get_by_role("button", name="Move 1 op").click()
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    expect(page.locator(".finding").first).not_to_contain_text("val_96")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save .onnx").click()
    saved = tmp_path / "saved.onnx"
    waiting.value.save_as(saved)
    assert list(overridden(load(saved))) == ["val_96"]
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save overrides").click()
    waiting.value.save_as(tmp_path / "overrides.json")
    assert list(load_overrides(tmp_path / "overrides.json", load(mistaken))) == ["val_96"]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".finding").first).to_contain_text("val_96")
    page.get_by_role("button", name="Redo").click()
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    assert mistaken.read_bytes() == before


def test_the_view_stays_where_it_is_when_a_tag_changes(sheet: Sheet, wrong: Server) -> None:
    sheet.open(wrong.url + "&op=val_95")
    page = sheet.page
    expect(page.locator("#inspector h2")).to_have_text("Sqrt")
    sheet.cy("void cy.zoom(0.9)")
    page.locator("#inspector summary", has_text="Move to another module").click()
    field = page.locator("#inspector .move input")
    field.focus()
    offered = field.evaluate("field => Array.from(field.list.options, option => option.value)")
    assert len(offered) == len(set(offered))
    assert {"/", "encoder.layer.0.attention.output", "pooler"} <= set(offered)
    field.fill("encoder.layer.0.attention.outptu")
    field.press("Enter")
    expect(page.get_by_text("near ones: encoder.layer.0.attention.output")).to_be_visible()
    field.fill("/BertModel/BertEmbeddings")
    field.press("Enter")
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    expect(page.locator("#module-sentence")).to_contain_text("by hand")
    assert sheet.cy("cy.zoom()") == pytest.approx(0.9)
    page.locator("body").press("z")
    expect(page.locator("#module-sentence")).not_to_contain_text("by hand")
    page.locator("body").press("y")
    expect(page.locator("#module-sentence")).to_contain_text("by hand")
    # The link holds the change.
    sheet.open(page.url)
    expect(page.locator("#module-sentence")).to_contain_text("by hand")
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator("#module-sentence")).not_to_contain_text("by hand")


def test_a_frame_drawn_with_shift_selects_what_is_in_it(sheet: Sheet, wrong: Server) -> None:
    sheet.open(wrong.url + "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.output")
    page = sheet.page
    add = sheet.cy("cy.nodes('[name = \"Add\"]').id()")
    sheet.shows(add)
    sheet.cy("void cy.fit(cy.getElementById(a[0]), 150)", add)
    left, top, right, bottom = sheet.cy(
        """(() => { const b = cy.getElementById(a[0]).renderedBoundingBox();
        const r = cy.container().getBoundingClientRect();
        return [b.x1 + r.left, b.y1 + r.top, b.x2 + r.left, b.y2 + r.top]; })()""",
        add,
    )
    page.keyboard.down("Shift")
    page.mouse.move(left - 12, top - 12)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.move(right + 12, bottom + 12)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("#inspector h2")).to_have_text("Add")
    frame = sheet.cy(
        """(() => { const r = cy.container().getBoundingClientRect();
        return [r.left + 3, r.top + 3, r.right - 3, r.bottom - 3]; })()"""
    )
    sheet.cy("void cy.fit(undefined, 40)")
    page.keyboard.down("Shift")
    page.mouse.move(frame[0], frame[1])
    page.mouse.down()
    page.mouse.move((frame[0] + frame[2]) / 2, (frame[1] + frame[3]) / 2)
    page.mouse.move(frame[2], frame[3])
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("#inspector h2")).to_have_text("256 ops")
    assert sheet.cy("cy.$(':selected').length") == 0


def test_severities_are_left_out_by_a_click(sheet: Sheet, wrong: Server) -> None:
    sheet.open(wrong.url + "&tab=audit")
    page = sheet.page
    notes = page.locator('.finding[data-severity="info"]')
    expect(notes.first).to_be_visible()
    button = page.locator('[data-event="audit-filter"][data-value="info"]')
    button.click()
    expect(notes.first).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")
    # A change brings a new list, in which they stay left out, and the button says so.
    page.locator(".finding").first.get_by_role("button", name="Move 1 op").click()
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    expect(page.locator(".finding").first).not_to_contain_text("val_96")
    expect(notes.first).to_be_hidden()
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(notes.first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of_in_audit_and_tour(
    sheet: Sheet, wrong: Server, theme: str
) -> None:
    page = sheet.page
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    sheet.open(wrong.url + "&tab=audit&op=val_96")
    expect(page.locator(".finding").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.locator("body").press("t")
    expect(page.locator("#tour h2")).to_have_text("What it is")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_tour_leads_through_saved_views(sheet: Sheet, wrong: Server) -> None:
    sheet.open(wrong.url)
    page = sheet.page
    page.locator("body").press("t")
    titles = []
    for _ in range(9):
        titles.append(page.locator("#tour h2").inner_text())
        if page.get_by_role("button", name="Done").count():
            break
        number = len(titles) + 1
        page.locator("#tour").get_by_role("button", name="Next").click()
        expect(page.locator("#tour .quiet")).to_contain_text(f"{number} of ")
    assert titles[0] == "What it is"
    assert titles[-1] == "Go on from here"
    assert len(set(titles)) == len(titles) >= 6
    assert "tour=" in page.url
    page.locator("#tour").get_by_role("button", name="Done").click()
    expect(page.locator("#tour")).to_be_empty()


def test_keys_work_while_a_tab_has_the_focus(sheet: Sheet, wrong: Server) -> None:
    sheet.open(wrong.url)
    sheet.page.locator("#tab").get_by_text("Audit").click()
    sheet.page.keyboard.press("t")
    expect(sheet.page.locator("#tour h2")).to_have_text("What it is")


def test_what_the_audit_says_is_text(sheet: Sheet, tmp_path: Path, bert: Path) -> None:
    """A stranger's names are in messages, suggestions and links."""
    import onnx

    evil = "<img src=x onerror=document.title='taken'>"
    model = onnx.load(bert)
    node = next(one for one in model.graph.node if one.output[0] == "val_96")
    for other in model.graph.node:
        for at, name in enumerate(other.input):
            if name == "val_96":
                other.input[at] = evil
    node.output[0] = evil
    for entry in node.metadata_props:
        if entry.key == "hexviz.module":
            entry.value = "pooler.dense"
    onnx.save(model, tmp_path / "evil.onnx")
    server = Server(tmp_path / "evil.onnx", tmp_path / "cache")
    try:
        sheet.open(server.url + "&tab=audit")
        expect(sheet.page.locator(".finding").first).to_contain_text(evil)
        assert sheet.page.locator(".finding img").count() == 0
        assert sheet.page.title() == "evil.onnx"
    finally:
        server.stop()
    assert json.dumps(sheet.errors) == "[]"
