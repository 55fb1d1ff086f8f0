"""What a browser asks and what it gets, without a framework: for what is there before one is.

Flask takes as long to import as a small model takes to be read, tagged and drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, overload
from urllib.parse import parse_qsl

__all__ = ["Answer", "App", "Environ", "Request", "StartResponse", "cookies_in"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]
"""A WSGI application (PEP 3333)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as WSGI tells of it."""

    environ: Environ

    @property
    def method(self) -> str:
        """``GET``, ``POST``, …"""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """The path, decoded; what is no UTF-8 is replaced."""
        raw: str = self.environ.get("PATH_INFO", "")
        return "/" + raw.encode("latin-1").decode("utf-8", "replace").lstrip("/")

    @property
    def query(self) -> str:
        """The query without its question mark, as it was sent."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def address(self) -> str | None:
        """The client's address."""
        return self.environ.get("REMOTE_ADDR")

    @property
    def mimetype(self) -> str:
        """The type of the body, without its parameters."""
        return str(self.environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()

    @property
    def length(self) -> int:
        """Bytes of the body as it is said; 0 if that is not said."""
        told = str(self.environ.get("CONTENT_LENGTH") or "")
        return int(told) if told.isdecimal() else 0

    @overload
    def get(self, key: str, default: None = None, /) -> str | None: ...

    @overload
    def get(self, key: str, default: str, /) -> str: ...

    def get(self, key: str, default: str | None = None, /) -> str | None:
        """A header's text, whatever the case of its name."""
        return self.environ.get(f"HTTP_{key.upper().replace('-', '_')}", default)

    def parameters(self) -> list[tuple[str, str]]:
        """Names and values in the query, in order."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    def parameter(self, name: str) -> str | None:
        """The first value of that name in the query."""
        return next((value for known, value in self.parameters() if known == name), None)


@dataclass(frozen=True)
class Answer:
    """An answer: a WSGI application that gives just this one.

    ``body`` may be an iterator, which is sent piece by piece; its bytes then have no known length.
    """

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Send it; nothing but its head where that is all that was asked for."""
        headers = list(self.headers.items())
        body = [self.body] if isinstance(self.body, bytes) else self.body
        if isinstance(self.body, bytes) and self.status != HTTPStatus.NOT_MODIFIED:
            headers.append(("Content-Length", str(len(self.body))))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body


def cookies_in(header: str) -> dict[str, str]:
    """The cookies of a request by name, of several of one name the first.

    Other servers on this host name have cookies in the same header, of any form: those hide none.

    >>> cookies_in('a=1; lone; q="y;z"; a=2')["a"]
    '1'
    """
    found: dict[str, str] = {}
    for one in header.split(";"):
        name, _, value = one.strip().partition("=")
        found.setdefault(name.strip(), value.strip().strip('"'))
    return found
