"""The report in a browser: a file that loads nothing, in which everything can be reached, and in
which every state looks as it does on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import hexviz
from hexviz.app.report import to_report
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding
from hexviz.tagging.tag import tag
from tests.browser.conftest import READY, SIZE, Sheet
from tests.serving import Server
from tests.view.graphs import Node, build

HOSTILE = "</script><img src=x onerror=document.title='taken'>"
ATTENTION = "encoder.layer.0.attention.self"


@pytest.fixture(scope="module")
def graph(exported: Callable[..., Exported]) -> TaggedGraph:
    result = exported("bert-tiny")
    return tag(from_proto(result.proto, name="bert-tiny"), modules=result.modules)


@pytest.fixture(scope="module")
def file(graph: TaggedGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    inside = [op.id for op in graph.ops if op.module == ATTENTION]
    findings = [
        Finding("misplaced", "error", tuple(inside[:3]), "Three ops stand wrong.", "Move them."),
        Finding("empty-module", "info", (), "Nothing belongs here.", module="pooler"),
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(to_report(graph, findings), encoding="utf-8")
    return path


class Report(Sheet):
    """An opened report, with all that it asked for and complained of."""

    def __init__(self, page: Page, file: Path) -> None:
        super().__init__(page)
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_function(READY)
        self.settle()
        assert self.requests == [file.as_uri()]

    def box(self, key: str) -> dict[str, float]:
        """Where a box stands on the canvas, in pixels."""
        found: dict[str, float] = self.cy(
            "cy.getElementById(a[0]).renderedBoundingBox({includeOverlays: false})", f"m:{key}"
        )
        return found

    def select(self, op_id: str) -> None:
        self.page.evaluate("id => { location.hash = `op=${encodeURIComponent(id)}`; }", op_id)
        expect(self.page.locator("#inspector .mono").first).to_have_text(op_id)
        self.settle()

    def selected(self) -> list[str]:
        found: list[str] = self.cy("cy.elements('.selected').map((one) => one.id())")
        return found


def opened(browser: Browser, file: Path, **context: Any) -> Iterator[Report]:
    made = browser.new_context(offline=True, **({"viewport": SIZE} | context))
    report = Report(made.new_page(), file)
    yield report
    assert report.errors == []
    assert report.requests == [file.as_uri()]
    made.close()


@pytest.fixture
def report(browser: Browser, file: Path) -> Iterator[Report]:
    yield from opened(browser, file)


def test_it_opens_on_the_whole_model(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    expect(page).to_have_title("bert-tiny · hexviz report")
    expect(page.locator("#model-title")).to_have_text("bert-tiny")
    expect(page.locator("#model-figures")).to_contain_text("256 ops tagged")
    expect(page.locator("#inspector")).to_contain_text("A BertModel exported to ONNX")
    for value in graph.inputs:
        report.shows(f"i:{value.id}")
        expect(page.locator("#inspector")).to_contain_text(value.name)


def test_a_box_opens_and_closes_where_it_stands(report: Report) -> None:
    report.cy("void cy.center(cy.getElementById('m:encoder.layer.0'))")
    before = report.box("encoder.layer.0")
    report.enter("m:encoder.layer.0")
    report.shows("m:encoder.layer.0.attention")
    report.settle()
    after = report.box("encoder.layer.0")
    assert abs(before["y1"] - after["y1"]) < 150
    assert after["h"] > before["h"]
    expect(report.page.locator("#inspector h2")).to_have_text("BertLayer")
    report.page.mouse.dblclick(*title(report, "encoder.layer.0"))
    report.wait("cy.getElementById('m:encoder.layer.0.attention').empty()")


def title(report: Report, key: str) -> tuple[float, float]:
    """The middle of an open box's title on the screen."""
    x, y = report.cy(
        """(() => { const node = cy.getElementById(a[0]), at = node.renderedPosition(),
        r = cy.container().getBoundingClientRect();
        return [at.x + r.left, at.y + r.top - node.renderedHeight() / 2 + 12 * cy.zoom()]; })()""",
        f"m:{key}",
    )
    return x, y


def test_a_level_more_is_open_and_all_is_closed(report: Report) -> None:
    page = report.page
    boxes = "cy.nodes().filter((one) => one.data('open') === 1).length"
    before = report.cy(boxes)
    page.get_by_role("button", name="Open every box in sight").click()
    report.wait(f"{boxes} > a[0]", before)
    page.get_by_role("button", name="Close all boxes").click()
    report.wait(f"{boxes} === 0")
    expect(page.locator("#tree [data-key]")).to_have_count(5)


def test_an_op_tells_why_it_is_where_it_is(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    why = next(
        told for op in graph.ops if len((told := explain(graph, op.id)).context_steps) in (3, 4)
    )
    report.select(why.op.id)
    expect(page.locator("#module-sentence")).to_have_text(why.sentence)
    expect(page.locator("#context-sentence")).to_have_text(why.context_sentence or "")
    page.get_by_role("button", name="Show the chain in the graph").click()
    steps = page.locator("#inspector .path.shown li")
    expect(steps).to_have_count(len(why.context_steps))
    for at, step in enumerate(why.context_steps):
        expect(steps.nth(at)).to_contain_text(step.op)
    assert report.selected() == [f"o:{why.op.id}"]
    # A step goes to its op and keeps the explanation.
    steps.last.locator(".badge").click()
    report.wait("cy.getElementById(a[0]).hasClass('step')", f"o:{why.context_steps[-1].op}")
    expect(steps.last).to_have_attribute("aria-current", "step")
    expect(page.locator("#path-note")).to_contain_text(f"Step {len(why.context_steps)} of")
    expect(page.locator("#module-sentence")).to_have_text(why.sentence)
    expect(page.locator("#badges .badge.current")).to_have_count(1)
    page.keyboard.press(",")
    expect(page.locator("#path-note")).to_contain_text(f"Step {len(why.context_steps) - 1} of")


def test_a_click_on_an_op_selects_it(report: Report, graph: TaggedGraph) -> None:
    op = next(op for op in graph.ops if op.op_type == "Gather" and op.module == "pooler")
    report.enter("m:pooler")
    report.click(f"o:{op.id}")
    expect(report.page.locator("#inspector h2")).to_have_text("Gather")
    expect(report.page.locator("#module-sentence")).to_have_text(explain(graph, op.id).sentence)


def test_a_line_tells_its_values(report: Report) -> None:
    line = report.cy(
        "cy.edges().filter((one) => !one.data('fan') && one.data('count') === 1)[0].id()"
    )
    report.page.evaluate("id => hexviz.send('edge', id)", line)
    expect(report.page.locator("#inspector h2")).to_have_text("1 value")
    expect(report.page.locator("#inspector .values li")).to_have_count(1)


def test_a_trace_dims_what_is_not_on_it(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    op = next(op for op in graph.ops if op.op_type == "Gather" and op.module == "pooler")
    report.enter("m:pooler")
    report.click(f"o:{op.id}")
    report.wait("cy.nodes('.selected').nonempty()")
    page.keyboard.press("d")
    expect(page.locator("#trace-note")).to_have_text("2 ops that need Gather")
    assert report.cy("cy.getElementById('m:embeddings').hasClass('dimmed')")
    page.keyboard.press("Escape")
    expect(page.locator("#trace")).to_be_hidden()


def test_search_finds_ops_by_type_id_and_tag(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.fill("type:softmax")
    expect(page.locator("#hits .found")).to_contain_text("2 ops")
    search.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    report.wait("cy.nodes('.selected').length === 1")
    page.get_by_role("button", name="Next op found").click()
    op = next(op for op in graph.ops if op.op_type == "Softmax" and "layer.1" in op.module)
    expect(page.locator("#inspector .mono").first).to_have_text(op.id)
    search.fill("tag:bertlayer.1 softmax")
    expect(page.locator("#hits .hit")).to_have_count(1)
    search.fill(op.id)
    expect(page.locator("#hits .hit").filter(has_text=op.id).first).to_be_visible()
    search.fill("bertintermediate")
    page.locator("#hits .hit", has_text="BertIntermediate").first.click()
    expect(page.locator("#inspector .pill")).to_have_text("module")
    search.fill("no such thing")
    expect(page.locator("#hits")).to_have_text("Nothing found.")


def test_a_finding_leads_into_the_graph(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    page.get_by_role("tab", name="Findings (2)").click()
    expect(page.locator("#audit-pane .finding")).to_have_count(2)
    expect(page.locator("#graph")).to_be_hidden()
    page.get_by_role("button", name="Show in the graph").first.click()
    expect(page.locator("#graph")).to_be_visible()
    expect(page.locator("#inspector")).to_contain_text("Three ops stand wrong.")
    report.wait("cy.nodes('.selected').length === 1")
    page.get_by_role("tab", name="Findings").click()
    page.get_by_role("button", name="Show in the graph").last.click()
    expect(page.locator("#inspector h2")).to_have_text("BertPooler")


def test_findings_of_a_severity_can_be_left_out(report: Report) -> None:
    page = report.page
    page.get_by_role("tab", name="Findings").click()
    page.get_by_role("button", name="1 info").click()
    expect(page.locator("#audit-pane .finding:visible")).to_have_count(1)
    expect(page.get_by_role("button", name="1 info")).to_have_attribute("aria-pressed", "false")


def test_the_tree_opens_boxes_and_selects_modules(report: Report) -> None:
    page = report.page
    page.locator("#tree [data-key='encoder.layer.1'] .chevron").click()
    report.settle()
    if not report.cy("cy.getElementById('m:encoder.layer.1').data('open')"):  # it was open at first
        page.locator("#tree [data-key='encoder.layer.1'] .chevron").click()
    report.shows("m:encoder.layer.1.attention")
    page.locator("#tree [data-key='encoder.layer.1.attention'] .name").click()
    expect(page.locator("#inspector h2")).to_have_text("BertAttention")
    expect(page.locator("#tree .current")).to_contain_text("BertAttention")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tree")).to_contain_text("BertSelfOutput")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("BertSelfAttention")


def test_a_call_opens_and_tells_what_it_is(report: Report) -> None:
    call = f"m:{ATTENTION}!scaled_dot_product_attention"
    page = report.page
    page.evaluate("id => { location.hash = `call=${encodeURIComponent(id)}`; }", call[2:])
    report.wait("cy.nodes('.selected').id() === a[0]", call)
    expect(page.locator("#inspector")).to_contain_text("aten.scaled_dot_product_attention.default")
    expect(page.locator("#tree .current")).to_contain_text("scaled_dot_product_attention")
    report.enter(call)
    report.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    page.locator("#inspector .link", has_text="Softmax").click()
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    page.locator("#inspector .link", has_text="scaled_dot_product_attention").first.click()
    report.wait("cy.nodes('.selected').id() === a[0]", call)


def test_the_graph_can_be_walked_without_a_mouse(report: Report) -> None:
    page = report.page
    page.keyboard.press("ArrowDown")
    report.wait("cy.nodes('.selected').data('kind') === 'input'")
    page.keyboard.press("ArrowDown")
    report.wait("cy.nodes('.selected').id() === 'm:embeddings'")
    page.keyboard.press("Enter")
    report.wait("cy.getElementById('m:embeddings').data('open') === 1")
    page.keyboard.press("Enter")
    report.wait("cy.getElementById('m:embeddings').data('open') === 0")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_back_leads_to_what_was_seen_before(report: Report, graph: TaggedGraph) -> None:
    one, other = (op.id for op in graph.ops if op.op_type == "Softmax")
    report.select(one)
    report.select(other)
    report.page.go_back()
    expect(report.page.locator("#inspector .mono").first).to_have_text(one)
    report.wait("cy.nodes('.selected').id() === a[0]", f"o:{one}")


def test_a_link_leads_to_an_op(browser: Browser, file: Path, graph: TaggedGraph) -> None:
    op = next(op.id for op in graph.ops if op.op_type == "Softmax")
    context = browser.new_context(offline=True, viewport=SIZE)
    page = context.new_page()
    page.goto(f"{file.as_uri()}#op={op}")
    expect(page.locator("#inspector .mono").first).to_have_text(op)
    context.close()


def test_the_legend_lights_up_what_has_a_colour(report: Report) -> None:
    page = report.page
    page.locator("#legend").get_by_role("button", name="BertPooler").click()
    report.wait("cy.getElementById('m:embeddings').hasClass('dimmed')")
    expect(page.locator("#legend [aria-pressed='true']")).to_have_text("BertPooler")
    page.locator("#legend").get_by_role("button", name="all", exact=True).click()
    report.wait("cy.elements('.dimmed').empty()")


def test_pan_and_zoom(report: Report) -> None:
    page, before = report.page, report.cy("({...cy.pan(), zoom: cy.zoom()})")
    page.mouse.move(330, 640)
    page.mouse.down()
    page.mouse.move(380, 590, steps=4)
    page.mouse.up()
    report.wait("Math.round(cy.pan().x - a[0].x) === 50", before)
    report.wait("Math.round(cy.pan().y - a[0].y) === -50", before)
    page.mouse.wheel(0, -300)
    report.wait("cy.zoom() > a[0].zoom", before)
    page.get_by_role("button", name="Fit everything into the window").click()
    report.wait(
        """(() => { const all = cy.nodes().renderedBoundingBox({ includeOverlays: false });
        return all.x1 >= 0 && all.y1 >= 0 && all.x2 <= cy.width() && all.y2 <= cy.height(); })()"""
    )


def test_the_theme_follows_the_system_and_the_switch(browser: Browser, file: Path) -> None:
    for report in opened(browser, file, color_scheme="dark"):
        colours = "[getComputedStyle(document.body).backgroundColor, "
        colours += "cy.getElementById('m:encoder').style('background-color')]"
        dark = report.cy(colours)
        assert dark[0] == "rgb(20, 22, 26)"
        report.page.get_by_role("button", name="Light or dark colours").click()
        report.wait(f"{colours}[0] === 'rgb(251, 251, 252)' && {colours}[1] !== a[0]", dark[1])


def test_names_are_text_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    graph = build(
        [Node(HOSTILE, ["x"], "Relu", HOSTILE), Node("y", [HOSTILE])],
        ["y"],
        classes={HOSTILE: HOSTILE},
    )
    graph.name = HOSTILE
    path = tmp_path / "hostile.html"
    finding = Finding("misplaced", "error", (HOSTILE,), HOSTILE, HOSTILE)
    path.write_text(to_report(graph, [finding]), encoding="utf-8")
    for report in opened(browser, path):
        page = report.page
        expect(page.locator("#model-title")).to_have_text(HOSTILE)
        page.get_by_role("searchbox").fill("onerror")
        page.locator("#hits .hit", has_text="Relu").first.click()
        expect(page.locator("#inspector .mono").first).to_have_text(HOSTILE)
        page.get_by_role("tab", name="Findings").click()
        expect(page.locator("#audit-pane")).to_contain_text(HOSTILE)
        expect(page.locator("img")).to_have_count(0)
        expect(page).to_have_title(f"{HOSTILE} · hexviz report")


Theme = Literal["light", "dark"]
Events = list[tuple[str, str | int | None]]

DRAWN = """(() => [
  cy.elements().map(one => ({
    id: one.id(), data: one.data(), classes: one.classes().sort(),
    position: one.isNode() ? one.position() : null,
  })).sort((a, b) => (a.id < b.id ? -1 : 1)),
  cy.png({ full: true, scale: 1, output: 'base64' }),
])()"""
"""All elements with their classes, and a picture of all of the canvas, whatever is in sight."""

EVENTS: dict[str, Events] = {
    "first view": [],
    "opened layer": [("toggle", "encoder.layer.0")],
    "closed encoder": [("toggle", "encoder")],
    "op with evidence": [("reveal", "EVIDENCE"), ("step", 1)],
    "module": [("reveal-module", ATTENTION)],
    "trace": [("reveal", "EVIDENCE"), ("trace", "EVIDENCE")],
    "lit": [("lit", "pooler")],
    "level": [("open-level", None)],
    "all closed": [("close-all", None), ("toggle", "encoder")],
}


def drawn(sheet: Sheet, events: Events, evidence: str) -> Any:
    """What the canvas shows after some events."""
    for kind, value in events:
        what: Any = evidence if value == "EVIDENCE" else value
        if kind == "trace":
            what = {"way": "down", "op": evidence, "to": ""}
        sheet.page.evaluate("([kind, what]) => hexviz.send(kind, what ?? undefined)", [kind, what])
        sheet.settle()
    return sheet.cy(DRAWN)


@pytest.fixture(scope="module")
def served(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A report of the model that the server has open, and an op in it that has evidence."""
    graph = hexviz.load(bert)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(to_report(graph, graph.audit()), encoding="utf-8")
    return path, next(op.id for op in graph.ops if len(explain(graph, op.id).context_steps) > 2)


@pytest.mark.parametrize("name", EVENTS)
def test_a_state_looks_as_on_the_page(
    server: Server, browser: Browser, sheet: Sheet, served: tuple[Path, str], name: str
) -> None:
    path, evidence = served
    scheme: Theme = "dark" if name in ("opened layer", "trace") else "light"
    sheet.page.emulate_media(color_scheme=scheme)
    sheet.open(server.url)
    sheet.settle()
    elements, picture = drawn(sheet, EVENTS[name], evidence)
    for report in opened(browser, path, color_scheme=scheme):
        found, seen = drawn(report, EVENTS[name], evidence)
        assert found == elements
        assert seen == picture


def test_another_drawing_rule_is_noticed(report: Report) -> None:
    elements, picture = report.cy(DRAWN)
    report.cy("void cy.style().selector('edge').style('width', 4).update()")
    assert report.cy(DRAWN)[0] == elements
    assert report.cy(DRAWN)[1] != picture


def test_a_moved_element_is_noticed(report: Report) -> None:
    elements, _ = report.cy(DRAWN)
    report.cy("void cy.nodes()[0].position({ x: 1, y: 1 })")
    assert report.cy(DRAWN)[0] != elements


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(
    browser: Browser, file: Path, graph: TaggedGraph, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": 1280, "height": 800},
        bypass_csp=True,  # for axe's own script
    )
    report = Report(context.new_page(), file)

    def complaints() -> list[Any]:
        found = Axe().run(report.page).response["violations"]
        return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found]

    assert complaints() == []
    report.page.get_by_role("searchbox").fill("shape")
    report.select(next(op.id for op in graph.ops if op.op_type == "Shape" and op.module))
    assert complaints() == []
    report.page.get_by_role("tab", name="Findings").click()
    assert complaints() == []
    context.close()


def test_escape_leaves_the_list_of_keys_and_nothing_else(report: Report) -> None:
    report.click("m:encoder.layer.0")
    report.settle()
    before = report.selected()
    report.page.keyboard.press("?")
    expect(report.page.locator("#keys")).to_be_visible()
    report.page.keyboard.press("Escape")
    expect(report.page.locator("#keys")).to_be_hidden()
    report.settle()
    assert report.selected() == before


def test_hits_are_marked_until_escape(report: Report) -> None:
    page = report.page
    field = page.locator("#search")
    field.fill("type:MatMul")
    expect(page.locator("#hits")).to_contain_text("ops")
    report.wait("cy.nodes('.match').nonempty()")
    marked = report.cy("cy.nodes('.match[open = 0]').map(node => node.id().slice(2))")
    numbers = page.locator("#match-counts .match-count")
    expect(numbers).to_have_count(len(marked))
    for key in marked:
        expect(page.locator(f'#tree [data-key="{key}"] .row-matches')).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    report.wait("cy.nodes('.match').empty()")
    expect(page.locator("#hits")).to_be_empty()
    expect(numbers).to_have_count(0)


def test_what_works_the_canvas_is_hidden_with_it(report: Report) -> None:
    report.page.locator("#tab-audit").click()
    expect(report.page.locator("#fit")).to_be_hidden()
    report.page.locator("#tab-graph").click()
    expect(report.page.locator("#fit")).to_be_visible()


def test_a_module_of_the_figures_is_shown_in_the_graph(report: Report) -> None:
    page = report.page
    page.click("#tab-measure")
    row = page.locator("#figures-pane tbody tr", has_text="BertPooler")
    expect(row).to_contain_text("32.8 k")
    row.get_by_role("button").click()
    expect(page.locator("#graph-pane")).to_be_visible()
    expect(page.locator("#inspector")).to_contain_text("pooler")
