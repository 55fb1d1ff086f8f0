"""Several people, several tabs, several models at once: each sees their own, and keeps it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hexviz.bench.synthetic import synthetic
from tests.browser.conftest import NO_MODEL, READY, SIZE, Server, Sheet

pytestmark = pytest.mark.browser

MODEL = "new URLSearchParams(location.search).get('model')"
LAYER, OTHER = "encoder.layer.0", "encoder.layer.1"
SELF = f"{LAYER}.attention.self"
OPEN = "".join(
    f"&open={key}" for key in ("encoder", LAYER, f"{LAYER}.attention", SELF, f"{SELF}!v26")
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for name, ops in (("one", 120), ("two", 260)):
        found[name] = folder / f"{name}.onnx"
        found[name].write_bytes(synthetic(ops, "metadata"))
    return found


@pytest.fixture(scope="module")
def shared(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(files["one"], tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


@pytest.fixture
def people(browser: Browser) -> Iterator[Callable[[], Callable[[], Sheet]]]:
    """Makes people, each with a browser of their own that opens tab after tab."""
    contexts, sheets = [], []

    def person() -> Callable[[], Sheet]:
        contexts.append(browser.new_context(viewport=SIZE))

        def tab(context: Any = contexts[-1]) -> Sheet:
            sheets.append(Sheet(context.new_page()))
            return sheets[-1]

        return tab

    yield person
    errors = [error for sheet in sheets for error in sheet.errors]
    for context in contexts:
        context.close()
    assert errors == []


def shown(sheet: Sheet) -> dict[str, Any]:
    """What is on a page: its model, boxes, colours, what is kept, what was changed, theme."""
    page = sheet.page
    return {
        "title": page.locator("#model-title").inner_text(),
        "nodes": sheet.cy("cy.nodes().map(n => [n.id(), n.data('fill'), n.data('fate')]).sort()"),
        "chosen": sheet.cy("cy.$('.selected').map(n => n.id()).sort()"),
        "edits": page.locator("#edits").inner_text(),
        "dark": page.locator("html").get_attribute("data-mantine-color-scheme"),
        "query": page.evaluate("location.search"),
    }


def settled(sheet: Sheet, what: str) -> dict[str, Any]:
    """What is on a page once its address tells of it; the address comes after the graph."""
    sheet.page.wait_for_function("what => location.search.includes(what)", arg=what)
    return shown(sheet)


def upload(sheet: Sheet, url: str, path: Path) -> None:
    """Open a file from the dialog that a page without a model begins with."""
    sheet.page.goto(url.partition("?")[0] + NO_MODEL)
    sheet.page.locator("#upload input[type=file]").set_input_files(path)
    expect(sheet.page.locator("#model-title")).to_have_text(path.name)


def move_op(page: Page, op: str, to: str) -> None:
    """Move an op, and wait for the address to name the corrected model: it comes last."""
    before = page.evaluate(MODEL)
    move = "([what, to]) => window.hexviz.send('move-ops', { kind: 'op', what, to })"
    page.evaluate(move, [op, to])
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    page.wait_for_function(f"before => {MODEL} !== before", arg=before)


def test_two_people_and_two_tabs_do_not_see_each_others_doings(
    people: Callable[[], Callable[[], Sheet]], shared: Server, files: dict[str, Path]
) -> None:
    ann, bob = people(), people()
    first, second, other = ann(), ann(), bob()
    first.open(shared.url + OPEN)
    upload(second, shared.url, files["two"])
    other.open(shared.url + OPEN)
    # Turn by turn, each something else.
    first.click("o:v7")
    second.page.evaluate("() => window.hexviz.send('colour', 'origin')")
    other.page.locator("#tab").get_by_text("Extract").click()
    expect(other.page.locator("#extract-panel")).to_contain_text("Nothing is selected yet")
    other.page.evaluate("fqn => window.hexviz.send('tick', fqn)", f"{LAYER}.attention")
    other.wait("cy.getElementById(a[0]).data('fate') === 'cut'", f"m:{LAYER}.output")
    other.page.locator("#theme-toggle").click()
    before = settled(first, "op=v7"), settled(second, "colour=origin")
    assert before[0]["title"] == "one.onnx"
    assert before[0]["chosen"] == ["o:v7"]
    assert before[1]["title"] == "two.onnx"
    move_op(other.page, "v7", OTHER)
    theirs = settled(other, "keep=")
    assert theirs["title"] == "one.onnx"
    assert theirs["dark"] != before[0]["dark"]
    # Nobody else's page has changed, nor does it when its person goes on or loads it again.
    assert (shown(first), shown(second)) == before
    first.click("o:v8")
    after = settled(first, "op=v8")
    assert after["edits"] == ""
    assert not any(fate for _, _, fate in after["nodes"])
    assert after["nodes"] == before[0]["nodes"]
    for sheet, seen in ((first, after), (second, before[1]), (other, theirs)):
        sheet.page.reload()
        sheet.page.wait_for_function(READY)
        sheet.wait("cy.nodes().length === a[0]", len(seen["nodes"]))
        expect(sheet.page.locator("#model-title")).to_have_text(seen["title"])
        if seen["chosen"]:
            sheet.wait("cy.getElementById(a[0]).hasClass('selected')", seen["chosen"][0])
        assert shown(sheet) == seen


def test_back_and_forward_stay_in_their_own_tab(
    people: Callable[[], Callable[[], Sheet]], shared: Server
) -> None:
    ann = people()
    first, second = ann(), ann()
    first.open(shared.url + OPEN)
    second.open(shared.url + OPEN)
    for sheet, ops in ((first, ("v7", "v8")), (second, ("v11", "v12"))):
        for op in ops:
            sheet.click(f"o:{op}")
            settled(sheet, f"op={op}")
    move_op(second.page, "v12", OTHER)
    first.page.go_back()
    first.wait("cy.getElementById('o:v7').hasClass('selected')")
    expect(second.page.locator("#edits")).to_contain_text("1 tag changed")
    expect(first.page.locator("#edits")).to_be_empty()
    second.page.get_by_role("button", name="Undo").click()
    expect(second.page.locator("#edits")).not_to_contain_text("1 tag changed")
    expect(first.page.locator("#inspector")).to_contain_text("v7")
    first.page.go_forward()
    first.wait("cy.getElementById('o:v8').hasClass('selected')")


def test_a_server_that_was_killed_shows_the_same_by_the_same_link(
    people: Callable[[], Callable[[], Sheet]], files: dict[str, Path], tmp_path: Path
) -> None:
    server = Server(files["one"], tmp_path)
    sheet = people()()
    upload(sheet, server.url, files["two"])
    move_op(sheet.page, "v7", OTHER)
    sheet.page.evaluate("() => window.hexviz.send('reveal', 'v8')")
    before = settled(sheet, "op=v8")
    server.process.kill()
    server.process.communicate()
    server = Server(None, tmp_path)
    try:
        sheet.open(server.url + before["query"])
        sheet.wait("cy.getElementById('o:v8').hasClass('selected')")
        assert shown(sheet) == before
    finally:
        server.stop()
