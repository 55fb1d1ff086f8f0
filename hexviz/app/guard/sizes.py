"""How many bytes a request may bring: known from its head, before its body is read.

waitress reads a whole body, into a temporary file if it is large, before the
application sees the request. So the limit of the route is given to its parser as soon
as the head is there: by ``Content-Length``, and by what arrives if that is left out
(chunks) or lies.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from hexviz.app.upload_limits import MAX_BODY, MAX_MESSAGE
from hexviz.view.performance.runs import MAX_RUN

__all__ = ["UPLOADING", "largest_body", "too_large", "watched"]

UPLOADING = "/_dash-update-component"
"""Where Dash sends what its callbacks need, files too."""

_LARGEST = {UPLOADING: MAX_BODY, "/performance": 2 * MAX_RUN + MAX_MESSAGE}  # JSON escapes a run

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
