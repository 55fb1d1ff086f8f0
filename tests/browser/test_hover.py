"""The card of what the pointer rests on, on the page and in a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Request, expect

from hexviz.api import load
from hexviz.app.report import to_report
from hexviz.view.cards import card
from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

CARD = ".hover-card"


def rest_on(sheet: Sheet, element: str) -> tuple[float, float]:
    x, y = sheet.spot(element)
    sheet.settle()
    sheet.page.mouse.move(x - 3, y)
    sheet.page.mouse.move(x, y)
    expect(sheet.page.locator(CARD)).to_be_visible()
    return x, y


def assert_clear(sheet: Sheet, x: float, y: float) -> None:
    """The card is within the canvas, and not under the pointer."""
    box = sheet.page.locator(CARD).bounding_box()
    canvas = sheet.page.locator("#graph").bounding_box()
    assert box is not None
    assert canvas is not None
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    assert canvas["x"] <= box["x"]
    assert canvas["y"] <= box["y"]
    assert right <= canvas["x"] + canvas["width"]
    assert bottom <= canvas["y"] + canvas["height"]
    assert not (box["x"] <= x <= right and box["y"] <= y <= bottom)


def test_what_is_pointed_at_says_what_it_is_and_asks_nothing(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&open=pooler")
    sheet.shows("m:encoder")
    sheet.settle()
    asked: list[str] = []

    def hear(request: Request) -> None:
        asked.append(request.url)

    sheet.page.on("request", hear)
    shown = sheet.page.locator(CARD)
    assert_clear(sheet, *rest_on(sheet, "m:encoder"))
    expect(shown).to_contain_text("BertEncoder")
    expect(shown).to_contain_text("/BertModel/BertEncoder")
    op = sheet.cy('cy.nodes(\'[name = "Gather"][fqn = "pooler"]\').id()')
    x, y = rest_on(sheet, op)
    assert_clear(sheet, x, y)
    expect(shown).to_contain_text("/BertModel/BertPooler")
    expect(shown).to_contain_text("out float[")
    sheet.page.mouse.wheel(0, -100)
    expect(shown).to_be_hidden()
    sheet.page.mouse.move(2, 2)
    sheet.page.remove_listener("request", hear)
    assert asked == []


def test_a_small_constant_says_its_value_and_a_line_its_shape(
    sheet: Sheet, server: Server, bert: Path
) -> None:
    graph = load(bert)
    told = (op.id for at, op in enumerate(graph.ops) if card(graph, at)[-1].startswith("= "))
    constant = next(told)
    sheet.open(server.url)
    sheet.page.evaluate("id => window.hexviz.send('reveal', id)", constant)
    rest_on(sheet, f"o:{constant}")
    expect(sheet.page.locator(CARD)).to_contain_text("= ")
    x, y = sheet.cy(
        """(() => { const line = cy.edges('[spine = 1]').filter(one => one.data('bends') === 0)[0];
        cy.center(line); const [a, b] = [line.sourceEndpoint(), line.targetEndpoint()];
        const r = cy.container().getBoundingClientRect(), z = cy.zoom(), p = cy.pan();
        return [(a.x + b.x) / 2 * z + p.x + r.left, (a.y + b.y) / 2 * z + p.y + r.top]; })()"""
    )
    sheet.settle()
    sheet.page.mouse.move(x, y - 1)
    sheet.page.mouse.move(x, y)
    expect(sheet.page.locator(CARD)).to_contain_text("×")


def test_the_card_is_in_a_report_as_well(sheet: Sheet, bert: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_report(load(bert), []), encoding="utf-8")
    sheet.page.goto(path.as_uri())
    sheet.enter("m:pooler")
    sheet.wait("cy.nodes('[kind = \"op\"]').nonempty()")
    sheet.settle()
    op = sheet.cy("cy.nodes('[kind = \"op\"]').id()")
    assert_clear(sheet, *rest_on(sheet, op))
    expect(sheet.page.locator(CARD)).to_contain_text("out ")
