"""One window for each person: who comes later hands over a file to the one that is open.

::

    hexviz --desktop a.onnx        listens on desktop/window.socket
    hexviz --desktop b.onnx ─────▶ {"open": "/home/ann/b.onnx"}
                            ◀───── {"error": null}                     and ends

The socket lies in a folder that only its owner may enter. That of a process that was killed
refuses connections, and the next one takes its place. A lock is held while one looks and takes it,
so that of two that are started at once one becomes the window.

Where there are no such sockets (Windows), each start has a window of its own.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hexviz.errors import ServeError

__all__ = ["Instance", "Take", "hand_over_or_listen"]

Take = Callable[[Path | None], str | None]
"""Opens a file, or only comes to the front; gives one line if it cannot."""

_NAME = "window.socket"
_LOCK = "window.lock"
_PATIENCE = 30.0  # seconds that a window may take to read a file, and the next start waits for it
_LONGEST = 1 << 16  # bytes of a message, which holds one path
_WAITING = 16  # starts that wait for their turn


class Instance:
    """The window that takes the files of later starts, until :meth:`close`."""

    def __init__(self, listener: socket.socket | None, path: Path) -> None:
        self._listener = listener
        self._path = path
        self._take: Take | None = None

    def take_with(self, take: Take) -> None:
        """Take what is handed over, in a thread of its own; what came before has waited.

        Where one way is given up for another, the last one counts.
        """
        before, self._take = self._take, take
        if self._listener is not None and before is None:
            threading.Thread(target=self._answer, args=[self._listener], daemon=True).start()

    def close(self) -> None:
        """Take nothing more; the next start has a window of its own."""
        if self._listener is not None:
            self._path.unlink(missing_ok=True)
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # which ends accept
            self._listener.close()

    def _answer(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=_serve, args=[connection, self._take], daemon=True).start()


def hand_over_or_listen(folder: Path, wanted: Path | None) -> Instance | None:
    """Hand ``wanted`` to the window that is open; else become the one that takes files.

    ``None`` says that a window has taken it, and is in front now. ``folder`` belongs to this
    person alone.

    Raises:
        ServeError: if that window cannot open the file, or does not answer.
    """
    path = folder / _NAME
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        return Instance(None, path)
    with _locked(folder / _LOCK):
        connection = _connected(family, path)
        if connection is None:
            return Instance(_listening(family, path), path)
    with connection:
        _hand_over(connection, wanted)
    return None


def _connected(family: int, path: Path) -> socket.socket | None:
    """A connection to the window that is open; ``None`` if there is none."""
    connection = socket.socket(family)
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(os.fspath(path))
    except OSError:  # not there, or of a process that was killed, or the path is too long for one
        connection.close()
        return None
    return connection


def _listening(family: int, path: Path) -> socket.socket | None:
    """A socket for later starts. Where there can be none, each of them has its own window."""
    path.unlink(missing_ok=True)
    listener = socket.socket(family)
    try:
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen(_WAITING)
    except OSError:  # a file system without sockets, or a path longer than they may have
        listener.close()
        return None
    return listener


def _hand_over(connection: socket.socket, wanted: Path | None) -> None:
    message = {"open": None if wanted is None else str(wanted.absolute())}
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
        answer = json.loads(_line(connection))
        error = answer.get("error")
    except (OSError, ValueError, AttributeError) as failure:
        raise ServeError(
            "A window of hexviz is open and does not answer: close it, and try again."
        ) from failure
    if error is not None:
        raise ServeError(str(error))


def _serve(connection: socket.socket, take: Take) -> None:
    with connection, suppress(OSError):  # who asked may be gone
        connection.settimeout(_PATIENCE)
        try:
            message = json.loads(_line(connection))
            wanted = message["open"]
            path = None if wanted is None else Path(wanted)
        except (ValueError, TypeError, LookupError):
            return
        connection.sendall(json.dumps({"error": take(path)}).encode() + b"\n")


def _line(connection: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n") and len(found) < _LONGEST:
        piece = connection.recv(4096)
        if not piece:
            break
        found += piece
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Be the only one to do this; a lock ends with its process, however that ends."""
    import fcntl  # where there are sockets of this kind, there is this, too

    # Opened to be locked, not to be written to; nothing is ever in it.
    handle = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
