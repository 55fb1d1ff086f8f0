"""The Extract tab in a browser: ticks, preview, policy, holes, verification, download, link."""

import json
from pathlib import Path

import onnx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from hexviz.tagging.tag import load
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

LAYERS = "&open=encoder&open=encoder.layer.0"


def fate(sheet: Sheet, element: str, expected: str) -> None:
    sheet.wait("cy.getElementById(a[0]).data('fate') === a[1]", element, expected)


def pick(page: Page, fqn: str) -> Locator:
    """A row of the tab's own tree, unfolded as far as it needs to be."""
    row = page.locator(f'#extract-tree [data-value="{fqn}"][role=treeitem]')
    for around in ("encoder", "encoder.layer", "encoder.layer.0"):
        outer = page.locator(f'#extract-tree [data-value="{around}"][role=treeitem]')
        if row.count() == 0 and outer.get_attribute("aria-expanded") == "false":
            outer.locator(".chevron").click()
            expect(outer).to_have_attribute("aria-expanded", "true")
    return row


def test_a_tick_shows_what_stays_and_what_is_cut(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + LAYERS)
    page = sheet.page
    page.locator("#tab").get_by_text("Extract").click()
    panel = page.locator("#extract-panel")
    expect(panel).to_contain_text("Nothing is selected yet")
    expect(page.locator("#inspector")).to_be_hidden()
    expect(page.locator("#graph")).to_be_visible()
    row = pick(page, "encoder.layer.0.attention")
    row.click()
    fate(sheet, "m:encoder.layer.0.attention", "selected")
    fate(sheet, "m:embeddings", "partly carried")
    fate(sheet, "m:pooler", "cut")
    expect(row).to_have_attribute("aria-checked", "true")
    expect(pick(page, "encoder")).to_have_attribute("aria-checked", "mixed")
    expect(panel).to_contain_text("76 selected, 8 carried along")
    expect(panel.locator("h3", has_text="In: 2 values")).to_be_visible()
    assert sheet.cy(
        "cy.getElementById('e:m:encoder.layer.0.attention->m:encoder.layer.0.output')"
        ".data('crosses')"
    )
    page.locator("#tab").get_by_text("Graph").click()
    fate(sheet, "m:encoder.layer.0.attention", "")
    expect(page.locator("#inspector")).to_be_visible()


def test_it_is_cut_by_the_keyboard_and_by_names(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + LAYERS + "&tab=extract&keep=encoder.layer.0.attention")
    page = sheet.page
    panel = page.locator("#extract-panel")
    fate(sheet, "m:encoder.layer.0.attention", "selected")
    row = pick(page, "encoder.layer.0.attention")
    row.focus()
    row.press("ArrowDown")
    expect(pick(page, "encoder.layer.0.intermediate")).to_be_focused()
    page.keyboard.press("Space")
    fate(sheet, "m:encoder.layer.0.intermediate", "selected")
    expect(pick(page, "encoder.layer.0.intermediate")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(pick(page, "encoder.layer.0")).to_have_attribute("aria-expanded", "false")
    page.get_by_role("radio", name="With its constants and shape ops").focus()
    page.keyboard.press("ArrowDown")
    expect(panel).to_contain_text("Carried along: 83 ops")
    expect(page.get_by_role("radio", name="include_all")).to_be_focused()
    field = panel.locator("#keep-field")
    field.fill("encoder.layer.7")
    field.press("Enter")
    expect(page.get_by_text("No module is called 'encoder.layer.7'")).to_be_visible()
    expect(field).to_have_value("encoder.layer.7")
    field.fill("-encoder.layer.*.intermediate")
    field.press("Enter")
    fate(sheet, "m:encoder.layer.0.intermediate", "cut")
    expect(field).to_have_value("")


def test_the_tree_beside_the_graph_means_what_is_shown_here_too(
    sheet: Sheet, server: Server
) -> None:
    sheet.open(server.url + LAYERS + "&tab=extract&keep=encoder.layer.0.attention")
    page = sheet.page
    shown = page.locator('#tree [data-key="encoder.layer.1"]')
    expect(shown).to_have_attribute("aria-checked", "true")
    page.locator('#tree [data-key="pooler"] .mark-box').click()
    sheet.wait("cy.getElementById('m:pooler').empty()")
    expect(page.locator("#filter-note")).to_contain_text("Showing 253 of 256 ops")
    expect(pick(page, "pooler")).to_have_attribute("aria-checked", "false")
    fate(sheet, "m:encoder.layer.0.attention", "selected")
    page.get_by_role("button", name="Show all").click()
    fate(sheet, "m:pooler", "cut")
    expect(page.locator("#filter-note")).to_contain_text("all shown")


def test_a_part_is_opened_as_a_model_with_the_same_tags(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&tab=extract&keep=encoder.layer.1&except=encoder.layer.1.output")
    page = sheet.page
    page.locator("#extract-panel").get_by_role("button", name="Open this part").click()
    expect(page.locator("#model-title")).to_have_text("bert-tiny-part.onnx")
    sheet.shows("m:encoder.layer.1")
    assert sheet.cy("cy.getElementById('m:embeddings').empty()")
    expect(page.locator("#model-figures")).to_contain_text("100%")
    page.go_back()
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")
    fate(sheet, "m:encoder.layer.1", "partial")


def test_a_hole_is_filled_by_a_click_and_the_link_holds_it(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + LAYERS + "&tab=extract&keep=encoder.layer.0.attention")
    page, panel = sheet.page, sheet.page.locator("#extract-panel")
    field = panel.locator("#keep-field")
    field.fill("encoder.layer.1.attention")
    field.press("Enter")
    fate(sheet, "m:encoder.layer.0.output", "hole")
    expect(panel.locator(".hole")).to_contain_text("goes through 8 ops")
    expect(panel.locator(".hint").first).to_contain_text("Fill the hole")
    panel.locator(".hole").get_by_role("button", name="Fill the hole").click()
    fate(sheet, "m:encoder.layer.0.output", "selected")
    expect(panel).to_contain_text("Holes are filled with")
    expect(panel.locator(".hole")).to_have_count(0)
    page.wait_for_function("() => location.search.includes('fill=1')")
    sheet.open(page.url)
    fate(sheet, "m:encoder.layer.0.output", "selected")
    expect(panel).to_contain_text("Holes are filled with")
    page.go_back()
    fate(sheet, "m:encoder.layer.0.output", "hole")


def test_it_is_verified_and_downloaded(
    sheet: Sheet, server: Server, bert: Path, tmp_path: Path
) -> None:
    page = sheet.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sheet.open(server.url + "&tab=extract&keep=encoder.layer.1&except=encoder.layer.1.output")
    panel = page.locator("#extract-panel")
    panel.get_by_role("button", name="Verify").click()
    verdict = panel.locator(".verdict.right")
    expect(verdict).to_contain_text("Verified")
    expect(verdict).to_contain_text("onnxruntime")
    expect(verdict.locator("li").first).to_contain_text("equal, ")
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="Save .onnx").click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.name == "bert-tiny-part.onnx"
    tags = {op.id: op.tag for op in load(bert).ops}
    part = load(saved)
    assert len(part.ops) > 70
    assert {op.id: op.tag for op in part.ops}.items() <= tags.items()
    entries = {one.key: one.value for one in onnx.load(saved).metadata_props}
    report = json.loads(next(entries[key] for key in entries if key.startswith("hexviz.part.")))
    assert report["selection"]["exclude"] == ["encoder.layer.1.output"]
    panel.get_by_role("button", name="Copy command").click()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("hexviz extract bert-tiny.onnx --module encoder.layer.1 --exclude")
    # Another selection has not been verified.
    panel.get_by_role("button", name="Take back: without").click()
    expect(panel.locator(".verdict")).to_have_count(0)
    expect(panel.locator("#keep-field")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(browser: Browser, server: Server, scheme: str) -> None:
    page = browser.new_page(
        viewport={"width": 1280, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    sheet = Sheet(page)
    sheet.open(
        server.url + LAYERS + "&tab=extract&keep=encoder.layer.0.attention"
        "&keep=encoder.layer.1.attention&module=encoder.layer.0"
    )
    panel = page.locator("#extract-panel")
    expect(panel.locator(".hint").first).to_be_visible()
    panel.get_by_role("button", name="Verify").click()
    expect(panel.locator(".verdict")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
