"""Jobs as a person sees them: progress, cancel, and what becomes of one that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.jobs.orders import ENDLESS, children, order, until
from tests.browser.conftest import JOB, Server, Sheet


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("endless")
    server = Server(Path(order(folder, ENDLESS)["source"]["path"]), folder / "cache")
    yield server
    server.stop()


def test_a_job_shows_how_far_it_is_and_can_be_stopped(sheet: Sheet, endless: Server) -> None:
    page = sheet.page
    sheet.open(endless.url + "&tab=filter&keep=net")
    panel = page.locator("#filter-panel")
    verify = panel.get_by_role("button", name="Verify")
    job = panel.locator("#part-job")
    expect(job).to_be_hidden()
    verify.click()
    expect(job).to_contain_text("Running the whole model and the part", timeout=JOB)
    expect(verify).to_have_attribute("aria-busy", "true")
    # Meanwhile the page answers.
    page.get_by_role("treeitem").first.click()
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_be_hidden()
    expect(verify).not_to_have_attribute("aria-busy", "true")
    until(lambda: not children(endless.process.pid))
    expect(panel.locator(".verdict")).to_have_count(0)

    verify.click()
    expect(job).to_contain_text("Running the whole model and the part", timeout=JOB)
    (process,) = children(endless.process.pid)
    process.kill()
    expect(panel.locator(".verdict.wrong")).to_contain_text("was killed (SIGKILL)", timeout=JOB)
    expect(job).to_be_hidden()


def test_a_server_that_is_stopped_leaves_no_job(sheet: Sheet, tmp_path: Path) -> None:
    server = Server(Path(order(tmp_path, ENDLESS)["source"]["path"]), tmp_path / "cache")
    sheet.open(server.url + "&tab=filter&keep=net")
    panel = sheet.page.locator("#filter-panel")
    panel.get_by_role("button", name="Verify").click()
    expect(panel.locator("#part-job")).to_contain_text("Running the whole", timeout=JOB)
    (process,) = children(server.process.pid)
    sheet.page.goto("about:blank")
    server.stop()
    until(lambda: not process.is_running())
    assert not list((tmp_path / "cache" / "hexviz" / "jobs").glob("job-*"))
