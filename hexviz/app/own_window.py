"""A window of hexviz's own around the page, as far as the page's server knows of it.

::

    page ── POST /window/choose ──▶ the system's dialog ──▶ path ──▶ store ──▶ key ──▶ page
         ── POST /window/dropped ─▶ what was just dropped ─┘

The page names no path. It asks for a dialog, or says the name of what was dropped on it, and
gets the key of a model. These requests pass the guard like all others: host, origin and token.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from hexviz.errors import HexvizError

if TYPE_CHECKING:
    from flask import Flask, Response

    from hexviz.app.models.store import ModelStore

__all__ = ["FileDialogs", "OpenFile", "OwnWindow", "register"]

OpenFile = Callable[[Path], str]
"""Reads a file on this machine and gives the address of its page, below the server's own.

It waits until the server can read files, and raises :class:`ReadError` for what it cannot read.
"""


class FileDialogs(Protocol):
    """How a person names files to a window."""

    def choose(self) -> Path | None:
        """The file chosen in the system's dialog; ``None`` if none was, or the dialog is open."""

    def take_dropped(self, name: str) -> Path | None:
        """Where the file lies that was just dropped and is called so; each drop is given once."""

    def say(self, message: str) -> None:
        """Say on the page what did not work, once that is there."""


class OwnWindow(Protocol):
    """What shows the page, instead of a tab of the browser."""

    @property
    def dialogs(self) -> FileDialogs | None:
        """The system's dialogs, if the window can show them."""

    def run(self, address: str, open_file: OpenFile) -> None:
        """Show the page at ``address``; returns once the window was closed."""


class _Dropped(msgspec.Struct):
    name: str


def register(server: Flask, store: ModelStore, dialogs: FileDialogs) -> None:
    """Attach the routes by which the page opens files through its window."""
    from flask import Response, request

    def opened(path: Path | None) -> Response:
        answer: dict[str, str] = {}
        if path is not None:
            try:
                answer["key"] = store.read_ahead(path)
            except HexvizError as error:
                answer["error"] = str(error)
        return Response(msgspec.json.encode(answer), mimetype="application/json")

    @server.post("/window/choose")
    def on_choice() -> Response:
        return opened(dialogs.choose())

    @server.post("/window/dropped")
    def on_drop() -> Response:
        try:
            dropped = msgspec.json.decode(request.get_data(), type=_Dropped)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return Response("That names no file.\n", 400, mimetype="text/plain")
        return opened(dialogs.take_dropped(dropped.name))
