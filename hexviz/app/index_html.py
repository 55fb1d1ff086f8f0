"""The HTML around the page: what the browser loads, and in which order.

::

    assets/main.js (a module)   sends the first event, offers functions to callbacks
        ▼
    React, components, Dash     put the page together
        ▼
    assets/main.js              starts Dash's renderer, once all of these have run
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import Dash

from hexviz.app.static_files import StaticFiles

__all__ = ["ICON", "SCRIPTS", "Shell", "imported"]

SCRIPTS = r"\.js$"
"""Files in the assets that Dash must not load by itself: they are modules, and load each other."""

_ENTRY = "main.js"
_SCRIPT = re.compile(r'<script src="([^"]+)"></script>\n?')
_IMPORT = re.compile(r'^\s*(?:import|\} from)\b[^"\n]*"(\.[^"\n]+)"', re.MULTILINE)
ICON = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 22">'
    '<linearGradient id="g" x2=".4" y2="1"><stop stop-color="#6b7cff"/>'
    '<stop offset="1" stop-color="#2fb7a6"/></linearGradient>'
    '<path fill="url(#g)" d="M10 0l10 5.5v11L10 22 0 16.5v-11z"/></svg>'
)
"""The mark of the page in its tab. A file would be asked for at each change of the address."""

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

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, from the parts that Dash has put together."""

        def deferred(script: re.Match[str]) -> str:
            source = script.group(1)
            # In order, behind the module, which comes before them on the page.
            is_left_out = any(part in source for part in _LEFT_OUT)
            return "" if is_left_out else f'<script defer src="{source}"></script>\n'

        url = self.static.url
        parts["scripts"] = _SCRIPT.sub(deferred, parts["scripts"])
        parts["css"] = "\n".join(
            f'<link rel="stylesheet" href="{url(name)}">' for name in self.static.names(".css")
        )
        parts["favicon"] = f'<link rel="icon" href="{ICON}">'
        parts["metas"] += "\n".join(self._modules())
        parts["renderer"] = ""  # assets/dash.js starts it
        page: str = super().interpolate_index(**parts)
        first = f' data-model="{escape(self.first_model)}"' if self.first_model else ""
        return page.replace("<html>", f'<html lang="en"{first}>')

    def _modules(self) -> list[str]:
        """The entry, and all that it imports: a browser would learn of them one by one."""
        folder = Path(self.config.assets_folder)
        first, *others = (self.static.url(name) for name in imported(folder, _ENTRY))
        return [
            # Dash looks for this id, and refuses to serve a page that would not start it.
            f'<script id="_dash-renderer" type="module" src="{first}"></script>',
            *(f'<link rel="modulepreload" href="{other}">' for other in others),
        ]


def imported(folder: Path, entry: str) -> list[str]:
    """The paths below ``folder`` of a module and all that it imports, each once."""
    found = [entry]
    for name in found:
        for relative in _IMPORT.findall((folder / name).read_text()):
            path = (folder / name).parent.joinpath(relative).resolve()
            other = path.relative_to(folder.resolve()).as_posix()
            if other not in found:
                found.append(other)
    return found
