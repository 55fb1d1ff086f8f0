"""Modules that nothing names: seen as found, renamed by mouse and by keys, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from hexviz.api import load
from hexviz.app.report import to_report
from tests.app.test_recovered import nameless
from tests.browser.conftest import SIZE, Server, Sheet

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nameless") / "nameless.onnx"
    nameless().save(path)
    return path


@pytest.fixture(scope="module")
def running(unnamed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(unnamed, tmp_path_factory.mktemp("cache"))
    yield server
    server.stop()


def test_a_block_is_renamed_with_all_its_copies(sheet: Sheet, running: Server) -> None:
    page = sheet.page
    sheet.open(running.url + "&open=Block.0~4")
    expect(page.locator("#model-figures")).to_contain_text("blocks found")
    expect(page.locator("#inspector")).to_contain_text("4 blocks were found")
    assert sheet.cy("cy.getElementById('m:Block.0~4').style('border-style')") == "dashed"
    row = page.get_by_role("treeitem", name="Block ×4, 12 ops, recovered")
    row.focus()
    page.keyboard.press("F2")
    field = page.get_by_label("New name of Block")
    expect(field).to_be_focused()
    page.keyboard.type("not a name")
    page.keyboard.press("Enter")
    expect(page.locator("#notice-bar")).to_contain_text("give one word")
    field.fill("Layer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="Layer ×4, 12 ops, recovered")).to_be_visible()
    expect(page.locator("#edits")).to_contain_text("1 block renamed")
    expect(page.locator("#found-sentence")).to_contain_text("Found by repetition: 4 copies")
    sheet.shows("m:Layer.0.Inner")  # what was open is open
    page.wait_for_url("**open=Layer.0~4&module=Layer.0")
    sheet.open(page.url)  # the link holds the name
    sheet.shows("m:Layer.0.Inner")
    page.locator("body").press("z")
    sheet.shows("m:Block.0.Inner")
    expect(page.get_by_role("treeitem", name="Block ×4")).to_be_visible()
    page.locator("#inspector").get_by_role("button", name="/Block.2").click()  # a copy
    sheet.shows("m:Block.2")
    page.wait_for_url("**module=Block.2")


def test_the_menu_of_a_box_leads_to_its_name(sheet: Sheet, running: Server) -> None:
    page = sheet.page
    sheet.open(running.url + "&open=Block.0~4")
    page.mouse.click(*sheet.spot("m:Block.0.Inner"), button="right")
    page.get_by_role("menuitem", name="Rename…").click()
    expect(page.get_by_label("New name of Inner")).to_be_focused()
    page.get_by_label("New name of Inner").fill("Core")
    page.locator("#inspector").get_by_role("button", name="Rename", exact=True).click()
    sheet.shows("m:Block.0.Core")
    sheet.click("m:Block.0.Core")
    page.keyboard.press("F2")  # and so does the key, once it is selected
    expect(page.get_by_label("New name of Core")).to_be_focused()


def test_what_the_file_names_keeps_its_name(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url + "&open=&module=encoder")
    expect(page.locator("#inspector h2")).to_have_text("BertEncoder")
    page.locator("#graph").focus()
    page.keyboard.press("F2")
    expect(page.locator("#notice-bar")).to_contain_text("can be renamed")
    page.mouse.click(*sheet.spot("m:encoder"), button="right")
    expect(page.get_by_role("menuitem", name="Rename…")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(sheet: Sheet, running: Server, theme: str) -> None:
    sheet.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    sheet.open(running.url + "&open=Block.0~4&module=Block.1.Inner")
    expect(sheet.page.locator("#found-sentence")).to_be_visible()
    found = Axe().run(sheet.page)
    assert found.violations_count == 0, found.generate_report()


def test_a_report_shows_them_and_renames_nothing(
    browser: Browser, unnamed: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_report(load(unnamed)), encoding="utf-8")
    page = browser.new_page(viewport=SIZE)
    page.goto(path.as_uri())
    row = page.get_by_role("treeitem", name="Block ×4, 12 ops, recovered")
    row.click()
    expect(page.locator("#found-sentence")).to_contain_text("Found by repetition: 4 copies")
    page.keyboard.press("F2")
    assert page.locator(".rename").count() == 0
    page.close()
