"""The Dash app whose page is the one of :mod:`hexviz.app.index_html`."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from dash import Dash
from flask import request

from hexviz.app.index_html import FirstPicture, Look, PageParts, page_html
from hexviz.app.static_files import StaticFiles

__all__ = ["SCRIPTS", "Shell"]

SCRIPTS = r"\.js$|^first\.css$"
"""Files in the assets that Dash must not load by itself: modules, and what the HTML has in it."""

_SCRIPT = re.compile(r'<script src="([^"]+)"></script>\n?')
_LEFT_OUT = (
    "/polyfill@",  # nothing this page runs in lacks what it adds
    "/dash_ag_grid/",  # fetched when a table is first looked at: assets/panels/table.js
    "/dash_table/",  # Dash's own table, which this page has not
)


class Shell(Dash):  # type: ignore[misc] # Dash has no types
    """A Dash app whose page loads the modules of the assets first, and only scripts it needs.

    The first two left out took 0.6 of 2.0 seconds to the first paint.
    """

    first_model = ""
    """Key of the model that an address without one means; none if it is empty."""

    static: StaticFiles
    """Where the styles and modules of the page are."""

    picture: Callable[[str, Look], tuple[str, FirstPicture | None]] = staticmethod(
        lambda _query, _look: ("", None)
    )
    """For an address's query: the name of its model, and its first picture if it can be had."""

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, from the parts that Dash has put together."""

        def deferred(script: re.Match[str]) -> str:
            source = script.group(1)
            # In order, behind the module, which comes before them on the page.
            is_left_out = any(part in source for part in _LEFT_OUT)
            return "" if is_left_out else f'<script defer src="{source}"></script>\n'

        scripts = _SCRIPT.sub(deferred, parts["scripts"])
        look = Look.from_cookies(request.cookies)
        title, picture = self.picture(request.query_string.decode("ascii", "replace"), look)
        page = "".join(
            page_html(
                look,
                title,
                [] if picture is None else [picture],
                page=PageParts(
                    Path(self.config.assets_folder),
                    self.static.url,
                    later=f"{parts['config']}\n{scripts}",
                ),
            )
        )
        # Dash looks for these ids, and refuses to serve a page that would not start it.
        page = page.replace('<script type="module"', '<script id="_dash-renderer" type="module"', 1)
        first = f' data-model="{escape(self.first_model)}"' if self.first_model else ""
        return page.replace('<html lang="en"', f'<html lang="en"{first}', 1)
