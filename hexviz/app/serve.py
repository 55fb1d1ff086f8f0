"""``hexviz view``: the page served on this machine, from the first moment on.

::

    process start ─ names, token, port ─ listens, says where ─ answers what it can (front.py)
                                             │
                                             └─ one thread: the first model's picture
                                                            our routes, Dash
                                                            what can wait

That thread is one, so that nothing competes for the interpreter with what people wait for next.
This file imports neither Dash nor Flask, nor what reads a model.
"""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import waitress

from hexviz.app.front import Front
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
from hexviz.app.models.first_model import FirstModel
from hexviz.app.models.kept_pictures import KeptPictures
from hexviz.app.models.roots import Roots
from hexviz.app.own_window import OwnWindow, register
from hexviz.app.watching.watching import Watching
from hexviz.app.wsgi import App
from hexviz.cache import Cache
from hexviz.errors import HexvizError, ServeError
from hexviz.model.gc_control import collector_paused_then_frozen
from hexviz.view.assets import assets_folder

if TYPE_CHECKING:
    from hexviz.app.jobs.manager import Manager
    from hexviz.app.models.store import ModelStore

__all__ = ["addresses", "listen", "listening", "serve"]

_THREADS = 16  # some of which wait for their turn at long work
_CONNECTIONS = 200  # a browser keeps six open
_SILENCE = 60  # seconds
_CLOSING = 0.2  # seconds for the last answers; the connections of a closed window are nobody's


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
    watch: bool = False,
    factory: str | None = None,
    window: OwnWindow | None = None,
    recover: bool = True,
) -> None:
    """Serve the page until a signal stops it, with ``first`` open if it is given.

    ``queue`` is the address of a Redis, if workers do the jobs. Other machines reach
    the server only with a ``token``, which is made up if it is left out. ``allowed`` are
    more names that it may be called by, ``roots`` the folders whose models the page may open.
    With ``watch``, pages show what is written to ``first`` as soon as it is whole, and, if it was
    exported from a ``factory`` (``package.module:factory``), export that anew when its source
    changes.
    Where reading ``first`` fails while a page waits for it, the page says so and a line on stderr.
    A ``window`` shows the page instead of a browser, and the server ends with it. Its page opens
    by token alone, which is good for one use. Without ``recover``, no blocks are found in what
    names no module.

    Raises:
        JobError: if there is no such queue.
        ReadError: if ``first`` is no readable ONNX model, and no page waits for it yet.
        ServeError: if the address, the token or a name cannot be used.
        SourceError: if a root is no folder.
        WriteError: if there is no cache folder and none can be made.
    """
    # Threads that work in Python itself pass the turn on after 5 ms; an answer needs it a hundred
    # times, and comes ten times later while a model is being opened.
    sys.setswitchinterval(0.0005)
    folders = Roots(tuple(roots))
    names = [host_name(one) for one in allowed]
    secret = chosen_token(token) if token is not None else new_token() if window else None
    cache = Cache()
    cache.folder("jobs")
    kept = KeptPictures(cache, recover=recover)
    model = FirstModel(first, kept, recover=recover) if first is not None else None
    manager: Future[Manager] = Future()
    failed: Future[HexvizError] = Future()
    if queue is not None:
        from hexviz.app.jobs.manager import job_manager

        manager.set_result(job_manager(queue))
    listener = listen(host, port)
    address, bound = listener.getsockname()[:2]
    if secret is None and not is_loopback(address):
        secret = new_token()
    lock = Token(secret, bound, once=window is not None) if secret is not None else None
    guard = Guard(Access(hosts_for(host, address, names), lock))
    near, far = addresses(address, bound, secret)
    has_dialogs = window is not None and window.dialogs is not None
    watches = watch and model is not None
    front = Front(assets_folder(), model, kept, watches=watches, has_window=has_dialogs)
    watching = Watching(first, factory) if watch and first is not None else None
    server = listening(Gate(guard, front), listener, guard)
    also = f", on this machine {near}" if near != far else ""
    try:
        building = [server, failed, front, model, cache, guard, folders, manager, watching, window]
        builder = threading.Thread(target=_build, args=[*building, recover], daemon=True)
        if window is not None:
            builder.start()
            _run_beside(window, near, server, front)
            return
        print(f"hexviz serves {far}{also} (Ctrl+C stops it)", flush=True)  # noqa: T201
        builder.start()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=[near], daemon=True).start()
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass  # waitress takes them the same way, once it runs
    finally:
        server.close()
        if watching is not None:
            watching.close()
        if manager.done():
            manager.result().close()
    if failed.done():
        raise failed.result()


def _run_beside(window: OwnWindow, address: str, server: Any, front: Front) -> None:
    """Show the page in a window, which takes the main thread; the server has one of its own."""
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()

    def open_file(path: Path) -> str:
        key = front.store.result().read_ahead(path)
        return "?" + urlencode({"model": key})

    try:
        window.run(address, open_file)
    finally:
        server.trigger.pull_trigger(server.close)
        serving.join(_CLOSING)


def _build(
    server: Any,
    failed: Future[HexvizError],
    front: Front,
    model: FirstModel | None,
    cache: Cache,
    guard: Guard,
    roots: Roots,
    manager: Future[Manager],
    watching: Watching | None,
    window: OwnWindow | None,
    recover: bool,
) -> None:
    """Put together what is behind the front, what is wanted first first."""
    try:
        with collector_paused_then_frozen():
            if model is not None:
                model.draw()
                # A window is there to say it, and may open another file.
                if (failure := model.failure) is not None and window is None:
                    failed.set_result(failure)
                    server.trigger.pull_trigger(server.close)  # which ends its run
                    return
                threading.Thread(target=_deliver, args=[model, front.store], daemon=True).start()
            from hexviz.app.lazy_imports import import_only_what_is_used

            import_only_what_is_used()
            from hexviz.app.models.first_picture import FirstPictures
            from hexviz.app.models.store import ModelStore
            from hexviz.app.routes import own_server

            # Who is in the window may open again what was opened before, as in other programs.
            is_trusted = window is not None
            store = ModelStore(cache, roots=roots, trusted=is_trusted, recover=recover)
            front.store.set_result(store)
            pictures = FirstPictures(store, cache)
            first = model.key if model is not None else None
            routes = own_server(store, pictures, roots, first)
            if window is not None and window.dialogs is not None:
                register(routes, store, window.dialogs)
            front.routes.set_result(routes.wsgi_app)
            from hexviz.app.jobs.manager import job_manager
            from hexviz.app.server import dash_app

            if not manager.done():
                manager.set_result(job_manager())
            app = dash_app(store, manager.result(), guard, roots)
            front.dash.set_result(app.server.wsgi_app)
    except Exception:  # whatever it was: requests that wait would wait for ever
        front.give_up()
        raise
    cache.sweep()
    if model is not None:
        with suppress(HexvizError):  # who shows it is told the same
            model.prepare(store)
        if watching is not None:
            watching.begin(model, front, store)


def _deliver(model: FirstModel, stored: Future[ModelStore]) -> None:
    model.deliver(stored)
    try:
        model.key()
    except HexvizError as error:
        print("hexviz:", error, file=sys.stderr, flush=True)  # noqa: T201


def listening(app: App, listener: socket.socket, guard: Guard, *, silence: int = _SILENCE) -> Any:
    """The waitress server on a socket, with limits on what a connection may bring.

    One on which nothing arrives for ``silence`` seconds is closed.
    """
    found = waitress.create_server(
        app,
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


def addresses(address: str, port: int, token: str | None) -> tuple[str, str]:
    """The page's address for a browser on this machine, and for one on another."""
    query = urlencode({"token": token}) if token is not None else ""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared
    far = socket.gethostname().lower() if near != address else address

    def url(name: str) -> str:
        shown = f"[{name}]" if ":" in name else name
        return f"http://{shown}:{port}/" + (f"?{query}" if query else "")

    return url(near), url(far)


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
