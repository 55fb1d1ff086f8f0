"""The page's frame: where its parts stand at every size of a window, and what opens a model."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser


def bare(url: str) -> str:
    """The address without a query."""
    return urlsplit(url)._replace(query="").geturl()


def test_the_bare_address_is_the_model_named_at_the_start(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    before = page.evaluate("() => history.length")
    sheet.open(bare(server.url))
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function("() => location.search.includes('model=')")
    assert page.evaluate("() => history.length") <= before + 1  # it is spelled out, and no step
    page.evaluate("() => window.hexviz.send('toggle', 'pooler')")
    sheet.wait("cy.getElementById('m:pooler').data('open') === 0")
    page.go_back()
    sheet.wait("cy.getElementById('m:pooler').data('open') === 1")
