"""How much may be sent: in a file, in a request, by a client in a while.

waitress reads a whole body, into a temporary file if it is large, before the
application sees the request. So the limit of the route is given to its parser as soon
as the head is there: by ``Content-Length``, and by what arrives if that is left out
(chunks) or lies.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from hexviz.view.performance.runs import MAX_RUN

__all__ = [
    "LARGE_BODY",
    "MAX_BODY",
    "MAX_HEADERS",
    "MAX_MESSAGE",
    "MAX_NUMBERS",
    "MAX_STRANGERS_BODY",
    "MAX_TRACE",
    "MAX_UPLOAD",
    "UPLOADING",
    "UPLOADS_AT_ONCE",
    "UPLOADS_PER_MINUTE",
    "UPLOAD_BYTES_AT_ONCE",
    "UPLOAD_BYTES_PER_SECOND",
    "Allowance",
    "client",
    "largest_body",
    "too_large",
    "watched",
]

MAX_UPLOAD = 256 * 1024 * 1024
"""Largest upload in bytes; larger files are opened with ``hexviz view FILE``."""

MAX_NUMBERS = 16 * 1024 * 1024
"""Largest file of numbers in bytes."""

MAX_TRACE = 64 * 1024 * 1024
"""Largest trace of a runtime in bytes: a thousand nodes in a hundred runs take 40 MB. A job reads
it, within its memory."""

MAX_MESSAGE = 4 * 1024 * 1024
"""Largest body in bytes of a request that brings no file. A state of the page may name
each of its 100,000 ops by an id of some thirty characters."""

MAX_BODY = MAX_UPLOAD * 4 // 3 + MAX_MESSAGE
"""Largest body in bytes of any request: base64 makes an upload a third larger."""

MAX_STRANGERS_BODY = 64 * 1024
"""Largest body in bytes of who has not shown the token: the server reads a body before
it refuses it."""

MAX_HEADERS = 64 * 1024
"""Largest head of a request in bytes; an address names the open boxes of a view."""

LARGE_BODY = 1024 * 1024
"""From how many bytes on a body counts against the bytes below."""

UPLOAD_BYTES_AT_ONCE = 2 * MAX_BODY
"""Bytes that one client may send in one go: two of the largest files."""

UPLOAD_BYTES_PER_SECOND = 8 * 1024 * 1024
"""Bytes that a client may send from then on: a file takes as long to be read and tagged."""

UPLOADS_AT_ONCE = 30
"""Files of any size that one client may send in one go."""

UPLOADS_PER_MINUTE = 30
"""Files that a client may send from then on."""

UPLOADING = "/_dash-update-component"
"""Where Dash sends what its callbacks need, files too."""

_WITH_RUN = 2 * MAX_RUN + MAX_MESSAGE  # JSON escapes a run
_LARGEST = {UPLOADING: MAX_BODY, "/panel": _WITH_RUN, "/performance": _WITH_RUN}

Limit = Callable[[str, str, dict[str, str], int | None], int]
"""Client, path, headers (``COOKIE``), length unless in chunks → bytes."""


def largest_body(path: str) -> int:
    """The largest body that a path takes, in bytes."""
    return _LARGEST.get(path, MAX_MESSAGE)


def too_large(most: int) -> str:
    """The line for a body that is larger than its route takes."""
    return (
        f"That is over the {most // 1024**2} MB that may be sent here: "
        "open the file with `hexviz view FILE`."
    )


def watched(limit: Limit) -> type[HTTPChannel]:
    """A connection of waitress's that asks for the limit of each request."""

    class Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
        adj: Any
        client = ""

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.content_length or self.chunked:
                self.adj = copy(self.adj)
                length = None if self.chunked else self.content_length
                most = limit(self.client, self.path, self.headers, length)
                # waitress refuses what has as many bytes as its limit.
                self.adj.max_request_body_size = most + 1

    class Channel(HTTPChannel):  # type: ignore[misc]
        def parser_class(self, adj: Any) -> Parser:
            parser = Parser(adj)
            parser.client = self.addr[0]
            return parser

    return Channel


_MOST = 4096  # clients remembered; who is forgotten starts afresh


class Allowance:
    """``most`` at once and ``per_second`` from then on, for each client (a token bucket)."""

    def __init__(
        self, most: float, per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._per_second = per_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, much: float = 1.0) -> int:
        """Take some of it; returns 0, or after how many whole seconds there is enough again.

        What is more than fits at all takes everything.
        """
        wanted = min(much, self._most)
        with self._lock:
            now = self._clock()
            left = self._now(who, now)
            if left < wanted:
                return math.ceil((wanted - left) / self._per_second)
            self._left[who] = (left - wanted, now)
            self._left.move_to_end(who)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
            return 0

    def left(self, who: str) -> bool:
        """Whether there is one left to take."""
        with self._lock:
            return self._now(who, self._clock()) >= 1

    def _now(self, who: str, now: float) -> float:
        left, at = self._left.get(who, (self._most, now))
        return min(self._most, left + (now - at) * self._per_second)


def client(address: str | None) -> str:
    """Whom an address counts as: in IPv6, a household has 2⁶⁴ of them."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)
