"""What is said where it matters: findings on the page, names to copy, and what a reader hears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import retag, tag
from tests.browser.conftest import Server, Sheet
from tests.build import parse, scoped

pytestmark = pytest.mark.browser

WRONG = "encoder.layer.1.output.dense"
MODULE = "m" * 70 + ".inner_" + "i" * 50
WEIGHT = f"{MODULE}.weight_{'w' * 90}"
OP = "value_" + "v" * 120
WIDTHS = (220, 300, 420, 600)
OVERFLOWING = """() => {
  const panel = document.getElementById('inspector'), box = panel.getBoundingClientRect();
  const style = getComputedStyle(panel);
  const right = box.left + panel.clientLeft + panel.clientWidth - parseFloat(style.paddingRight);
  return [...panel.querySelectorAll('*')]
    .filter(one => one.getClientRects().length && one.getBoundingClientRect().right > right + 1)
    .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`);
}"""
"""What stands out of the inspector on the right."""


@pytest.fixture(scope="module")
def planted(exported: Callable[..., Exported]) -> TaggedGraph:
    """BERT-tiny where the file says of a MatMul of the attention that it is elsewhere."""
    one = exported("bert-tiny")
    graph = tag(from_proto(one.proto, name="bert-tiny"), modules=one.modules)
    told = {at: op.provenance for at, op in enumerate(graph.ops)}
    at = next(
        at
        for at, op in enumerate(graph.ops)
        if op.module == "encoder.layer.0.attention.self" and op.op_type == "MatMul"
    )
    told[at] = replace(told[at], module=WRONG)
    return retag(graph, told)


@pytest.fixture(scope="module")
def wrong_server(
    planted: TaggedGraph, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    path: Path = tmp_path_factory.mktemp("planted") / "bert-tiny.onnx"
    path.write_bytes(planted.to_bytes())
    running = Server(path, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


@pytest.fixture
def op(planted: TaggedGraph) -> str:
    return next(one.id for one in planted.ops if one.module == WRONG and one.op_type == "MatMul")


def test_a_finding_stands_where_the_fault_is(sheet: Sheet, wrong_server: Server, op: str) -> None:
    page = sheet.page
    sheet.open(wrong_server.url)
    page.wait_for_function("() => document.documentElement.dataset.audit === 'error'")
    number = "getComputedStyle(document.getElementById('audit-count'), '::after').content"
    assert page.evaluate(number) == '"1"'
    # The rows around it, whatever is open; the closed box says how many.
    expect(page.locator('#tree [data-key=""] .row-finding')).to_have_text("1")
    expect(page.locator('#tree [data-key="encoder"] .row-finding')).to_have_text("1")
    closed = "cy.nodes('[finding = \"error\"]').filter(n => n.data('open') !== 1)"
    assert sheet.cy(f"{closed}.map(n => n.data('findings'))") == [1]
    expect(page.locator("#finding-marks .finding-mark.error")).to_have_count(1)
    # Another tab and back: the number is still there.
    page.get_by_text("Audit", exact=True).click()
    expect(page.locator("#audit-pane .finding").first).to_contain_text("Tagged Linear, but ran")
    assert page.evaluate(number) == '"1"'
    page.locator('#audit-pane [data-event="goto"]').first.click()
    sheet.wait("cy.getElementById(a[0]).hasClass('selected')", f"o:{op}")
    expect(page.locator(".finding-mark.error")).to_have_text("!")
    # It follows its op.
    sheet.cy("void cy.panBy({ x: 31, y: -17 })")
    sheet.settle()
    mark = page.locator(".finding-mark.error").bounding_box()
    corner = sheet.cy(
        """(() => { const n = cy.getElementById(a[0]), p = n.renderedPosition();
        const r = cy.container().getBoundingClientRect();
        const [w, h] = [n.renderedWidth() / 2, n.renderedHeight() / 2];
        return [p.x + w + r.left, p.y - h + r.top]; })()""",
        f"o:{op}",
    )
    assert mark is not None
    assert abs(mark["x"] + mark["width"] / 2 - corner[0]) < 10
    assert abs(mark["y"] + mark["height"] / 2 - corner[1]) < 10


def test_the_cure_is_in_the_inspector_and_the_marks_go_with_the_fault(
    sheet: Sheet, wrong_server: Server, op: str
) -> None:
    page = sheet.page
    sheet.open(f"{wrong_server.url}&op={op}")
    box = page.locator("#inspector .accusation").first
    expect(box).to_contain_text("but ran between two ops of BertSelfAttention.")
    expect(page.locator("#module-sentence")).to_contain_text("The audit doubts it.")
    expect(page.locator("#inspector")).not_to_contain_text("100%")
    box.get_by_role("button", name="Move it to BertSelfAttention").click()
    expect(page.locator("#inspector .accusation")).to_have_count(0)
    expect(page.locator("#module-sentence")).to_contain_text("by hand")
    expect(page.locator(".row-finding")).to_have_count(0)
    page.wait_for_function("() => document.documentElement.dataset.audit !== 'error'")


def test_a_name_is_copied_and_that_is_said(sheet: Sheet, wrong_server: Server, op: str) -> None:
    page = sheet.page
    sheet.open(f"{wrong_server.url}&op={op}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the op's id").click()
    expect(page.locator("#announcements")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == op
    # Where there is no clipboard, as over plain HTTP, there is still a selection.
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy the tag").first.click()
    expect(page.locator("#announcements")).to_have_text("Copied")
    assert "BertOutput" in page.evaluate("() => navigator.clipboard.readText()")


def test_the_explanation_is_at_most_five_tabs_from_a_hit(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.keyboard.press("/")
    page.keyboard.type("type:Softmax")
    hit = page.locator("#hits .hit").first
    expect(hit).to_contain_text("Softmax")
    hit.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    expect(page.locator("#announcements")).to_contain_text("Selected Softmax")
    inside = "() => document.getElementById('inspector').contains(document.activeElement)"
    for presses in range(1, 6):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == "to-inspector":
            expect(page.locator("#to-inspector")).to_be_in_viewport()
            page.keyboard.press("Enter")
        if page.evaluate(inside):
            break
    assert presses <= 5
    assert page.evaluate(inside)


def test_the_canvas_has_a_role_and_a_name_that_says_what_is_in_sight(
    sheet: Sheet, server: Server
) -> None:
    page = sheet.page
    sheet.open(server.url)
    canvas = page.get_by_role("application")
    boxes = sheet.cy("cy.nodes().filter(n => n.data('key') !== undefined).length")
    expect(canvas).to_have_attribute("aria-roledescription", "graph")
    name = canvas.get_attribute("aria-label") or ""
    assert name.startswith("Graph of bert-tiny")
    assert f"{boxes} boxes and" in name
    page.keyboard.press("Tab")
    canvas.focus()
    outline = page.evaluate("() => getComputedStyle(document.getElementById('graph')).outlineStyle")
    assert outline != "none"
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:90]) for one in found] == []


@pytest.fixture(scope="module")
def long_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A model whose names have no end."""
    proto = parse(
        f"""g (float[2,3] x) => (float[2,3] y) <float[2,3] "{WEIGHT}" = {{1, 2, 3, 4, 5, 6}}> {{
            a = Neg (x)
            "{OP}" = Mul (a, "{WEIGHT}")
            y = Relu ("{OP}")
        }}"""
    )
    path: Path = tmp_path_factory.mktemp("long") / "long.onnx"
    path.write_bytes(scoped(proto, {"a": "", OP: MODULE, "y": ""}).SerializeToString())
    running = Server(path, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_stands_out_of_the_inspector(sheet: Sheet, long_server: Server, width: int) -> None:
    page = sheet.page
    sheet.open(long_server.url)
    style = (
        f"#inspector {{ position: fixed; right: 0; top: 48px; bottom: 0; width: {width}px;"
        " box-sizing: border-box; z-index: 9; }"
    )
    page.add_style_tag(content=style)
    for kind, what in (("op", OP), ("module", MODULE), ("value", WEIGHT)):
        page.evaluate("([kind, what]) => window.hexviz.send(kind, what)", [kind, what])
        sheet.settle()
        page.evaluate(
            "() => document.querySelectorAll('#inspector details').forEach(d => { d.open = true; })"
        )
        assert page.evaluate(OVERFLOWING) == [], (kind, width)
        assert page.evaluate(
            "() => { const p = document.getElementById('inspector');"
            " return p.scrollWidth <= p.clientWidth; }"
        )
    # The guard sees what it is for.
    page.evaluate(
        """() => { const one = document.createElement('div');
        one.style.width = '900px'; one.textContent = 'wide';
        document.getElementById('inspector').append(one); }"""
    )
    assert page.evaluate(OVERFLOWING) != []
