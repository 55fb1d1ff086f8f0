"""The documentation's walk still leads through the page, and its site works in a browser."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Server, Sheet
from tests.browser.walk import Walk, play
from tests.docs.site import build

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "walk.webp"


class Unseen(Walk):
    """A walk that takes no pictures."""

    def show(self, milliseconds: int) -> None:
        """Nothing."""


def test_the_walk_ends_with_a_part_that_is_proved_and_figures(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url)
    sheet.settle()
    play(Unseen(sheet.page, sheet))
    assert "tab=measure" in sheet.page.url
    assert "keep=encoder.layer.0" in sheet.page.url
    assert "op=val_82" not in sheet.page.url  # its boxes are closed again


def test_the_picture_of_it_is_half_a_minute_and_small() -> None:
    with Image.open(PICTURE) as picture:
        shown = []
        for at in range(picture.n_frames):
            picture.seek(at)
            picture.load()
            shown.append(picture.info["duration"])
    assert 25_000 < sum(shown) < 40_000
    assert len(shown) > 100
    assert PICTURE.stat().st_size < 3_000_000


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}/"
        served.shutdown()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_finds_what_is_searched_and_asks_nobody_else(
    browser: Browser, site: str, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(site + "how-tags-work.html")
    drawn = page.locator("img.drawn:visible")
    expect(drawn).to_have_count(7)  # one of each pair, in the colours of the page
    assert all(f"-{scheme}.svg" in str(one.get_attribute("src")) for one in drawn.all())
    page.locator("input.md-search__input").click()
    page.keyboard.type("quantising")  # filled in at once, it would be no input of a person
    expect(page.locator(".md-search-result__item").first).to_contain_text("quantising")
    assert wrong == []
    assert all(one.startswith((site, "data:", "blob:")) for one in asked), asked
    page.close()


def test_no_page_is_wider_than_a_phone(browser: Browser, site: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    for name in ("index", "start", "how-tags-work", "commands", "options", "api", "tagging"):
        page.goto(f"{site}{name}.html")
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, name
    page.close()
