"""The page of a view as one HTML text, the same for all views: scripts and styles, no data.

A notebook's document gets it once, packed, beside a message and not as a part of the widget's
state: a saved notebook holds none of it.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import NamedTuple

from hexviz.app.report.scripts import content_policy, join_modules, join_styles
from hexviz.view.assets import assets_folder
from hexviz.view.modes import COLOURINGS, figure_of, policy_of
from hexviz.view.what_if import NAMES

__all__ = ["NotebookPage", "notebook_page", "widget_script"]

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_DOCUMENTED = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_ELSEWHERE = ("numbers", "compared")  # colours that need a file, or a second graph


class NotebookPage(NamedTuple):
    """The page's HTML, gzipped, and by which name a document keeps it."""

    content: bytes
    digest: str


@lru_cache(maxsize=1)
def notebook_page() -> NotebookPage:
    """The page; put together when a notebook first asks."""
    assets = assets_folder()
    own = (files(__package__) / "notebook.css").read_text(encoding="utf-8")
    style = join_styles(assets) + own
    library = (assets / "vendor" / "cytoscape.min.js").read_text(encoding="utf-8")
    script = join_modules(assets / "notebook.js")
    slots = {
        "policy": content_policy(style, library, script),
        "style": style,
        "colours": _colours(),
        "library": library,
        "script": script,
    }
    template = (files(__package__) / "notebook.html").read_text(encoding="utf-8")
    html = _SLOT.sub(lambda slot: slots[slot[1]], template).encode()
    return NotebookPage(gzip.compress(html, 6, mtime=0), hashlib.sha256(html).hexdigest()[:16])


def widget_script() -> str:
    """The part of a view that runs in the notebook's own document, without its type comments."""
    text = (assets_folder() / "notebook" / "widget.js").read_text(encoding="utf-8")
    return _DOCUMENTED.sub("", text)


def _colours() -> str:
    """What there is to colour by, as the options of a list."""
    plain = [
        f'<option value="{mode}">by {escape(mode)}</option>'
        for mode in COLOURINGS
        if mode not in _ELSEWHERE and figure_of(mode) is None and policy_of(mode) is None
    ]
    asked = [
        f'<option value="{mode}">{escape(NAMES[policy])}</option>'
        for mode in COLOURINGS
        if (policy := policy_of(mode)) is not None
    ]
    return f'{"".join(plain)}<optgroup label="What if">{"".join(asked)}</optgroup>'
