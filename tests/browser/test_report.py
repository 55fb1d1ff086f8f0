"""The report in a browser: a file that loads nothing, in which everything can be reached."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding
from hexviz.tagging.tag import tag
from hexviz.view.report import to_report
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


class Report:
    """An opened report, with all that it asked for and complained of."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())
        expect(page.locator(".node").first).to_be_visible()
        assert self.requests == [file.as_uri()]

    def node(self, name: str) -> Any:
        return self.page.locator(f'.node[aria-label^="{name}"]')

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.page.locator("#data").text_content() or "")
        return found

    def select(self, op_id: str) -> None:
        self.page.evaluate("id => { location.hash = `op=${encodeURIComponent(id)}`; }", op_id)
        expect(self.page.locator("#inspector .mono").first).to_have_text(op_id)


def opened(browser: Browser, file: Path, **context: Any) -> Iterator[Report]:
    context = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | context
    made = browser.new_context(offline=True, **context)
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
    expect(page.locator("#model-name")).to_have_text("bert-tiny")
    expect(page.locator("#figures")).to_contain_text("256 ops tagged")
    expect(page.locator("#inspector")).to_contain_text("A BertModel exported to ONNX")
    for value in (*graph.inputs, *graph.outputs):
        expect(report.node(value.name)).to_be_visible()
        expect(page.locator("#inspector")).to_contain_text(value.name)


def test_a_box_opens_and_closes_where_it_stands(report: Report) -> None:
    closed = report.node("BertLayer.0, 86 ops, closed")
    before = closed.locator("rect").first.bounding_box()
    closed.click()
    opened = report.node("BertLayer.0, 86 ops, open")
    expect(opened).to_have_attribute("aria-expanded", "true")
    expect(report.node("BertAttention, 76 ops, closed")).to_be_visible()
    after = opened.locator("rect").first.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 60
    assert after["height"] > before["height"]
    opened.locator(".closer").click()
    expect(report.node("BertLayer.0, 86 ops, closed")).to_be_visible()


def test_an_op_tells_why_it_is_where_it_is(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    why = next(
        told for op in graph.ops if len((told := explain(graph, op.id)).context_steps) in (3, 4)
    )
    report.select(why.op.id)
    expect(page.locator("#sentence")).to_have_text(why.sentence)
    expect(page.locator("#context-sentence")).to_have_text(why.context_sentence or "")
    steps = page.locator("#inspector .steps li")
    expect(steps).to_have_count(len(why.context_steps))
    for at, step in enumerate(why.context_steps):
        expect(steps.nth(at)).to_contain_text(step.op)
        expect(steps.nth(at).locator(".number")).to_have_text(str(at + 1))
    expect(page.locator(".node.selected")).to_have_count(1)
    # A step goes to its op and keeps the explanation.
    steps.last.get_by_role("button").click()
    last = page.locator(f'.node[aria-label*=" {why.context_steps[-1].op},"]')
    expect(last).to_have_class("node op evidence")
    expect(page.locator("#sentence")).to_have_text(why.sentence)
    badges = page.locator(".badge").all_text_contents()
    assert str(len(why.context_steps)) in "·".join(badges).replace("–", "·").split("·")


def test_a_click_on_an_op_selects_it(report: Report, graph: TaggedGraph) -> None:
    report.page.get_by_role("button", name="Gather ").click()
    expect(report.page.locator("#inspector h2")).to_have_text("Gather")
    op = next(op for op in graph.ops if op.op_type == "Gather" and op.module == "pooler")
    expect(report.page.locator("#sentence")).to_have_text(explain(graph, op.id).sentence)


def test_search_finds_ops_by_type_id_and_tag(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.fill("type:softmax")
    expect(page.locator("#found")).to_have_text("2 ops")
    # Closed boxes show that they hold one.
    expect(page.locator(".node.match")).to_have_count(2)
    search.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    expect(page.locator(".node.selected")).to_be_in_viewport()
    search.fill("tag:bertlayer.1 softmax")
    expect(page.locator("#hits .hit")).to_have_count(1)
    op = next(op for op in graph.ops if op.op_type == "Softmax" and "layer.1" in op.module)
    search.fill(op.id)
    expect(page.locator("#hits .hit").filter(has_text=op.id).first).to_be_visible()
    search.fill("bertintermediate")
    page.locator("#hits .hit").first.click()
    expect(page.locator("#inspector .pill")).to_have_text("module")
    search.fill("no such thing")
    expect(page.locator("#found")).to_have_text("0 ops")


def test_a_finding_leads_into_the_graph(report: Report, graph: TaggedGraph) -> None:
    page = report.page
    page.get_by_role("tab", name="Findings (2)").click()
    expect(page.locator("#pane-findings tbody tr")).to_have_count(2)
    expect(page.locator("#canvas")).to_be_hidden()
    page.get_by_role("button", name="Three ops stand wrong").click()
    expect(page.locator("#canvas")).to_be_visible()
    expect(page.locator("#inspector")).to_contain_text("Three ops stand wrong.")
    expect(page.locator(".node.selected")).to_be_in_viewport()
    expect(page.locator(".node.match")).to_have_count(3)
    page.get_by_role("tab", name="Findings").click()
    page.get_by_role("button", name="Nothing belongs here").click()
    expect(page.locator("#inspector h2")).to_have_text("BertPooler")


def test_the_tree_opens_boxes_and_selects_modules(report: Report) -> None:
    page = report.page
    page.get_by_role("button", name="BertLayer.1: open or close").click()
    expect(report.node("BertLayer.1, 84 ops, open")).to_be_in_viewport()
    page.locator("#tree").get_by_role("button", name="BertAttention 74").click()
    expect(page.locator("#inspector h2")).to_have_text("BertAttention")
    expect(page.locator("#tree .current")).to_contain_text("BertAttention")
    page.locator("#tree .current .name").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tree")).to_contain_text("BertSelfOutput")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("BertSelfAttention")


def test_the_graph_can_be_walked_without_a_mouse(report: Report) -> None:
    page = report.page
    page.locator("#canvas [tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    focused = page.locator("#canvas :focus")
    expect(focused).to_have_class("node open selected")
    page.keyboard.press("Enter")
    expect(focused).to_have_class("node box selected")


def test_back_leads_to_what_was_seen_before(report: Report, graph: TaggedGraph) -> None:
    one, other = (op.id for op in graph.ops if op.op_type == "Softmax")
    report.select(one)
    report.select(other)
    report.page.go_back()
    expect(report.page.locator("#inspector .mono").first).to_have_text(one)
    expect(report.page.locator(".node.selected")).to_be_in_viewport()


def test_pan_and_zoom(report: Report) -> None:
    page = report.page
    node = report.node("BertEmbeddings, 31 ops, closed").locator("rect").first
    before = node.bounding_box()
    page.mouse.move(900, 700)
    page.mouse.down()
    page.mouse.move(950, 650, steps=4)
    page.mouse.up()
    moved = node.bounding_box()
    assert before
    assert moved
    assert (round(moved["x"] - before["x"]), round(moved["y"] - before["y"])) == (50, -50)
    page.mouse.wheel(0, -300)
    page.wait_for_function("w => document.querySelector('.node.box').getBoundingClientRect().width > w", arg=moved["width"])  # fmt: skip # noqa: E501
    page.get_by_role("button", name="Fit").click()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_open_never_overlaps(report: Report, seed: int) -> None:
    """Whatever opens, and in whatever order: siblings stay apart, and inside of their box."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    page = report.page
    for _ in range(12):
        chevrons = page.locator("#tree button.chevron")
        chevrons.nth(chance.randrange(chevrons.count())).click()
    found = page.evaluate(
        """() => [...document.querySelectorAll('.node:not(.dot)')].map(node => {
            const { x, y, width, height } = node.firstElementChild.getBBox();
            return [Number(node.dataset.thing), x, y, x + width, y + height]; })"""
    )
    fields = report.data()["boxes"]["fields"]
    rows = [dict(zip(fields, row, strict=True)) for row in report.data()["boxes"]["rows"]]
    home = {cell[0]: -1 - at for at, row in enumerate(rows) for cell in row["cells"]}
    boxes = {thing: box for thing, *box in found}
    for thing, (left, top, right, bottom) in boxes.items():
        around = boxes.get(home[thing])
        if around is not None:
            assert around[0] <= left <= right <= around[2]
            assert around[1] + 25 <= top <= bottom <= around[3]
        for other, (x1, y1, x2, y2) in boxes.items():
            if other < thing and home[other] == home[thing]:
                assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top


def test_the_theme_follows_the_system_and_the_switch(browser: Browser, file: Path) -> None:
    for report in opened(browser, file, color_scheme="dark"):
        fill = "getComputedStyle(document.body).backgroundColor"
        assert report.page.evaluate(fill) == "rgb(20, 22, 26)"
        box = report.node("BertEncoder").locator("rect").first
        dark = box.get_attribute("fill")
        report.page.get_by_role("button", name="Light or dark colours").click()
        assert report.page.evaluate(fill) == "rgb(251, 251, 252)"
        assert box.get_attribute("fill") != dark


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
        expect(page.locator("#model-name")).to_have_text(HOSTILE)
        page.get_by_role("searchbox").fill("onerror")
        page.locator("#hits .hit", has_text="Relu").first.click()
        expect(page.locator("#inspector .mono").first).to_have_text(HOSTILE)
        page.get_by_role("tab", name="Findings").click()
        expect(page.locator("#pane-findings")).to_contain_text(HOSTILE)
        expect(page.locator("img")).to_have_count(0)
        expect(page).to_have_title(f"{HOSTILE} · hexviz report")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(
    browser: Browser, file: Path, graph: TaggedGraph, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": 1280, "height": 800},
        bypass_csp=True,  # for axe's own script
        reduced_motion="reduce",
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
