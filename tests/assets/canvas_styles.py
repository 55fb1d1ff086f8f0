"""The browser's copy of ``hexviz/view/stylesheet.py``: ``make canvas-styles`` writes it.

A module of the page, so that the canvas needs no answer of the server's to be drawn.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from hexviz.view.palette import Theme
from hexviz.view.stylesheet import CANVAS, stylesheet

__all__ = ["WRITTEN", "module"]

WRITTEN = Path(__file__).parents[2] / "assets" / "canvas" / "styles.js"

_HEAD = """\
// Written by `make canvas-styles` from hexviz/view/stylesheet.py, which says what stands here.

/** @import { StylesheetStyle } from "cytoscape" */

"""


def module() -> str:
    """All of ``styles.js``."""
    return "\n".join([
        f"{_HEAD}export const CANVAS = {json.dumps(dict(CANVAS))};",
        "",
        '/** @type {Record<"light" | "dark", StylesheetStyle[]>} */',
        "export const STYLES = /** @type {any} */ ({",
        *(
            line
            for theme in get_args(Theme)
            for line in [
                f"  {theme}: [",
                *(f"    {json.dumps(rule, ensure_ascii=False)}," for rule in stylesheet(theme)),
                "  ],",
            ]
        ),
        "});",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    WRITTEN.write_text(module())
