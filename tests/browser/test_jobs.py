"""Jobs as a person sees them: progress, cancel, and what becomes of one that is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.app.jobs.orders import ENDLESS, children, order
from tests.browser.conftest import Server, Sheet
from tests.waiting import until


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("endless")
    server = Server(Path(order(folder, ENDLESS)["source"]["path"]), folder / "cache")
    yield server
    server.stop()


def test_a_job_shows_how_far_it_is_and_can_be_stopped(sheet: Sheet, endless: Server) -> None:
    page = sheet.page
    sheet.open(endless.url + "&tab=extract&keep=net")
    panel = page.locator("#extract-panel")
    verify = panel.get_by_role("button", name="Verify")
    job = panel.locator("#part-job")
    expect(job).to_be_hidden()
    verify.click()
    expect(job).to_contain_text("Running the whole model and the part")
    expect(verify).to_have_attribute("aria-busy", "true")
    # Meanwhile the page answers.
    page.get_by_role("treeitem").first.click()
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_be_hidden()
    expect(verify).not_to_have_attribute("aria-busy", "true")
    until(lambda: not children(endless.process.pid))
    expect(panel.locator(".verdict")).to_have_count(0)

    verify.click()
    until(lambda: children(endless.process.pid))
    (process,) = children(endless.process.pid)
    process.kill()
    expect(panel.locator(".verdict.wrong")).to_contain_text("was killed (SIGKILL)")
    expect(job).to_be_hidden()


def test_a_server_that_is_stopped_leaves_no_job(sheet: Sheet, tmp_path: Path) -> None:
    server = Server(Path(order(tmp_path, ENDLESS)["source"]["path"]), tmp_path / "cache")
    sheet.open(server.url + "&tab=extract&keep=net")
    panel = sheet.page.locator("#extract-panel")
    panel.get_by_role("button", name="Verify").click()
    expect(panel.locator("#part-job")).to_contain_text("Running the whole")
    (process,) = children(server.process.pid)
    sheet.page.goto("about:blank")
    server.stop()
    until(lambda: not process.is_running())
    assert not list((tmp_path / "cache" / "hexviz" / "jobs").glob("job-*"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers one after the other, of which none stays."""
    source = Path(order(tmp_path, ENDLESS)["source"]["path"])
    with ExitStack() as stack:

        def started(*options: str) -> Server:
            server = Server(source, tmp_path / "cache", *options)
            stack.callback(lambda: server.process.poll() is None and server.kill())
            return server

        yield started


def forgive_that_it_was_away(sheet: Sheet) -> None:
    """Forget what the browser itself says of a server that is away."""
    away = ("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "the server did not respond")
    sheet.errors[:] = [one for one in sheet.errors if not any(told in one for told in away)]


def test_a_server_that_was_killed_says_so_when_it_is_back(
    sheet: Sheet, start: Callable[..., Server]
) -> None:
    first = start()
    port = str(urlsplit(first.url).port)
    sheet.open(first.url + "&tab=extract&keep=net")
    panel = sheet.page.locator("#extract-panel")
    verify = panel.get_by_role("button", name="Verify")
    job = panel.locator("#part-job")
    verify.click()
    expect(job).to_contain_text("Running the whole")
    first.kill()
    # Away, a click on Cancel frees the page all the same.
    panel.get_by_role("button", name="Cancel").click()
    expect(job).to_be_hidden()
    expect(verify).not_to_have_attribute("aria-busy", "true")
    second = start("--port", port)
    verify.click()
    until(lambda: children(second.process.pid))
    expect(job).to_contain_text("Running the whole")
    second.kill()
    third = start("--port", port)
    expect(sheet.page.get_by_text("was started anew").last).to_be_visible()
    expect(verify).not_to_have_attribute("aria-busy", "true")
    third.stop()
    forgive_that_it_was_away(sheet)


def test_a_job_that_no_server_begins_leaves_the_page_free(
    sheet: Sheet, start: Callable[..., Server]
) -> None:
    server = start()
    sheet.open(server.url + "&tab=extract&keep=net")
    server.kill()
    verify = sheet.page.locator("#extract-panel").get_by_role("button", name="Verify")
    verify.click()
    expect(sheet.page.get_by_text("The server did not answer").last).to_be_visible()
    expect(sheet.page.locator("#part-job")).to_be_hidden()
    expect(verify).not_to_have_attribute("aria-busy", "true")
    forgive_that_it_was_away(sheet)
