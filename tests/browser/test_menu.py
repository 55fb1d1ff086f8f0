"""The context menu on the canvas: by mouse, by keys, by finger; on the page and in a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from hexviz.api import load
from hexviz.app.report import to_report
from tests.browser.conftest import SIZE, Server, Sheet

pytestmark = pytest.mark.browser


@pytest.fixture
def closed(sheet: Sheet, server: Server) -> Sheet:
    """The page with every box closed."""
    sheet.open(server.url + "&open=")
    sheet.shows("m:encoder")
    sheet.settle()
    return sheet


def menu_on(sheet: Sheet, element: str) -> Locator:
    sheet.page.mouse.click(*sheet.spot(element), button="right")
    menu = sheet.page.get_by_role("menu")
    expect(menu).to_be_visible()
    return menu


def choose(sheet: Sheet, element: str, label: str) -> None:
    menu_on(sheet, element).get_by_role("menuitem", name=label).click()
    expect(sheet.page.get_by_role("menu")).to_have_count(0)


def test_a_box_is_opened_shown_alone_hidden_and_all_shown_again(closed: Sheet) -> None:
    choose(closed, "m:encoder", "Open")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    choose(closed, "m:pooler", "Hide")
    closed.wait("cy.getElementById('m:pooler').empty()")
    choose(closed, "m:encoder.layer.0", "Only this")
    closed.wait("cy.getElementById('m:embeddings').empty()")
    closed.settle()
    graph = closed.page.locator("#graph").bounding_box()
    assert graph is not None
    spot = graph["x"] + graph["width"] - 6, graph["y"] + graph["height"] - 6
    closed.page.mouse.click(*spot, button="right")
    closed.page.get_by_role("menuitem", name="Show all").click()
    closed.shows("m:pooler")
    closed.shows("m:embeddings")


def test_the_menu_is_worked_by_keys_and_gives_the_keyboard_back(closed: Sheet) -> None:
    page = closed.page
    closed.click("m:encoder")
    closed.wait("cy.nodes('.selected').id() === 'm:encoder'")
    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("menu", name="BertEncoder")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Only this")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    closed.settle()
    assert closed.cy("cy.nodes('.selected').id()") == "m:encoder"  # Escape was the menu's
    page.keyboard.press("ContextMenu")
    page.keyboard.press("Enter")
    closed.shows("m:encoder.layer.0")


def test_names_are_copied(closed: Sheet) -> None:
    closed.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(closed, "m:encoder", "Copy tag")
    expect(closed.page.get_by_text("Copied").first).to_be_visible()
    assert closed.page.evaluate("navigator.clipboard.readText()") == "/BertModel/BertEncoder"


def test_move_opens_the_field_of_the_inspector(closed: Sheet) -> None:
    page = closed.page
    closed.enter("m:pooler")
    closed.wait('cy.nodes(\'[fqn ^= "pooler"][kind = "op"]\').nonempty()')
    closed.settle()
    op = closed.cy('cy.nodes(\'[fqn ^= "pooler"][kind = "op"]\').id()')
    for _ in range(2):  # of what is not selected yet, and of what is
        choose(closed, op, "Move to a module…")
        expect(page.locator("#inspector .move input")).to_be_focused()
        page.locator(".model-title").click()
        page.locator("#inspector summary", has_text="Move to").click()


def test_extract_opens_its_tab_with_the_module(closed: Sheet) -> None:
    choose(closed, "m:encoder", "Extract…")
    closed.page.wait_for_function(
        "() => location.search.includes('tab=extract') && location.search.includes('keep=encoder')"
    )


def test_the_row_of_a_box_takes_the_keyboard(closed: Sheet) -> None:
    choose(closed, "m:pooler", "Reveal in the tree")
    expect(closed.page.locator('#tree [data-key="pooler"]')).to_be_focused()


def test_an_op_is_traced_and_a_line_leads_to_its_end(closed: Sheet) -> None:
    closed.enter("m:pooler")
    closed.wait('cy.nodes(\'[fqn ^= "pooler"][kind = "op"]\').nonempty()')
    closed.settle()
    op = closed.cy('cy.nodes(\'[fqn ^= "pooler"][kind = "op"]\').id()')
    choose(closed, op, "Trace what it needs")
    expect(closed.page.locator("#trace-note")).to_contain_text("needs")


def test_a_finger_that_rests_opens_the_menu_and_selects_nothing(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(viewport=SIZE, has_touch=True)
    sheet = Sheet(context.new_page())
    sheet.open(server.url + "&open=")
    x, y = sheet.spot("m:encoder")
    fingers = context.new_cdp_session(sheet.page)
    down = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    fingers.send("Input.dispatchTouchEvent", down)
    expect(sheet.page.get_by_role("menu", name="BertEncoder")).to_be_visible()
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    sheet.settle()
    expect(sheet.page.get_by_role("menu")).to_be_visible()
    assert sheet.cy("cy.$('.selected').empty()")
    sheet.page.get_by_role("menuitem", name="Open").tap()
    sheet.shows("m:encoder.layer.0")
    assert sheet.errors == []
    context.close()


def test_a_report_offers_what_it_can_do(sheet: Sheet, bert: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_report(load(bert), []), encoding="utf-8")
    sheet.page.goto(path.as_uri())
    sheet.shows("m:encoder.layer.0")
    sheet.settle()
    menu = menu_on(sheet, "m:encoder.layer.0")
    expect(menu.get_by_role("menuitem", name="Hide")).to_have_count(0)
    menu.get_by_role("menuitem", name="Open").click()
    sheet.shows("m:encoder.layer.0.attention")
