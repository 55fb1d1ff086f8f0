"""The numbered path of evidence on the canvas, and what other policies would do, in Chromium."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from hexviz.bench.blanking import blank, know
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.tag import tag
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def blanked(exported: Callable[..., Exported]) -> TaggedGraph:
    """BERT-tiny with its auxiliary ops' modules taken away: they are inherited, with evidence."""
    one = exported("bert-tiny")
    truth = know(one.proto, one.modules)
    return tag(from_proto(blank(truth.proto, truth.auxiliary), name="bert-tiny"))


@pytest.fixture(scope="module")
def blank_server(
    blanked: TaggedGraph, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("blanked") / "bert-tiny.onnx"
    blanked.save(path)
    running = Server(path, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


@pytest.fixture
def op(blanked: TaggedGraph) -> str:
    """An op with several steps to its module and several to what it serves."""
    found = (explain(blanked, op.id) for op in blanked.ops)
    return next(
        one.op.id for one in found if len(one.steps) > 1 and 2 < len(one.context_steps) < 20
    )


def corner(sheet: Sheet, element: str) -> list[float]:
    """The upper left corner of a node on the page."""
    return sheet.cy(  # type: ignore[no-any-return]
        """(() => { const n = cy.getElementById(a[0]), p = n.renderedPosition();
        const r = cy.container().getBoundingClientRect();
        return [p.x - n.renderedWidth() / 2 + r.left,
            p.y - n.renderedHeight() / 2 + r.top]; })()""",
        element,
    )


def badge(sheet: Sheet, number: str) -> list[float]:
    """The middle of a badge on the page."""
    box = sheet.page.locator("#badges .badge", has_text=number).first.bounding_box()
    assert box is not None
    return [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]


def query(sheet: Sheet) -> dict[str, list[str]]:
    return parse_qs(urlsplit(sheet.page.url).query)


def test_badges_stand_on_their_ops_and_follow_them(
    sheet: Sheet, blank_server: Server, blanked: TaggedGraph, op: str
) -> None:
    sheet.open(f"{blank_server.url}&op={op}&path=context")
    last = explain(blanked, op).context_steps[-1].op
    count = len(explain(blanked, op).context_steps)
    page = sheet.page
    expect(page.locator("#path-note")).to_have_text(f"What it serves, in {count} steps")
    for _ in range(count):
        page.keyboard.press(".")
    expect(page.locator("#path-note")).to_contain_text(f"Step {count} of {count}")
    sheet.wait("cy.getElementById(a[0]).hasClass('step')", f"o:{last}")
    page.wait_for_function(f"() => location.search.includes('step={count}')")
    assert query(sheet)["op"] == [op]
    expect(page.locator("#badges .badge.current")).to_have_text(str(count))
    for move in ("cy.panBy({ x: 31, y: 17 })", "cy.zoom(0.9)"):
        sheet.cy(f"void {move}")
        sheet.settle()
        assert badge(sheet, str(count)) == pytest.approx(corner(sheet, f"o:{last}"), abs=2)


def test_steps_are_walked_by_buttons_and_keys_and_come_back_by_link(
    sheet: Sheet, blank_server: Server, blanked: TaggedGraph, op: str
) -> None:
    told = explain(blanked, op)
    sheet.open(f"{blank_server.url}&op={op}")
    page = sheet.page
    expect(page.locator("#path-note")).to_have_text(
        f"Why it is in its module, in {len(told.steps)} steps"
    )
    expect(page.get_by_role("button", name="Previous step (,)")).to_be_disabled()
    page.get_by_role("button", name="Next step (.)").click()
    first = told.steps[0]
    expect(page.locator("#path-note")).to_have_text(
        f"Step 1 of {len(told.steps)}: {blanked.op(first.op).op_type} “{first.op}” {first.relation}"
    )
    # The step is in sight, below the strips, though the op was clicked elsewhere.
    sheet.wait("cy.getElementById(a[0]).hasClass('step')", f"o:{first.op}")
    x, y = corner(sheet, f"o:{first.op}")
    box = page.locator("#graph").bounding_box()
    assert box is not None
    assert box["x"] < x < box["x"] + box["width"]
    assert box["y"] < y < box["y"] + box["height"]
    expect(page.locator("#inspector h2")).to_have_text(told.op.op_type)
    expect(page.locator("#inspector [aria-current] .badge")).to_have_text("1")
    page.wait_for_function("() => location.search.includes('step=1')")
    link = page.url
    page.keyboard.press(",")
    page.wait_for_function("() => !location.search.includes('step=')")
    sheet.open(link)
    expect(page.locator("#path-note")).to_contain_text(f"Step 1 of {len(told.steps)}")
    page.keyboard.press("Escape")
    expect(page.locator("#path-note")).to_contain_text("Why it is in its module")


def test_an_op_without_evidence_has_neither_strip_nor_badges(
    sheet: Sheet, blank_server: Server, blanked: TaggedGraph, op: str
) -> None:
    sheet.open(f"{blank_server.url}&op={op}")
    expect(sheet.page.locator("#path")).to_be_visible()
    expect(sheet.page.locator("#badges .badge")).not_to_have_count(0)
    found = (explain(blanked, one.id) for one in blanked.ops)
    bare = next(one.op.id for one in found if not one.steps and not one.context_steps)
    sheet.page.evaluate("id => window.hexviz.send('reveal', id)", bare)
    expect(sheet.page.locator("#path")).to_be_hidden()
    expect(sheet.page.locator("#badges .badge")).to_have_count(0)


def test_a_module_shows_what_it_gave_its_tag_to(sheet: Sheet, blank_server: Server) -> None:
    sheet.open(f"{blank_server.url}&open=encoder&module=encoder.layer.0")
    page = sheet.page
    page.get_by_role("button", name="Show what it gave its tag to").click()
    note = page.locator("#trace-note")
    expect(note).to_contain_text("ops have their tag or context from /BertModel/BertEncoder")
    expect(note).to_contain_text("inherited")
    sheet.wait("cy.getElementById('m:pooler').hasClass('dimmed')")
    assert sheet.cy("!cy.getElementById('m:encoder.layer.0').hasClass('dimmed')")
    page.wait_for_function("() => location.search.includes('given=encoder.layer.0')")
    sheet.open(page.url)
    expect(note).to_contain_text("ops have their tag or context from")
    page.locator("#trace button").click()
    expect(page.locator("#trace")).to_be_hidden()


def test_what_if_colours_counts_and_ends(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url)
    page = sheet.page
    page.locator("#colour").click()
    page.get_by_role("option", name="producers only").click()
    strip = page.locator("#what-if")
    expect(strip).to_contain_text("of 256 ops would move")
    expect(page.locator("#legend button", has_text="moves higher")).to_be_visible()
    for name in (".tools", ".tools-line", ".bars", "#what-if", ".legend"):
        wide, room = page.evaluate(
            "name => (one => [one.scrollWidth, one.clientWidth])(document.querySelector(name))",
            name,
        )
        assert wide <= room, name
    height = page.evaluate("() => document.querySelector('.tools').clientHeight")
    assert height < 48
    # The menu of colours has the keyboard, but cannot be typed into: keys still work.
    page.keyboard.press("?")
    expect(page.get_by_text("previous and next step of the evidence")).to_be_visible()
    page.keyboard.press("Escape")
    strip.get_by_role("button", name="end").click()
    expect(strip).to_be_hidden()
    expect(page.locator("#colour")).to_have_value("by module")


def test_keeping_what_if_is_asked_of_the_server(sheet: Sheet, server: Server) -> None:
    sheet.open(f"{server.url}&open=&colour=what-if+producers")
    with sheet.page.expect_request("**/event") as request:
        sheet.page.get_by_role("button", name="Keep these tags").click()
    sent = request.value.post_data_json
    assert sent["event"] == {"type": "keep-what-if", "value": "producers"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_strips_and_steps(
    browser: Browser, blank_server: Server, op: str, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    sheet = Sheet(context.new_page())
    sheet.open(f"{blank_server.url}&op={op}&path=module&step=1&colour=what-if+consumers&down={op}")
    expect(sheet.page.locator("#path")).to_be_visible()
    expect(sheet.page.locator("#what-if")).to_be_visible()
    expect(sheet.page.locator("#inspector [aria-current]")).to_be_visible()
    sheet.settle()
    found = Axe().run(sheet.page).response["violations"]
    told = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found]
    assert told == []
    context.close()
    assert sheet.errors == []
