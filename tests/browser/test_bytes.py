"""What a browser is sent before a person does anything, and what only later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SIZE, Server, Sheet

pytestmark = pytest.mark.browser

MOST = 1_000_000  # bytes on the wire, heads of answers too, before the first interaction
AGAIN = 100_000  # the same for a browser that has been here
LIBRARIES = ("dash_ag_grid", "plotly")


class Sent:
    """Bytes on the wire of each address that a page asks for."""

    def __init__(self, page: Page) -> None:
        self._urls: dict[str, str] = {}
        self.bytes: dict[str, int] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._ended)
        session.send("Network.enable")

    def _asked(self, event: dict[str, object]) -> None:
        request = event["request"]
        assert isinstance(request, dict)
        self._urls[str(event["requestId"])] = str(request["url"])

    def _ended(self, event: dict[str, object]) -> None:
        url = self._urls.get(str(event["requestId"]), "")
        length = event["encodedDataLength"]
        assert isinstance(length, (int, float))
        self.bytes[url] = self.bytes.get(url, 0) + int(length)

    @property
    def total(self) -> int:
        return sum(self.bytes.values())

    def of(self, name: str) -> int:
        return sum(size for url, size in self.bytes.items() if name in url)


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has never been here."""
    context = browser.new_context(viewport=SIZE)
    yield context.new_page()
    context.close()


def opened(page: Page, url: str) -> Sent:
    """What was sent until the page asks for no more."""
    sent = Sent(page)
    sheet = Sheet(page)
    sheet.open(url)
    page.wait_for_load_state("networkidle")
    sheet.settle()
    assert sheet.errors == []
    return sent


def test_a_first_visit_is_sent_a_megabyte_at_most(stranger: Page, server: Server) -> None:
    first = opened(stranger, server.url)
    assert 100_000 < first.total <= MOST, sorted(first.bytes.items(), key=lambda one: -one[1])[:9]
    assert all(first.of(library) == 0 for library in LIBRARIES)
    again = opened(stranger.context.new_page(), server.url)
    assert again.total <= AGAIN
    assert again.of("/assets/") == 0


def test_a_library_that_a_tab_needs_is_more_than_there_is_room_for(
    stranger: Page, server: Server
) -> None:
    """The bound would not hold if it were loaded at the start; and it comes when the tab does."""
    sent = opened(stranger, server.url)
    stranger.evaluate("() => window.hexviz.send('tab', 'ops')")
    expect(stranger.locator("#ops-pane .ag-row").first).to_be_visible()
    assert sent.of("dash_ag_grid") > 300_000
    assert sent.total > MOST
