"""The server: the Dash app put together, and served on this machine.

Two apps can live in one process: nothing is shared between them.
"""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import waitress
from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, request

from hexviz.app import compression, routes
from hexviz.app.address import model_in
from hexviz.app.callbacks import files, jobs
from hexviz.app.dash_shell import SCRIPTS, Shell
from hexviz.app.graph.first_page import first_page
from hexviz.app.guard import (
    Access,
    Gate,
    Guard,
    Token,
    chosen_token,
    host_name,
    hosts_for,
    is_loopback,
    new_token,
    watched,
)
from hexviz.app.guard.limits import MAX_BODY, MAX_HEADERS
from hexviz.app.index_html import FirstPicture, Look
from hexviz.app.jobs.manager import job_manager
from hexviz.app.layout import page
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.plain_answers import NOTHING_HERE, plain, speak_plainly
from hexviz.app.static_files import StaticFiles
from hexviz.cache import Cache
from hexviz.errors import HexvizError, ServeError
from hexviz.model.gc_control import collector_paused_then_frozen
from hexviz.stages import recorded
from hexviz.view.assets import assets_folder
from sample_models import SAMPLES

if TYPE_CHECKING:
    from hexviz.app.jobs.manager import Manager

__all__ = ["addresses", "create_app", "listen", "listening", "serve"]

_THREADS = 16  # some of which wait for their turn at long work
_CONNECTIONS = 200  # a browser keeps six open
_SILENCE = 60  # seconds


def create_app(
    store: ModelStore,
    pictures: FirstPictures | None = None,
    *,
    manager: Manager | None = None,
    guard: Guard | None = None,
    roots: Roots | None = None,
    first: str | None = None,
) -> Dash:
    """Build an app on a store of models; ``pictures`` knows the first answers that are kept.

    ``manager`` does the jobs: this machine's own, unless another one is given.
    ``guard`` says who may come in: everybody on this machine, if it is left out.
    ``roots`` are the folders whose models the page may open. ``first`` is the key of the
    model that is shown where the address names none.
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
    app.first_model = first or ""
    app.static = StaticFiles(assets_folder())
    app.picture = _picture_in(store, first)
    guard = guard or Guard()
    _refuse_plainly(app)
    _serve_static(app.server, app.static)
    compression.install(app.server)
    app.layout = page({name: sample.description for name, sample in SAMPLES.items()})
    roots = roots or Roots()
    files.register(app, store, roots, guard)
    jobs.register(app, store, frozenset(SAMPLES))
    routes.register(app.server, store, pictures, roots)
    _register_clientside(app)
    manager.seal()
    app.server.wsgi_app = Gate(guard, app.server.wsgi_app)
    return app


def _serve_static(server: Flask, static: StaticFiles) -> None:
    """Answer for styles and scripts before Dash does, which knows no addresses with digests."""

    def serve() -> Response | None:
        if request.method not in {"GET", "HEAD"}:
            return None
        found = static.answer(request.path, request.headers)
        if found is None:
            return None
        return Response(found.body, status=found.status, headers=found.headers)

    server.before_request(serve)


def _refuse_plainly(app: Dash) -> None:
    """Errors in one line, and no page where there is nothing, as Dash would answer."""
    speak_plainly(app.server)
    for missing in (DependencyException, InvalidResourceError):  # these list what there is
        app.server.register_error_handler(missing, lambda _: plain(404, NOTHING_HERE))
    app.server.view_functions["/<path:path>"] = _nothing


def _nothing(path: str) -> Response:  # noqa: ARG001 - a route's blank
    return plain(404, NOTHING_HERE)


def _picture_in(
    store: ModelStore, first: str | None
) -> Callable[[str, Look], tuple[str, FirstPicture | None]]:
    """What an app's page shows before its scripts: a picture, if the model is open."""

    def picture(query: str, look: Look) -> tuple[str, FirstPicture | None]:
        key = model_in(query) or first or ""
        model = store.opened(key)
        if model is None:
            return store.name(key) or "", None
        return model.graph.name, first_page(model, query, look)

    return picture


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


def serve(
    first: Path | None,
    *,
    host: str,
    port: int,
    open_browser: bool,
    queue: str | None = None,
    token: str | None = None,
    allowed: Iterable[str] = (),
    roots: Iterable[Path] = (),
) -> None:
    """Serve the page until a signal stops it, with ``first`` open if it is given.

    ``queue`` is the address of a Redis, if workers do the jobs. Other machines reach
    the server only with a ``token``, which is made up if it is left out. ``allowed`` are
    more names that it may be called by, ``roots`` the folders whose models the page may open.

    Raises:
        JobError: if there is no such queue.
        ReadError: if ``first`` is no readable ONNX model.
        ServeError: if the address, the token or a name cannot be used.
        SourceError: if a root is no folder.
    """
    folders = Roots(tuple(roots))
    names = [host_name(one) for one in allowed]
    secret = chosen_token(token) if token is not None else None
    with collector_paused_then_frozen():
        cache = Cache()
        cache.sweep()
        store = ModelStore(cache, roots=folders)
        key = store.read_ahead(first) if first is not None else None
        listener = listen(host, port)
        address, bound = listener.getsockname()[:2]
        if secret is None and not is_loopback(address):
            secret = new_token()
        key_to_it = Token(secret, bound) if secret is not None else None
        guard = Guard(Access(hosts_for(host, address, names), key_to_it))
        near, far = addresses(address, bound, secret, key)
        manager = job_manager(queue)
        pictures = FirstPictures(store, cache)
        app = create_app(store, pictures, manager=manager, guard=guard, roots=folders, first=key)
        server = listening(app.server, listener, guard)
    also = f", on this machine {near}" if near != far else ""
    try:
        print(f"hexviz serves {far}{also} (Ctrl+C stops it)", flush=True)  # noqa: T201
        # Threads that work in Python itself pass the turn on after 5 ms; an answer needs it
        # a hundred times, and comes ten times later while a model is being opened.
        sys.setswitchinterval(0.0005)
        if key is not None:
            # While the browser loads the page; its request for the model waits for this.
            threading.Thread(target=_open, args=[store, key], daemon=True).start()
        if open_browser:
            threading.Timer(0.3, webbrowser.open, [near]).start()
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass  # waitress takes them the same way, once it runs
    finally:
        server.close()
        manager.close()


def listening(
    server: Flask, listener: socket.socket, guard: Guard, *, silence: int = _SILENCE
) -> Any:
    """The waitress server on a socket, with limits on what a connection may bring.

    One on which nothing arrives for ``silence`` seconds is closed.
    """
    found = waitress.create_server(
        server,
        sockets=[listener],
        threads=_THREADS,
        ident=None,
        max_request_header_size=MAX_HEADERS,
        max_request_body_size=MAX_BODY,
        connection_limit=_CONNECTIONS,
        channel_timeout=silence,
    )
    found.channel_class = watched(guard.most)
    return found


def addresses(address: str, port: int, token: str | None, key: str | None) -> tuple[str, str]:
    """The page's address for a browser on this machine, and for one on another."""
    asked = {"model": key, "token": token}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared
    far = socket.gethostname().lower() if near != address else address

    def url(name: str) -> str:
        shown = f"[{name}]" if ":" in name else name
        return f"http://{shown}:{port}/" + (f"?{query}" if query else "")

    return url(near), url(far)


def _open(store: ModelStore, key: str) -> None:
    with suppress(HexvizError):  # the page asks for the same, and says why it cannot be shown
        model = store.get(key)
        with recorded(blocks=False) as record:
            model.render(model.first_view(), "light")
        model.drew(record.stages)


def listen(host: str, port: int) -> socket.socket:
    """A socket on an address.

    Raises:
        ServeError: if it cannot be used, with what to do instead.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, ValueError) as error:  # ValueError: what cannot be a name at all
        raise ServeError(
            f"Cannot serve on {host}: no address is known for that name: "
            "give --host an address or a name of this machine."
        ) from error
    try:
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ServeError(
                f"Cannot serve on {host}: that is no address of this machine: "
                "give --host one that is, or 0.0.0.0 for all of them."
            ) from error
        raise ServeError(
            f"Cannot serve on {host}:{port} ({error.strerror}): "
            "choose another with --port, or --port 0 for any free one."
        ) from error
