"""Serving the page on this machine."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import waitress

from hexviz.app.factory import create_app
from hexviz.app.first_sight import FirstSight, pictures_in
from hexviz.app.folders import pictures_folder, uploads_folder
from hexviz.app.store import ModelStore
from hexviz.app.tags import tags_shelf
from hexviz.errors import HexvizError, ServeError
from hexviz.model.rest import collector_spares
from hexviz.stages import recorded

__all__ = ["serve"]

_THREADS = 8


def serve(first: Path | None, *, host: str, port: int, open_browser: bool) -> None:
    """Serve the page until interrupted, with ``first`` open if it is given.

    Raises:
        ReadError: if ``first`` is no readable ONNX model.
        ServeError: if the address cannot be used.
    """
    with collector_spares():
        store = ModelStore(uploads_folder(), shelf=tags_shelf())
        key = store.read_ahead(first) if first is not None else None
        listener = _listen(host, port)
        shown, bound = listener.getsockname()[:2]
        url = f"http://{f'[{shown}]' if ':' in shown else shown}:{bound}/"
        if key is not None:
            url += f"?model={key}"
        app = create_app(store, FirstSight(store, pictures_in(pictures_folder())))
        server = waitress.create_server(app.server, sockets=[listener], threads=_THREADS)
    print(f"hexviz serves {url} (Ctrl+C stops it)", flush=True)  # noqa: T201
    # Threads that work in Python itself pass the turn on after 5 ms; an answer needs it
    # a hundred times, and comes ten times later while a model is being opened.
    sys.setswitchinterval(0.0005)
    if key is not None:
        # While the browser loads the page; its request for the model waits for this.
        threading.Thread(target=_open, args=[store, key], daemon=True).start()
    if open_browser:
        threading.Timer(0.3, webbrowser.open, [url]).start()
    try:
        server.run()
    finally:
        server.close()


def _open(store: ModelStore, key: str) -> None:
    with suppress(HexvizError):  # the page asks for the same, and says why it cannot be shown
        model = store.get(key)
        with recorded() as record:
            model.render(model.first_view(), "light")
        model.drew(record.stages)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise ServeError(
            f"Cannot serve on {host}:{port} ({error.strerror}): "
            "choose another with --port, or --port 0 for any free one."
        ) from error
