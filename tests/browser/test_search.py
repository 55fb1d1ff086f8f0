"""A search in a browser: its marks in graph, tree and minimap, and how they go."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

LAYERS = "&open=encoder&open=encoder.layer.0"
MATMULS = {
    "m:encoder.layer.0.attention": 6,
    "m:encoder.layer.0.intermediate": 1,
    "m:encoder.layer.0.output": 1,
    "m:encoder.layer.1": 8,
}


def marked(sheet: Sheet) -> list[str]:
    return sorted(sheet.cy("cy.nodes('.match').map(node => node.id())"))


def test_hits_are_marked_in_graph_tree_and_minimap_until_escape(
    sheet: Sheet, server: Server
) -> None:
    sheet.open(server.url + LAYERS)
    page = sheet.page
    page.keyboard.press("/")
    page.keyboard.type("matmul")
    sheet.wait("cy.nodes('.match').length === 4")
    assert marked(sheet) == sorted(MATMULS)
    numbers = page.locator("#match-counts .match-count")
    assert sorted(numbers.all_inner_texts()) == ["1", "1", "6", "8"]
    row = page.locator('#tree [data-key="encoder.layer.1"] .row-matches')
    expect(row).to_have_text("8")
    expect(page.locator('#tree [data-key="encoder"] .row-matches')).to_have_count(0)
    # A box that is opened hands its number on to what is in it.
    page.locator('#tree [data-key="encoder.layer.1"] .chevron').click()
    sheet.wait("cy.getElementById('m:encoder.layer.1.attention').hasClass('match')")
    expect(row).to_have_count(0)
    # The minimap has a dot for each, once it is there.
    sheet.cy("void (cy.zoom(3), cy.center(cy.getElementById('m:encoder.layer.0.attention')))")
    expect(page.locator("#minimap")).to_be_visible()
    with_dots = page.evaluate("document.getElementById('minimap').toDataURL()")
    page.locator("#search").focus()
    page.keyboard.press("Escape")
    sheet.wait("cy.nodes('.match').empty()")
    expect(numbers).to_have_count(0)
    expect(page.locator("#tree .row-matches")).to_have_count(0)
    expect(page.locator("#search")).to_have_value("")
    expect(page.locator("#hits")).to_be_empty()
    assert page.evaluate("document.getElementById('minimap').toDataURL()") != with_dots


def test_marks_stay_while_one_goes_from_hit_to_hit_and_go_with_the_text(
    sheet: Sheet, server: Server
) -> None:
    sheet.open(server.url + LAYERS)
    page = sheet.page
    page.locator("#search").fill("type:Softmax")
    sheet.wait("cy.nodes('.match').length === 2")
    page.get_by_role("button", name="Next op found").click()
    expect(page.locator("#inspector h2")).to_contain_text("Softmax")
    sheet.wait("cy.nodes('.match.selected').length === 1")
    page.get_by_role("button", name="Next op found").click()
    sheet.wait("cy.nodes('.match[kind = \"op\"]').length === 2")
    page.locator("#search").fill("")
    sheet.wait("cy.nodes('.match').empty()")
    expect(page.locator("#hits")).to_be_empty()


def test_escape_on_the_graph_ends_the_search_before_it_closes_anything(
    sheet: Sheet, server: Server
) -> None:
    sheet.open(server.url + LAYERS)
    page = sheet.page
    page.locator("#search").fill("softmax")
    sheet.wait("cy.nodes('.match').nonempty()")
    sheet.click("m:encoder.layer.0.attention")
    expect(page.locator("#inspector h2")).to_have_text("BertAttention")
    page.keyboard.press("Escape")
    sheet.wait("cy.nodes('.match').empty()")
    sheet.shows("m:encoder.layer.0.attention")
    page.keyboard.press("Escape")
    sheet.wait("cy.getElementById('m:encoder.layer.0.attention').empty()")


def test_paths_lose_their_middle_and_never_their_end(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url)
    page = sheet.page
    page.locator("#search").fill("type:Softmax")
    path = page.locator("#hits .hit .quiet .cut").first
    expect(path).to_be_visible()
    start, end = path.locator("span").all()
    box, inner = path.bounding_box(), end.bounding_box()
    assert box
    assert inner
    assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
    assert end.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    assert start.evaluate("one => one.scrollWidth > one.clientWidth")  # it is what gives way
    title = page.locator("#hits .hit").first.get_attribute("title") or ""
    assert path.text_content() == title.partition("\n")[2]
    page.locator("#tab").get_by_text("Ops").click()
    cell = page.locator('#ops [col-id="tag"] .cut').first
    expect(cell).to_be_visible()
    assert cell.locator("span").last.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
