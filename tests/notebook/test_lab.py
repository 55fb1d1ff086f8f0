"""Views in a real JupyterLab, in Chromium, with real clicks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hexviz.api import TaggedGraph
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
from tests.notebook.lab import Lab, Notebook, notebook_file, settle

LINE = "The kernel that answered here has ended: this is a still picture. Run the cell again."
STILL = "A still picture: run the cell to move about in the graph."


SHOWN = """import hexviz
graph = hexviz.load('net.onnx')
view = hexviz.show(graph)
view.open('head')
view"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("lab"))
    TaggedGraph.of(tagged(scoped(parse(NET), SCOPES))).save(running.root / "net.onnx")
    yield running
    running.stop()


@pytest.fixture
def opened(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """A notebook with cells of this test's own, open at a size that laptops have."""
    name = f"{request.node.name}.ipynb"
    notebook_file(lab.root / name, *request.param)
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda sent: hosts.add(sent.url.split("/")[2]))
    yield Notebook(page, lab, name)
    page.close()
    assert errors == []
    assert hosts <= {lab.url.split("/")[2], ""}  # nobody else was asked for anything


@pytest.mark.parametrize(
    "opened",
    [
        (
            SHOWN,
            "print(view.selection, view.op.op_type, view.module.fqn)",
            "view.open('enc.att')\nview.selection = 'k'",
            "second = hexviz.show(graph, height=300)\nsecond.open('head')\nsecond",
            "print(view.selection, second.selection)",
        )
    ],
    indirect=True,
)
def test_a_click_is_read_in_the_next_cell_and_code_moves_the_view(opened: Notebook) -> None:
    page = opened.page
    opened.run(0)
    view = opened.frame(0)
    expect(page.get_by_text(STILL)).to_be_hidden()
    opened.click(0, opened.element(0, "o"))
    expect(view.locator("#inspector h2")).to_have_text("Abs")
    opened.run(1)
    assert opened.output(1) == "o Abs head"

    opened.run(2)
    settle(view, "cy.nodes().some(one => one.data('op') === 'k' && one.hasClass('selected'))")
    expect(view.locator("#inspector h2")).to_have_text("Exp")

    # Another view of the same graph is elsewhere.
    opened.run(3)
    second = opened.frame(3)
    opened.click(3, opened.element(3, "o"))
    expect(second.locator("#inspector h2")).to_have_text("Abs")
    opened.run(4)
    assert opened.output(4) == "k o"

    # Keys in a view are the view's: `b` would add a cell below, `d d` delete one.
    cells = page.locator(".jp-CodeCell").count()
    opened.click(0, opened.element(0, "k"))
    for key in ("b", "Escape", "d", "d", "f"):
        page.keyboard.press(key)
    assert page.locator(".jp-CodeCell").count() == cells

    # The theme is the notebook's.
    assert view.evaluate("() => document.documentElement.dataset.theme") == "light"
    opened.choose("Settings", "Theme", "JupyterLab Dark")
    for frame in (view, second):
        frame.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    settle(view, "cy.nodes()[0].style('color') !== 'rgb(0,0,0)'")


@pytest.mark.parametrize(
    "opened",
    [("import hexviz\nhexviz.show('net.onnx')", *["#" + "\n" * 30] * 2)],
    indirect=True,
)
def test_the_wheel_is_the_notebooks_until_a_press_into_the_view(opened: Notebook) -> None:
    page = opened.page
    opened.run(0)
    view = opened.frame(0)
    x, y = opened.middle(0)
    zoom = view.evaluate("() => document.getElementById('graph')._cyreg.cy.zoom()")
    top = page.locator("iframe").bounding_box()
    assert top is not None
    page.mouse.move(x, y)
    page.mouse.wheel(0, 120)
    expect(view.locator("#wheel-hint")).to_be_visible()
    page.wait_for_function(
        "top => document.querySelector('iframe').getBoundingClientRect().top < top", arg=top["y"]
    )
    settle(view, "cy.zoom() === a", zoom)

    page.mouse.click(*opened.middle(0))
    page.mouse.wheel(0, -120)
    settle(view, "cy.zoom() > a", zoom)

    page.mouse.move(5, 5)
    page.mouse.move(*opened.middle(0))
    zoom = view.evaluate("() => document.getElementById('graph')._cyreg.cy.zoom()")
    page.mouse.wheel(0, -120)
    expect(view.locator("#wheel-hint")).to_be_visible()
    settle(view, "cy.zoom() === a", zoom)


@pytest.mark.parametrize(
    "opened",
    [("import hexviz\nview = hexviz.show('net.onnx')\nview.open('head')\nview",)],
    indirect=True,
)
def test_without_its_kernel_a_view_is_a_still_picture(opened: Notebook, lab: Lab) -> None:
    page = opened.page
    opened.run(0)
    view = opened.frame(0)
    opened.choose("Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(view.locator("#kernel-line")).to_have_text(LINE)
    opened.click(0, opened.element(0, "o"))
    expect(view.locator("#notice-bar")).to_contain_text("still picture")

    # Opened again, without a kernel that knows the view.
    page.keyboard.press("Control+s")
    path = next(lab.root.glob("*still_picture*.ipynb"))
    opened.until(lambda: "data:image/svg" in path.read_text())
    page.reload()
    expect(page.get_by_text(STILL)).to_be_visible()
    expect(page.get_by_text("model not found")).to_be_attached()
    expect(page.get_by_text("model not found")).to_be_hidden()
    (cell,) = json.loads(path.read_text())["cells"]
    assert len(json.dumps(cell)) < 20_000

    # And run again, it lives.
    opened.ready()
    opened.run(0)
    opened.click(0, opened.element(0, "o"))
    expect(opened.frame(0).locator("#inspector h2")).to_have_text("Abs")
    expect(page.get_by_text(STILL)).to_be_hidden()


@pytest.mark.parametrize(
    "opened",
    [("import hexviz\nview = hexviz.show('net.onnx')\nview.open('head')\nview",)],
    indirect=True,
)
def test_a_reload_finds_the_view_where_it_was(opened: Notebook, tmp_path: Path) -> None:
    page = opened.page
    opened.run(0)
    opened.click(0, opened.element(0, "o"))
    expect(opened.frame(0).locator("#inspector h2")).to_have_text("Abs")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(500)
    page.reload()
    opened.ready()
    expect(opened.frame(0).locator("#inspector h2")).to_have_text("Abs")
    # A narrow cell folds the tree, and nothing is wider than it.
    page.set_viewport_size({"width": 800, "height": 700})
    view = opened.frame(0)
    view.wait_for_function("() => document.documentElement.classList.contains('left-folded')")
    assert view.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("opened", [("import hexviz\nhexviz.show('net.onnx')",)], indirect=True)
def test_nothing_in_a_view_reaches_the_notebook(opened: Notebook) -> None:
    opened.run(0)
    view = opened.frame(0)
    reached = """() => {
        const tries = [() => parent.document, () => localStorage, () => document.cookie];
        return tries.map(one => { try { one(); return ''; } catch (error) { return error.name; } });
    }"""
    assert view.evaluate(reached) == ["SecurityError"] * 3
    script = """() => new Promise(done => {
        document.addEventListener(
            'securitypolicyviolation', event => done(event.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.foreign = 1';
        document.body.append(script);
    })"""
    assert view.evaluate(script) == "script-src-elem"
    assert view.evaluate("() => window.foreign") is None
    address = opened.page.url
    asked = view.evaluate("url => fetch(url).then(() => '', error => error.name)", address)
    assert asked == "TypeError"
