"""What a click asks the server for: one event, and one question for the panels beside the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, expect

from hexviz.bench.synthetic import synthetic
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

CLICK = ["POST /event", "POST /panel"]
LAYER = "encoder.layer.0"
OPEN = f"&open=encoder&open={LAYER}&open={LAYER}.attention&open={LAYER}.attention.self"


@contextmanager
def asked(sheet: Sheet) -> Iterator[list[str]]:
    """The requests of a page, until it asks for no more."""
    found: list[str] = []

    def hear(request: Request) -> None:
        found.append(f"{request.method} {urlsplit(request.url).path}")

    sheet.settle()
    sheet.page.on("request", hear)
    try:
        yield found
        sheet.settle()
    finally:
        sheet.page.remove_listener("request", hear)


def open_tab(name: str) -> Callable[[Sheet], None]:
    return lambda sheet: sheet.page.locator("#tab label", has_text=name).click()


CLICKS: dict[str, Callable[[Sheet], None]] = {
    "an op": lambda sheet: sheet.click(sheet.cy("cy.nodes('[kind = \"op\"]').id()")),
    "a module": lambda sheet: sheet.click("m:encoder.layer.1"),
    "a module opens": lambda sheet: sheet.chevron("m:encoder.layer.1"),
    "a row of the tree": lambda sheet: sheet.page.locator('#tree [data-key="pooler"]').click(),
    "a key of the canvas": lambda sheet: sheet.page.keyboard.press("ArrowDown"),
    "the escape key": lambda sheet: sheet.page.keyboard.press("Escape"),
    "the tab of findings": open_tab("Audit"),
    "the tab that extracts": open_tab("Extract"),
    "the tab of comparisons": open_tab("Compare"),
    "colours": lambda sheet: sheet.page.evaluate("() => window.hexviz.send('colour', 'origin')"),
}


@pytest.mark.parametrize("click", CLICKS)
def test_a_click_is_one_event_and_one_question_for_the_panels(
    sheet: Sheet, server: Server, click: str
) -> None:
    sheet.open(server.url + OPEN + "&module=encoder")
    with asked(sheet) as requests:
        CLICKS[click](sheet)
    assert requests == CLICK


def test_three_clicks_in_a_row_ask_for_the_panels_once(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&open=")
    with asked(sheet) as requests:
        sheet.page.evaluate(
            """() => ['embeddings', 'encoder', 'pooler'].forEach(
                (value) => window.hexviz.send('toggle', value))"""
        )
        sheet.shows("m:pooler.dense")
    assert requests[:3] == ["POST /event"] * 3
    assert requests.count("POST /panel") == 1


def test_another_theme_asks_for_the_picture_alone(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&open=")
    with asked(sheet) as requests:
        sheet.page.locator("#theme-toggle").click()
        expect(sheet.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert requests == ["POST /event"]


def test_the_count_notices_one_request_more(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&open=")
    with asked(sheet) as requests:
        sheet.page.evaluate("""() => {
            window.hexviz.send('module', 'encoder');
            fetch('panel', { method: 'POST', headers: { 'Content-Type': 'application/json' },
                body: '{}' }).then((response) => response.text());
        }""")
    assert sorted(requests) != CLICK
    assert len(requests) == 3
    sheet.errors.clear()  # the empty question is a 400


def test_a_stub_leads_to_the_stack_that_feeds_it(sheet: Sheet, tmp_path: Path) -> None:
    """A stack's element is named after its first member, with their number behind a tilde."""
    path = tmp_path / "stacked.onnx"
    path.write_bytes(synthetic(260, "metadata"))
    server = Server(path, tmp_path)
    try:
        sheet.open(server.url)
        stack = sheet.cy("cy.nodes().filter((node) => node.id().includes('~')).id()")
        stub = sheet.cy("cy.nodes('[kind = \"stub\"]').id()")
        # Which values become stubs is not this test's matter: it takes one that is there.
        sheet.cy("void cy.getElementById(a[0]).data('from', [a[1]])", stub, stack)
        sheet.enter(stub)
        sheet.wait("cy.getElementById(a[0]).hasClass('selected')", stack)
        expect(sheet.page.locator("#inspector .pill").first).to_have_text("module")
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, "That request cannot be understood."),
        (403, "Another site's page asked for this."),
        (413, "That is more than may be sent here."),
        (429, "Too many in a short time."),
        (500, "Something went wrong in hexviz."),
    ],
)
@pytest.mark.parametrize("path", ["event", "panel"])
def test_what_the_server_refuses_is_said_once_in_its_own_line(
    sheet: Sheet, server: Server, path: str, status: int, line: str
) -> None:
    page = sheet.page
    sheet.open(server.url + "&open=")
    sheet.settle()
    page.route(
        f"**/{path}",
        lambda route: route.fulfill(status=status, body=f"{line}\n", content_type="text/plain"),
    )
    sheet.click("m:encoder")
    expect(page.get_by_text(line)).to_be_visible()
    expect(page.get_by_text("That did not work")).to_have_count(1)
    expect(page.get_by_text("The server did not answer")).to_have_count(0)
    page.unroute(f"**/{path}")
    sheet.settle()
    sheet.enter("m:pooler")  # the page goes on
    sheet.shows("m:pooler.dense")
    sheet.errors = [one for one in sheet.errors if str(status) not in one]


def test_a_server_that_is_away_is_said_to_be(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url + "&open=")
    sheet.settle()
    page.route("**/event", lambda route: route.abort())
    sheet.chevron("m:encoder")
    expect(page.get_by_text("The server did not answer")).to_be_visible()
    expect(page.get_by_text("That did not work")).to_have_count(0)
    page.unroute("**/event")
    sheet.enter("m:encoder")
    sheet.shows("m:encoder.layer.0")
    sheet.errors = [one for one in sheet.errors if "ERR_FAILED" not in one]


def test_back_and_forward_ask_like_a_click(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + OPEN)
    sheet.click("o:" + sheet.cy("cy.nodes('[kind = \"op\"]').id()")[2:])
    sheet.page.wait_for_function("() => location.search.includes('op=')")
    with asked(sheet) as requests:
        sheet.page.go_back()
        sheet.wait("cy.$('.selected').empty()")
    assert requests == CLICK
