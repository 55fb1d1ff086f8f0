"""The Dash app. Two of them can live in one process: nothing is shared between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output, State

from hexviz.app import routes
from hexviz.app.callbacks import files, jobs
from hexviz.app.guard import Guard, install
from hexviz.app.index_html import SCRIPTS, Shell
from hexviz.app.jobs.manager import job_manager
from hexviz.app.layout import page
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.view.assets import assets_folder
from sample_models import SAMPLES

if TYPE_CHECKING:
    from hexviz.app.jobs.manager import Manager

__all__ = ["create_app"]


def create_app(
    store: ModelStore,
    pictures: FirstPictures | None = None,
    *,
    manager: Manager | None = None,
    guard: Guard | None = None,
    roots: Roots | None = None,
) -> Dash:
    """Build an app on a store of models; ``pictures`` knows the first answers that are kept.

    ``manager`` does the jobs: this machine's own, unless another one is given.
    ``guard`` says who may come in: everybody on this machine, if it is left out.
    ``roots`` are the folders whose models the page may open.
    """
    manager = manager or job_manager()
    manager.begin()
    app = Shell(
        "hexviz",
        title="hexviz",
        update_title="",
        serve_locally=True,
        assets_folder=str(assets_folder()),
        assets_ignore=SCRIPTS,
        background_callback_manager=manager,
    )
    guard = guard or Guard()
    install(app, guard)
    app.layout = page({name: sample.description for name, sample in SAMPLES.items()})
    roots = roots or Roots()
    files.register(app, store, roots, guard)
    jobs.register(app, store, frozenset(SAMPLES))
    routes.register(app, store, pictures, roots)
    _register_clientside(app)
    manager.seal()
    return app


def _register_clientside(app: Dash) -> None:
    """What needs no server, or sends an event: see assets/main.js."""

    def call(name: str, *arguments: Input | Output | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("hexviz", name), *arguments, prevent_initial_call=not initial
        )

    call("start", Input("stylesheets", "data"), initial=True)
    call("placed", Input("placement", "value"))
    call("coloured", Input("colour", "value"))
    call("visit", Input("uploaded", "data"))
    call("numbered", Input("numbers-read", "data"))
    call(
        "grid",
        Output("ops-pane", "children"),
        Input("grid-wanted", "data"),
        State("grid", "data"),
    )
    call("searched", Input("search", "value"))
    call("made", Input("part-made", "data"))
    call("working", Input("part-job", "hidden"))
    call("comparedWith", Input("compare-chosen", "data"))
    call("comparedAs", Input("compare-role", "value"))
    call("comparisonMade", Input("compare-made", "data"))
    call("tab", Input("tab", "value"))
    call("timings", Input("timings", "opened"))
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
