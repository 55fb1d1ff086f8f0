"""The Dash app. Two of them can live in one process: nothing is shared between them."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, State

from hexviz.app.callbacks import (
    auditing,
    filtering,
    inspecting,
    measuring,
    moving,
    opening,
    saving,
)
from hexviz.app.first_sight import FirstSight
from hexviz.app.folders import assets_folder
from hexviz.app.jobs import job_manager
from hexviz.app.limits import MAX_UPLOAD
from hexviz.app.page import page
from hexviz.app.shell import Shell
from hexviz.app.store import ModelStore
from sample_models import SAMPLES

__all__ = ["create_app"]


def create_app(store: ModelStore, sight: FirstSight | None = None) -> Dash:
    """Build an app on a store of models; ``sight`` knows the first answers that are kept."""
    app = Shell(
        "hexviz",
        title="hexviz",
        update_title="",
        serve_locally=True,
        assets_folder=str(assets_folder()),
        background_callback_manager=job_manager(),
    )
    # Base64 makes an upload a third larger, and the rest of a request is small.
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD * 4 // 3 + (1 << 20)
    app.layout = page({name: sample.description for name, sample in SAMPLES.items()})
    opening.register(app, store, frozenset(SAMPLES))
    moving.register(app, store, sight)
    inspecting.register(app, store)
    auditing.register(app, store)
    filtering.register(app, store)
    measuring.register(app, store)
    saving.register(app, store)
    _register_clientside(app)
    return app


def _register_clientside(app: Dash) -> None:
    """What needs no server: see assets/controls.js."""

    def call(name: str, *arguments: Input | Output | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("hexviz", name), *arguments, prevent_initial_call=not initial
        )

    call("start", Input("stylesheets", "data"), initial=True)
    call("placed", Input("placement", "value"))
    call("coloured", Input("colour", "value"))
    call("visit", Input("uploaded", "data"))
    call("numbered", Input("numbers-read", "data"))
    call("tabled", Input("table", "data"))
    call(
        "grid",
        Output("ops-pane", "children"),
        Input("grid-wanted", "data"),
        State("grid", "data"),
    )
    call("found", Input("found", "data"))
    call("audited", Input("audit", "data"))
    call("filtered", Input("filter", "data"))
    call("hinted", Input("hints", "data"))
    call("picture", Input("svg", "data"))
    call("inspected", Input("inspection", "data"))
    call(
        "tab",
        Output("graph-pane", "hidden"),
        Output("ops-pane", "hidden"),
        Output("audit-pane", "hidden"),
        Output("performance-pane", "hidden"),
        Output("filter-panel", "hidden"),
        Output("inspector", "hidden"),
        Input("tab", "value"),
    )
    call(
        "theme",
        Output("theme-provider", "forceColorScheme"),
        Output("theme", "data"),
        Output("graph", "stylesheet"),
        Input("theme-toggle", "n_clicks"),
        State("theme", "data"),
        State("stylesheets", "data"),
        initial=True,
    )
