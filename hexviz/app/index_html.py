"""The HTML around the page: what the browser loads, and when."""

from __future__ import annotations

import re
from typing import Any

from dash import Dash

__all__ = ["Shell"]

_SCRIPT = re.compile(r'<script src="([^"]+)"></script>\n?')
_OLD_BROWSERS = "/polyfill@"  # nothing this page runs in lacks what it adds
_TABLE = "/dash_ag_grid/"  # fetched in advance, run when the table is first looked at


class Shell(Dash):  # type: ignore[misc] # Dash has no types
    """A Dash app whose page runs only the scripts that the graph needs.

    The two left out took 0.6 of 2.0 seconds to the first paint. See
    ``assets/table.js`` for when the table's is run.
    """

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, from the parts that Dash has put together."""
        later = ""

        def keep(script: re.Match[str]) -> str:
            nonlocal later
            source = script.group(1)
            if _TABLE in source:
                later = f'<link id="table-script" rel="prefetch" as="script" href="{source}">'
                return ""
            return "" if _OLD_BROWSERS in source else script.group()

        parts["scripts"] = _SCRIPT.sub(keep, parts["scripts"])
        parts["metas"] += later
        page: str = super().interpolate_index(**parts)
        return page.replace("<html>", '<html lang="en">')
