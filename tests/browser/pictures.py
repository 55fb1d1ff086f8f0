"""The pictures of README and docs, taken from the running page: `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import onnx
from playwright.sync_api import sync_playwright

import hexviz
from benchmarks.rewriters import REWRITERS
from tests.browser.conftest import Server, Sheet
from tests.browser.install_chromium import find
from tests.browser.walk import take_walk

SIZE = {"width": 1280, "height": 800}
ATTENTION = "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention"
SELF = "encoder.layer.0.attention.self"
OUTPUT = "encoder.layer.0.attention.output"


class View(NamedTuple):
    """What to take a picture of.

    ``query`` follows the model in the address, ``element`` is put into the middle, and ``press``
    is a button to press before.
    """

    query: str
    scheme: Literal["light", "dark"] = "light"
    element: str = ""
    press: str = ""


Views = Mapping[str, View]
EXPLAINED = f"{ATTENTION}&open={SELF}&open={SELF}!scaled_dot_product_attention&op=val_82"
VIEWS: Views = {
    "collapsed": View(""),
    "explained": View(EXPLAINED, element="o:val_91"),
    "chain": View(EXPLAINED, element="o:val_93", press="Show the chain in the graph"),
    "audit": View("&tab=audit&open=encoder&op=val_80"),
    "filtered": View("&open=encoder&hide=encoder.layer.0&hide=pooler"),
    "cut": View(
        "&tab=extract&keep=encoder.layer.0&open=encoder&open=encoder.layer.0&policy=include_context"
    ),
    "measured": View("&tab=measure&open=encoder&module=encoder.layer.0"),
    "dark": View(f"{ATTENTION}&module=encoder.layer.0.attention", "dark"),
}
TRANSFERRED: Views = {
    "transferred": View(
        f"{ATTENTION}&open={OUTPUT}&open={OUTPUT}.LayerNorm&op=layer_norm_1",
        element="o:layer_norm_1",
    ),
}
"""The same of what ONNX Runtime's optimiser made of it, with its tags transferred."""


def optimised(source: Path, folder: Path) -> Path:
    """What ONNX Runtime makes of a tagged model, tagged from it."""
    proto = REWRITERS["ORT extended"](onnx.load(source))
    path = folder / "bert-tiny optimised.onnx"
    hexviz.transfer(hexviz.load(source), proto).save(path)
    return path


def take(source: Path, folder: Path, views: Views = VIEWS) -> None:
    """Take pictures of a model into a folder."""
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as playwright:
        server = Server(source, Path(cache))
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, view in views.items():
            page = browser.new_page(viewport=SIZE, color_scheme=view.scheme)
            sheet = Sheet(page)
            sheet.open(server.url + view.query)
            page.wait_for_timeout(1200)
            if "tab=measure" in view.query:  # whose library comes with the first table
                page.locator(".ag-row").first.wait_for()
            sheet.settle()
            if view.press:
                page.get_by_role("button", name=view.press).click()
                sheet.settle()
            if view.element:
                sheet.cy("void (cy.zoom(0.8), cy.center(cy.getElementById(a[0])))", view.element)
                page.wait_for_timeout(400)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()
        server.stop()


if __name__ == "__main__":
    model, pictures = Path(sys.argv[1]), Path(sys.argv[2])
    take(model, pictures)
    take_walk(model, pictures / "walk.webp")
    with tempfile.TemporaryDirectory() as beside:
        take(optimised(model, Path(beside)), pictures, TRANSFERRED)
