"""The Dash app put together, and the whole application for who wants it at once.

Two apps can live in one process: nothing is shared between them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Response

from hexviz.app import compression, routes
from hexviz.app.callbacks import files, jobs
from hexviz.app.front import Front, KnownFirst
from hexviz.app.guard import Gate, Guard
from hexviz.app.jobs.manager import job_manager
from hexviz.app.layout import page
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.plain_answers import NOTHING_HERE, plain, speak_plainly
from hexviz.app.samples import lacking
from hexviz.view.assets import assets_folder
from sample_models import SAMPLES

if TYPE_CHECKING:
    from hexviz.app.jobs.manager import Manager

__all__ = ["START", "create_app", "dash_app"]

START = "/_dash-start"
"""Where the page learns what it needs to start Dash: see assets/dash.js."""

_SCRIPT = re.compile(r'<script src="([^"]+)"></script>')
_LEFT_OUT = (
    "/polyfill@",  # nothing this page runs in lacks what it adds
    "/dash_ag_grid/",  # fetched when a table is first looked at: assets/panels/table.js
    "/dash_table/",  # Dash's own table, which this page has not
)


def create_app(
    store: ModelStore,
    pictures: FirstPictures | None = None,
    *,
    manager: Manager | None = None,
    guard: Guard | None = None,
    roots: Roots | None = None,
    first: str | None = None,
) -> Dash:
    """Build a whole app on a store of models, whose ``server`` answers everything.

    ``pictures`` knows the first answers that are kept. ``manager`` does the jobs: this machine's
    own, unless another one is given. ``guard`` says who may come in: everybody on this machine, if
    it is left out. ``roots`` are the folders whose models the page may open. ``first`` is the key
    of the model that is shown where the address names none.
    """
    guard, roots = guard or Guard(), roots or Roots()
    app = dash_app(store, manager or job_manager(), guard, roots)
    known = KnownFirst(first) if first is not None else None
    routes.register(app.server, store, pictures, roots, known.key if known else None)
    front = Front(assets_folder(), known)
    front.store.set_result(store)
    for other in (front.routes, front.dash):
        other.set_result(app.server.wsgi_app)
    app.server.wsgi_app = Gate(guard, front)
    return app


def dash_app(store: ModelStore, manager: Manager, guard: Guard, roots: Roots) -> Dash:
    """What Dash does on the page: dialogs, files that come in, jobs, and tables.

    ``guard`` counts the files; it stands before the whole server, and not here.
    """
    manager.begin()
    app = _Started(
        "hexviz",
        title="hexviz",
        update_title="",
        serve_locally=True,
        assets_folder=str(assets_folder()),
        include_assets_files=False,  # the front gives them out, and the page names them
        background_callback_manager=manager,
    )
    speak_plainly(app.server)
    for missing in (DependencyException, InvalidResourceError):  # these list what there is
        app.server.register_error_handler(missing, lambda _: plain(404, NOTHING_HERE))
    for path in ("/", "/<path:path>"):  # where Dash would answer with a page of its own
        app.server.view_functions[path] = _nothing
    app.server.add_url_rule(START, view_func=app.index)
    compression.install(app.server)
    # A queue's workers may have what this machine lacks.
    absent = {} if manager.is_shared else lacking(SAMPLES)
    app.layout = page({name: sample.description for name, sample in SAMPLES.items()}, absent)
    files.register(app, store, roots, guard)
    jobs.register(app, store, frozenset(SAMPLES))
    _register_clientside(app)
    manager.seal()
    return app


def _nothing(path: str = "") -> Response:  # noqa: ARG001 - a route's blank
    return plain(404, NOTHING_HERE)


class _Started(Dash):  # type: ignore[misc] # Dash has no types
    """A Dash app that a page starts which stands already (:mod:`hexviz.app.index_html`)."""

    def interpolate_index(self, **parts: Any) -> str:
        """What the page lacks to start Dash: its configuration, and its scripts in order.

        Dash looks for what is in the last line, and refuses to answer where a page would not
        start it.
        """
        scripts = "".join(
            f'<script src="{source}"></script>\n'
            for source in _SCRIPT.findall(parts["scripts"])
            if not any(part in source for part in _LEFT_OUT)
        )
        return (
            f"{parts['config']}\n{scripts}{parts['app_entry']}\n"
            '<script id="_dash-renderer" type="module"></script>\n'
        )


def _register_clientside(app: Dash) -> None:
    """What needs no server, or sends an event: see assets/main.js."""

    def call(name: str, *arguments: Input | Output | State, initial: bool = False) -> None:
        app.clientside_callback(
            ClientsideFunction("hexviz", name), *arguments, prevent_initial_call=not initial
        )

    call("start", Input("theme", "storage_type"), initial=True)
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
    call("notified", Input("notices", "data"))
    call("searched", Input("search", "value"))
    call("made", Input("part-made", "data"))
    call("working", Input("part-job", "hidden"))
    call("comparedWith", Input("compare-chosen", "data"))
    call("comparedAs", Input("compare-role", "value"))
    call("comparisonMade", Input("compare-made", "data"))
    call(
        "figuresGrid",
        Output("measure-table", "children"),
        Input("figures-grid-wanted", "data"),
        State("figures-grid", "data"),
    )
    call("measured", Input("measured", "data"))
    call("traceRead", Input("trace-read", "data"))
    call("parityWith", Input("parity-chosen", "data"))
    call("measureMade", Input("measure-made", "data"))
    call("costsMade", Input("costs-made", "data"))
    call("tab", Input("tab", "value"))
    call("timings", Input("timings", "opened"))
    call(
        "theme",
        Output("theme-provider", "forceColorScheme"),
        Output("theme", "data"),
        Input("theme-toggle", "n_clicks"),
        initial=True,
    )
