"""What hands do on the canvas: real clicks, wheels, drags, touches and keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

OPEN = "cy.getElementById('m:encoder').data('open')"


@pytest.fixture
def closed(sheet: Sheet, server: Server) -> Sheet:
    """The page with every box closed."""
    sheet.open(server.url + "&open=")
    sheet.shows("m:encoder")
    sheet.settle()
    return sheet


def test_a_click_selects_and_opens_nothing(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.wait("cy.nodes('.selected').id() === 'm:encoder'")
    expect(closed.page.locator("#inspector h2")).to_have_text("BertEncoder")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_a_double_click_opens_a_box_once_and_another_closes_it(closed: Sheet) -> None:
    sent: list[str] = []

    def hear(request: Request) -> None:
        if request.url.endswith("/event"):
            sent.append(request.post_data_json["event"]["type"])

    closed.page.on("request", hear)
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    assert closed.cy(OPEN) == 1
    closed.page.remove_listener("request", hear)
    assert sent == ["module", "toggle"]
    closed.page.mouse.dblclick(*closed.place("m:encoder", 0.5, 0.02))  # its title
    closed.wait(f"{OPEN} === 0")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_two_slow_clicks_are_no_double_click(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.page.wait_for_timeout(650)
    closed.click("m:encoder")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_one_click_on_the_chevron_opens_and_closes(closed: Sheet) -> None:
    closed.chevron("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    closed.chevron("m:encoder")
    closed.wait(f"{OPEN} === 0")


def test_enter_opens_what_was_clicked(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.wait("cy.nodes('.selected').id() === 'm:encoder'")
    closed.page.keyboard.press("Enter")
    closed.shows("m:encoder.layer.0")
