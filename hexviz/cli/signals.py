"""SIGTERM and SIGHUP end a command as Ctrl+C does: what it has begun is cleaned up."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ended_by_signals"]

_GRACE = 20.0  # seconds; a server with requests and jobs to stop takes up to fifteen


@contextmanager
def ended_by_signals(grace: float = _GRACE) -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP raise ``SystemExit`` with 128 plus their number.
    A signal that was ignored when the process started stays so, as ``nohup`` wants of SIGHUP
    and a shell of SIGINT in the background; SIGTERM always ends it. The first signal counts:
    those that follow do not interrupt the cleaning up, which may take ``grace`` seconds.
    """
    usual = {signal.SIGTERM: signal.getsignal(signal.SIGTERM)}
    hangup = getattr(signal, "SIGHUP", None)  # which Windows does not have
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        usual[hangup] = signal.getsignal(hangup)

    def end(number: int, _frame: FrameType | None) -> None:
        for one in usual:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    over = threading.Event()
    read, write = socket.socketpair()  # Windows cannot keep a pipe from blocking
    write.setblocking(False)
    before = signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    watch = threading.Thread(target=_end_late, args=[read, set(usual), over, grace], daemon=True)
    watch.start()
    for one in usual:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one, handler in usual.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(before)
        over.set()
        write.close()
        watch.join()


def _end_late(
    numbers: socket.socket, ending: set[signal.Signals], over: threading.Event, grace: float
) -> None:
    """End the process if its main thread does not.

    Python calls handlers in the main thread, and only when that is not in the code of a
    library: a model that is run without end would never be interrupted.
    """
    with numbers:
        while number := numbers.recv(1):
            if number[0] in ending and not over.wait(grace):
                os._exit(128 + number[0])
