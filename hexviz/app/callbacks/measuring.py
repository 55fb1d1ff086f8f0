"""The performance tab: made when somebody opens it for a model, and again when its colours change.

A route and not a callback, as the browser tells what it measured itself, and
as what it shows goes on the page without React.
"""

from __future__ import annotations

import json
from typing import Any

from dash import Dash
from dash.development.base_component import Component
from flask import Response, request

from hexviz.app.models.store import ModelStore
from hexviz.app.panels.timings.frame import frame
from hexviz.app.panels.timings.panel import tell
from hexviz.errors import HexvizError
from hexviz.view.palette import Theme
from hexviz.view.performance.runs import MAX_RUN

__all__ = ["register"]

_IN_BROWSER = {"transfer": "transfer", "page": "page's scripts", "paint": "paint"}
_LONGEST = 3600.0  # seconds that a stage in a browser may take


def register(app: Dash, store: ModelStore) -> None:
    """Attach the route of this file to an app's server."""

    @app.server.post("/performance")
    def on_performance() -> Response:
        try:
            sent = request.get_json(silent=True)
        except RecursionError:  # nested deeper than anything the page sends
            sent = None
        told = sent if isinstance(sent, dict) else {}
        theme: Theme = "dark" if told.get("theme") == "dark" else "light"
        try:
            model = store.get(told.get("model"))
        except HexvizError as error:
            return _answer({"error": str(error)}, status=409)
        found = tell(model, theme, _in_browser(told.get("browser")), _chosen(told.get("run")))
        answer: dict[str, Any] = {"parts": found.parts, "figures": found.figures}
        if told.get("first") is True:
            answer["frame"] = frame()
        return _answer(answer)


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content, default=_plain), status=status, mimetype="application/json")


def _plain(component: Component) -> Any:
    return component.to_plotly_json()


def _in_browser(sent: object) -> list[tuple[str, float]]:
    """The stages that a browser measured, in milliseconds; what has no sense is left out."""
    told = sent if isinstance(sent, dict) else {}
    found = []
    for key, name in _IN_BROWSER.items():
        match told.get(key):
            case bool():  # numbers to Python
                continue
            case int() | float() as value if 0 <= value < _LONGEST * 1e3:
                found.append((name, value / 1e3))
    return found


def _chosen(sent: object) -> bytes | None:
    """The file with a run that a person chose, cut off behind what such a file may hold."""
    return sent[: MAX_RUN + 1].encode(errors="replace") if isinstance(sent, str) else None
