"""The dialog of timings in a browser: charts, clicks taken apart, runs compared, names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from hexviz.model.reader import digest
from hexviz.stages import Measured, Stage
from tests.browser.conftest import NO_MODEL, Server, Sheet
from tests.build import parse, scoped
from tests.view import run_documents

pytestmark = pytest.mark.browser

MARKUP = "<b>bold</b>"
CHARTS = ("stages", "costs", "modules", "scaling")


@pytest.fixture(scope="module")
def measured_server(
    bert: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Path]]:
    """BERT-tiny with what its export took on this machine; and a folder to put more into."""
    cache = tmp_path_factory.mktemp("cache")
    keep(
        cache,
        bert.read_bytes(),
        {"encoder.layer.0.attention.self": 0.3, "pooler": 0.1},
    )
    running = Server(bert, cache)
    yield running, cache
    running.stop()


def keep(cache: Path, content: bytes, modules: dict[str, float]) -> None:
    """Keep the times of an export as hexviz itself would."""
    from hexviz.exporters.export_times import keep_measured

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        stages = (
            Stage("build model", 0, 1, 1, 0, 0),
            Stage("export", 1, 6, 5, 0, 0),
            Stage("tracing", 1, 4, 4, 1, 0),
        )
        keep_measured(digest(content), Measured(stages, modules))


def show(sheet: Sheet) -> None:
    """Open the dialog from the menu."""
    sheet.page.locator("#more").click()
    sheet.page.get_by_role("menuitem", name="Performance").click()
    expect(sheet.page.locator("#timings-pane")).to_be_visible()


def close(sheet: Sheet) -> None:
    sheet.page.keyboard.press("Escape")
    expect(sheet.page.locator("#timings-pane")).to_be_hidden()


def opened(sheet: Sheet, server: Server, more: str = "") -> Any:
    """The pane, with its first charts drawn."""
    sheet.open(f"{server.url}{more}")
    show(sheet)
    pane = sheet.page.locator("#timings-pane")
    expect(pane.locator("#stages-chart .main-svg").first).to_be_visible()
    expect(pane).not_to_have_attribute("aria-busy", "true")
    return pane


def test_plotly_is_fetched_when_the_dialog_is_opened_by_the_keyboard(
    sheet: Sheet, measured_server: tuple[Server, Path]
) -> None:
    scripts: list[str] = []
    page = sheet.page
    page.on("request", lambda request: scripts.append(request.url))
    sheet.open(measured_server[0].url)
    sheet.settle()
    assert scripts
    assert not [one for one in scripts if "plotly" in one or "async-graph" in one]
    page.get_by_role("button", name="More").focus()
    page.keyboard.press("Enter")
    entry = page.get_by_role("menuitem", name="Performance")
    expect(entry).to_be_visible()
    for _ in range(30):  # and not for ever, if the keys do not lead there
        if entry.evaluate("entry => entry === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    expect(entry).to_be_focused()
    page.keyboard.press("Enter")
    pane = page.locator("#timings-pane")
    for name in ("stages", "costs", "modules"):
        expect(pane.locator(f"#{name}-chart .main-svg").first).to_be_visible()
    assert len([one for one in scripts if "plotly" in one]) == 1
    expect(pane).to_contain_text("256 ops exported in 7.00 s, on the page in")
    expect(pane.locator("#stages-chart .ytick", has_text="tracing")).to_have_count(1)
    expect(pane.locator("#stages-chart .y2tick", has_text="paint")).to_have_count(1)
    # The pane itself scrolls by the keyboard, and everything foldable opens by it.
    pane.locator("#stages-table summary").focus()
    page.keyboard.press("Enter")
    expect(pane.locator("#stages-table table")).to_contain_text("tracing")
    assert (
        pane.locator("#stages-table tbody tr").count()
        == pane.locator("#stages-chart .ytick, #stages-chart .y2tick").count()
    )


def test_the_last_click_is_taken_apart(sheet: Sheet, measured_server: tuple[Server, Path]) -> None:
    pane = opened(sheet, measured_server[0], "&open=")
    line = pane.locator("#last-click")
    expect(line).to_have_text("No click yet: the next one is taken apart here.")
    close(sheet)
    sheet.page.locator("#tree .chevron[data-event]").last.click()
    sheet.settle()
    show(sheet)
    expect(line).to_contain_text("The last click:")
    expect(line).to_contain_text("paint")


def test_a_module_is_shown_in_the_graph_by_its_bar_and_by_its_row(
    sheet: Sheet, measured_server: tuple[Server, Path]
) -> None:
    pane = opened(sheet, measured_server[0])
    page = sheet.page
    bars = pane.locator("#modules-chart .bars .point")
    expect(bars).to_have_count(2)
    bars.first.scroll_into_view_if_needed()
    box = bars.first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#graph")).to_be_visible()
    expect(page.locator("#inspector h2")).to_have_text("BertSelfAttention")
    expect(pane).to_be_hidden()
    show(sheet)
    pane.locator("#modules-table summary").click()
    row = pane.get_by_role("button", name="/BertModel/BertPooler")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("BertPooler")


def test_runs_are_compared_and_a_bad_file_is_one_line(
    sheet: Sheet, measured_server: tuple[Server, Path], tmp_path: Path
) -> None:
    pane = opened(sheet, measured_server[0])
    field = pane.get_by_label("Choose a run that hexviz bench -o saved")
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    field.set_input_files(bad)
    expect(pane.locator("#comparison")).to_have_text(
        "That is no run: choose a file that `hexviz bench -o` wrote."
    )
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (2 * 1024**2 + 1))
    field.set_input_files(large)
    expect(sheet.page.get_by_text("large.json is over 2 MB")).to_be_visible()
    good = tmp_path / "good.json"
    evil = run_documents.synthetic(300) | {"name": '<img src=x onerror="document.title=1">'}
    good.write_bytes(run_documents.content(models=[evil, run_documents.synthetic(3000)]))
    field.set_input_files(good)
    expect(pane.locator("#scaling-chart .main-svg").first).to_be_visible()
    pane.locator("#scaling-table summary").first.click()
    expect(pane.locator("#scaling-table")).to_contain_text("<img src=x")
    assert pane.locator("img").count() == 0
    pane.get_by_role("button", name="Stop comparing").click()
    expect(pane.locator("#comparison")).to_be_empty()


def test_markup_in_names_is_text(
    sheet: Sheet, measured_server: tuple[Server, Path], tmp_path: Path
) -> None:
    net = parse("g (float[1] x) => (float[1] c) { a = Neg (x) b = Abs (a) c = Relu (b) }")
    proto = scoped(net, {"a": MARKUP, "b": "head", "c": "head"}, {MARKUP: "<b>Layer</b>"})
    path = tmp_path / "<b>net.onnx"
    path.write_bytes(proto.SerializeToString())
    onnx.checker.check_model(proto)
    server, cache = measured_server
    keep(cache, path.read_bytes(), {MARKUP: 0.2, "head": 0.1})
    page = sheet.page
    sheet.open(server.url)
    page.locator("#open-dialog").click()
    page.locator("#upload input[type=file]").set_input_files(path)
    expect(page.locator("#model-title")).to_contain_text("net.onnx")
    page.keyboard.press("Escape")
    show(sheet)
    pane = page.locator("#timings-pane")
    label = pane.locator("#modules-chart .ytick text").first
    expect(label).to_contain_text("<b>Layer<∕b>")  # a slash in a name is not one of the tag
    assert label.locator("tspan[style*='font-weight']").count() == 0
    bar = pane.locator("#modules-chart .bars .point").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = pane.locator("#modules-chart .hoverlayer")
    expect(hover).to_contain_text("<b>Layer<∕b>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_follows_the_theme_and_axe_finds_nothing(
    browser: Browser, measured_server: tuple[Server, Path], tmp_path: Path, scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": 1280, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    sheet = Sheet(page)
    pane = opened(sheet, measured_server[0])
    run = tmp_path / "run.json"
    run.write_bytes(run_documents.content(1.3))
    page.locator("#run-file").set_input_files(run)
    expect(pane.locator("#scaling-chart .main-svg").first).to_be_visible()
    for folded in pane.locator("summary").all():
        folded.click()
    for name in ("html", ".tools", "#timings-pane"):
        wide, room = page.evaluate(
            "name => (one => [one.scrollWidth, one.clientWidth])(document.querySelector(name))",
            name,
        )
        assert wide <= room, name
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    ink = "() => getComputedStyle(document.querySelector('#stages-chart .ytick text')).fill"
    before = page.evaluate(ink)
    close(sheet)
    page.locator("#theme-toggle").click()
    show(sheet)
    page.wait_for_function(f"before => ({ink})() !== before", arg=before)
    sheet.settle()  # the chart has its colours before the words beside it have theirs
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
    assert sheet.errors == []
    assert all(host.startswith("127.0.0.1:") or not host for host in sheet.hosts)


def test_the_charts_take_the_width_that_there_is(
    sheet: Sheet, measured_server: tuple[Server, Path]
) -> None:
    pane = opened(sheet, measured_server[0])
    width = "() => document.querySelector('#stages-chart .main-svg').clientWidth"
    before = sheet.page.evaluate(width)
    close(sheet)
    sheet.page.set_viewport_size({"width": 1024, "height": 700})
    expect(pane).to_be_hidden()
    show(sheet)
    sheet.page.wait_for_function(f"before => ({width})() < before - 100", arg=before)


def test_without_a_model_it_says_what_it_is_for(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    page.goto(server.url.partition("?")[0] + NO_MODEL)
    page.get_by_role("button", name="Close").first.wait_for(state="attached")
    page.keyboard.press("Escape")
    show(sheet)
    expect(page.locator("#timings-pane")).to_contain_text("Open a model: this dialog says")
