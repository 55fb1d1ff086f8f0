"""The README's pictures, taken from the running page: `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
from playwright.sync_api import sync_playwright

import hexviz
from benchmarks.rewriters import REWRITERS
from tests.browser.conftest import Server, Sheet
from tests.browser.install_chromium import find

SIZE = {"width": 1280, "height": 800}
ATTENTION = "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention"
SELF = "encoder.layer.0.attention.self"
OUTPUT = "encoder.layer.0.attention.output"
Views = Mapping[str, tuple[str, str, str | None]]
VIEWS: Views = {
    "collapsed": ("", "light", None),
    "explained": (
        f"{ATTENTION}&open={SELF}&open={SELF}!scaled_dot_product_attention&op=val_82",
        "light",
        "o:val_91",
    ),
    "filtered": ("&open=encoder&hide=encoder.layer.0&hide=pooler", "light", None),
    "cut": (
        "&tab=extract&keep=encoder.layer.0&open=encoder&open=encoder.layer.0&policy=include_context",
        "light",
        None,
    ),
    "measured": ("&tab=measure&open=encoder&module=encoder.layer.0", "light", None),
    "dark": (f"{ATTENTION}&module=encoder.layer.0.attention", "dark", None),
}
"""Picture → what follows the model in the address, the theme, the element to look at."""
TRANSFERRED: Views = {
    "transferred": (
        f"{ATTENTION}&open={OUTPUT}&open={OUTPUT}.LayerNorm&op=layer_norm_1",
        "light",
        "o:layer_norm_1",
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
        for name, (query, scheme, element) in views.items():
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)
            sheet = Sheet(page)
            sheet.open(server.url + query)
            page.wait_for_timeout(1200)
            if element:
                sheet.cy("void (cy.zoom(0.8), cy.center(cy.getElementById(a[0])))", element)
                page.wait_for_timeout(400)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()
        server.stop()


if __name__ == "__main__":
    model, pictures = Path(sys.argv[1]), Path(sys.argv[2])
    take(model, pictures)
    with tempfile.TemporaryDirectory() as beside:
        take(optimised(model, Path(beside)), pictures, TRANSFERRED)
