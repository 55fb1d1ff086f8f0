"""Calls on the page: an attention block is a handful of things, and a call opens like any box."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

SELF = "encoder.layer.0.attention.self"
CALL = f"{SELF}!scaled_dot_product_attention"
AROUND = "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention"
MOST = 15
INSIDE = f'cy.nodes(\'[parent_key = "{SELF}"][kind != "constant"][kind != "stub"]\')'


@pytest.fixture
def attention(sheet: Sheet, server: Server) -> Sheet:
    sheet.open(f"{server.url}{AROUND}&open={SELF}")
    sheet.shows(f"m:{CALL}")
    sheet.settle()
    return sheet


def test_an_open_attention_block_is_a_handful_of_things(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + AROUND)
    sheet.enter(f"m:{SELF}")
    sheet.shows(f"m:{CALL}")
    assert sheet.cy(f"{INSIDE}.length") <= MOST
    assert sheet.cy(f"{INSIDE}.filter('[kind = \"call\"][open = 0]').length") == 6
    label = sheet.cy("cy.getElementById(a[0]).data('label')", f"m:{CALL}")
    assert re.fullmatch(r"scaled_dot_product_attention · \d+ ops", label)


def test_a_call_opens_by_a_double_click_and_closes_by_enter(attention: Sheet) -> None:
    attention.enter(f"m:{CALL}")
    attention.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    expect(attention.page.locator("#inspector h2")).to_have_text("scaled_dot_product_attention")
    attention.wait("cy.nodes('.selected').id() === a[0]", f"m:{CALL}")
    attention.page.keyboard.press("Enter")
    attention.wait("cy.nodes('[name = \"Softmax\"]').empty()")


def test_a_click_on_a_call_tells_its_function_and_an_op_leads_to_its_call(
    attention: Sheet,
) -> None:
    page = attention.page
    attention.click(f"m:{CALL}")
    expect(page.locator("#inspector")).to_contain_text("aten.scaled_dot_product_attention.default")
    expect(page.locator("#inspector")).to_contain_text("modeling_bert.py")
    expect(page.locator("#inspector .pill").first).to_have_text("call")
    page.locator("#inspector .link", has_text="Softmax").click()
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    attention.wait("cy.nodes('.selected').data('name') === 'Softmax'")
    page.locator("#inspector .link", has_text="scaled_dot_product_attention").first.click()
    attention.wait("cy.nodes('.selected').id() === a[0]", f"m:{CALL}")


def test_a_link_brings_a_call_back(attention: Sheet) -> None:
    attention.click(f"m:{CALL}")
    attention.page.wait_for_function("() => location.search.includes('&call=')")
    attention.open(attention.page.url)
    attention.wait("cy.nodes('.selected').id() === a[0]", f"m:{CALL}")
    expect(attention.page.locator("#inspector h2")).to_have_text("scaled_dot_product_attention")


def test_the_tree_has_calls_without_ticks(attention: Sheet) -> None:
    row = attention.page.locator(f'#tree [data-key="{CALL}"]')
    expect(row).to_have_attribute("aria-label", re.compile("scaled_dot_product_attention, .* ops"))
    assert row.locator("[data-event=check]").count() == 0
    row.locator(".name").click()
    attention.wait("cy.nodes('.selected').id() === a[0]", f"m:{CALL}")
    expect(row).to_have_attribute("aria-selected", "true")
    row.focus()
    attention.page.keyboard.press("ArrowRight")
    attention.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    expect(row).to_have_attribute("aria-expanded", "true")
