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

from dash import Dash

__all__ = ["SCRIPTS", "Shell", "imported"]

SCRIPTS = r"\.js$"
"""Files in the assets that Dash must not load by itself: they are modules, and load each other."""

_ENTRY = "main.js"
_SCRIPT = re.compile(r'<script src="([^"]+)"></script>\n?')
_IMPORT = re.compile(r'^\s*(?:import|\} from)\b[^"\n]*"(\.[^"\n]+)"', re.MULTILINE)
_OLD_BROWSERS = "/polyfill@"  # nothing this page runs in lacks what it adds
_TABLE = "/dash_ag_grid/"  # fetched in advance, run when the table is first looked at


class Shell(Dash):  # type: ignore[misc] # Dash has no types
    """A Dash app whose page loads the modules of the assets first, and only scripts it needs.

    The two scripts left out took 0.6 of 2.0 seconds to the first paint. See
    ``assets/panels/table.js`` for when the table's is run.
    """

    first_model = ""
    """Key of the model that an address without one means; none if it is empty."""

    def interpolate_index(self, **parts: Any) -> str:
        """The page's HTML, from the parts that Dash has put together."""
        later = ""

        def deferred(script: re.Match[str]) -> str:
            nonlocal later
            source = script.group(1)
            if _TABLE in source:
                later = f'<link id="table-script" rel="prefetch" as="script" href="{source}">'
                return ""
            # In order, behind the module, which comes before them on the page.
            return "" if _OLD_BROWSERS in source else f'<script defer src="{source}"></script>\n'

        parts["scripts"] = _SCRIPT.sub(deferred, parts["scripts"])
        parts["metas"] += "\n".join([*self._modules(), later])
        parts["renderer"] = ""  # assets/dash.js starts it
        page: str = super().interpolate_index(**parts)
        first = f' data-model="{escape(self.first_model)}"' if self.first_model else ""
        return page.replace("<html>", f'<html lang="en"{first}>')

    def _modules(self) -> list[str]:
        """The entry, and all that it imports: a browser would learn of them one by one."""
        folder = Path(self.config.assets_folder)
        first, *others = (self.get_asset_url(name) for name in imported(folder, _ENTRY))
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
