"""A model whose every name is markup: all of it is text on the page, and nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Server, Sheet
from tests.hostile.crafted import markup

pytestmark = pytest.mark.browser

FOREIGN = """() => [...document.querySelectorAll('img, svg[onload], g[onclick]')]
    .map(one => one.outerHTML)
    .concat([...document.querySelectorAll('*')]
        .filter(one => [...one.attributes].some(at => at.name.startsWith('on')
            || /^\\s*javascript:/i.test(at.value) && ['href', 'src'].includes(at.name)))
        .map(one => one.outerHTML))"""
"""What names could have become, had they been taken for markup."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path: Path = tmp_path_factory.mktemp("markup") / "<img src=x onerror=hit()>.onnx"
    path.write_bytes(markup().SerializeToString())
    running = Server(path, tmp_path_factory.mktemp("cache"))
    yield running
    running.stop()


def test_names_are_text_all_over_the_page(hostile: Server, sheet: Sheet) -> None:
    page = sheet.page
    sheet.open(hostile.url)
    nodes = sheet.cy("cy.nodes().filter(n => n.visible()).map(n => n.id()).slice(0, 12)")
    for element in nodes:
        sheet.click(element)
        sheet.settle()
        assert page.evaluate(FOREIGN) == []
    for tab in page.get_by_role("tab").all():
        tab.click()
        sheet.settle()
        assert page.evaluate(FOREIGN) == []
    assert page.evaluate("() => window.hit") is None
