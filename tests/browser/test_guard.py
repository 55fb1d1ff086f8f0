"""The guard as a browser meets it: the page's policy, the token's form, the server's folders."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from hexviz.app.guard import limits
from tests.browser.conftest import READY, Server, Sheet

pytestmark = pytest.mark.browser

TOKEN = "a-token-for-the-tests"  # noqa: S105


@pytest.fixture(scope="module")
def locked(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a token, and a folder to open models from."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "nets").mkdir()
    shutil.copy(bert, folder / "nets" / "small.onnx")
    (folder / "notes.txt").write_text("no model")
    server = Server(bert, tmp_path_factory.mktemp("cache"), "--token", TOKEN, "--root", str(folder))
    yield server
    server.stop()


def own(server: Server) -> str:
    """The address without model and token."""
    parts = urlsplit(server.url)
    return f"{parts.scheme}://{parts.netloc}/"


# The policy


def test_the_page_works_under_its_policy(server: Server, sheet: Sheet) -> None:
    """What the policy stops is an error of the console, and the sheet ends the test for it."""
    sheet.open(server.url)
    page = sheet.page
    for tab, shown in (
        ("Ops", "#ops-pane .ag-row"),
        ("Audit", "#audit-pane *"),
        ("Extract", "#extract-panel *"),
        ("Graph", "#graph canvas"),
    ):
        page.locator("#tab").get_by_text(tab, exact=True).click()
        page.wait_for_selector(shown, state="attached")
    page.locator("#more").click()
    page.get_by_role("menuitem", name="Performance").click()
    page.wait_for_selector("#timings-pane .js-plotly-plot svg")
    page.keyboard.press("Escape")
    page.locator("#search").fill("type:MatMul")
    page.wait_for_selector("#hits [data-op], #hits button")
    page.locator("#theme-toggle").click()
    sheet.settle()
    assert sheet.errors == []


def test_a_foreign_script_does_not_run(server: Server, sheet: Sheet) -> None:
    sheet.open(server.url)
    page = sheet.page
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.foreign = true';
        document.body.append(script);
        const image = document.createElement('img');
        image.setAttribute('onerror', 'window.foreign = true');
        image.src = '/assets/none.png';
        document.body.append(image);
    }""")
    sheet.settle()
    assert page.evaluate("() => window.foreign") is None
    assert any("Content Security Policy" in one for one in sheet.errors)
    sheet.errors.clear()


# The token


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_asks_for_the_token_and_keeps_the_link(
    locked: Server, sheet: Sheet, scheme: str, tmp_path: Path
) -> None:
    page = sheet.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    model = urlsplit(locked.url).query.partition("&")[0]
    page.goto(f"{own(locked)}?{model}")
    expect(page.get_by_label("Token")).to_be_focused()
    page.screenshot(path=tmp_path / f"{scheme}.png")
    page.get_by_label("Token").fill("not-this-one-at-all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not this server's token")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    page.wait_for_function(READY)
    assert model in page.url
    assert "token" not in page.url
    # No script reads the token's; what the page looks like is another one.
    said = page.evaluate("() => document.cookie.split('; ').map(one => one.split('=')[0])")
    assert said == ["hexviz"]
    sheet.errors = [one for one in sheet.errors if "401" not in one]


def test_the_printed_address_opens_the_page_and_hides_the_token(
    locked: Server, sheet: Sheet
) -> None:
    assert TOKEN in locked.url
    sheet.open(locked.url)
    assert TOKEN not in sheet.page.url
    sheet.page.reload()
    sheet.page.wait_for_function(READY)


@pytest.fixture
def elsewhere(locked: Server) -> Iterator[str]:
    """A page of another site (the same machine under its other name) that links to ours."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = own(locked) + "?" + urlsplit(locked.url).query.partition("&")[0]
            text = f"""<!DOCTYPE html><link rel="icon" href="data:,"><a href="{target}">link</a>
            <form method="post" enctype="text/plain" action="{own(locked)}event">
            <input name="x" value="y"><button>send</button></form>"""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_a_link_on_another_site_works_and_its_forms_do_not(
    locked: Server, sheet: Sheet, elsewhere: str
) -> None:
    sheet.open(locked.url)  # the cookie is there from now on
    page = sheet.page
    page.goto(elsewhere)
    page.get_by_text("link").click()
    page.wait_for_function(READY)
    page.goto(elsewhere)
    page.get_by_text("send").click()
    page.wait_for_url("**/event")
    assert "Another site's page asked for this" in page.inner_text("body")
    sheet.errors = [
        one for one in sheet.errors if not any(code in one for code in ("401", "403", "404"))
    ]
    sheet.hosts = {one for one in sheet.hosts if not one.startswith("localhost:")}


# Opening


def test_a_model_in_the_servers_folder_is_found_and_opened(locked: Server, sheet: Sheet) -> None:
    page = sheet.page
    page.goto(f"{own(locked)}?token={TOKEN}")
    page.get_by_role("button", name="Open…").click()
    field = page.get_by_role("textbox", name="Models in this server's folders", exact=True)
    field.click()
    options = page.get_by_role("option")
    expect(options).to_have_count(1)
    field.fill("small")
    expect(options).to_contain_text("nets/small.onnx")
    options.click()
    page.wait_for_function(READY)
    expect(page.locator("#model-title")).to_contain_text("small")


def test_without_folders_none_are_offered(server: Server, sheet: Sheet) -> None:
    sheet.open(own(server))
    sheet.page.get_by_role("button", name="Open…").click()
    expect(sheet.page.get_by_role("dialog")).to_be_visible()
    expect(sheet.page.locator("#files-box")).to_be_hidden()


def test_what_the_server_refuses_is_said_on_the_page(server: Server, sheet: Sheet) -> None:
    """As the answer to a callback: Dash itself keeps quiet about it."""
    sheet.open(server.url)
    page = sheet.page
    page.evaluate(
        """most => fetch('_dash-update-component', {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: '"' + 'a'.repeat(most) + '"' })""",
        limits.LARGE_BODY,
    )
    expect(page.get_by_text("Something went wrong in hexviz")).to_be_visible()
    page.evaluate("() => fetch('event', { method: 'POST', body: 'x' })")
    page.evaluate(
        """most => fetch('event', {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: '"' + 'a'.repeat(most) + '"' }).catch(() => null)""",
        limits.MAX_MESSAGE,
    )
    sheet.errors.clear()
