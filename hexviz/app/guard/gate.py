"""The guard before everything that a server answers, Dash's own routes among them.

::

    request ─▶ host? ─▶ origin? ─▶ token? ─▶ JSON? ─▶ size? ─▶ rate? ─▶ app ─▶ headers
               403      403        401, 429  415      413      429

It stands before the application and knows no framework: it is there from the first request on,
before the rest of the server is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from hexviz.app import wsgi
from hexviz.app.guard.access import Answer, Hosts, Token, is_foreign, is_from_elsewhere, token_in
from hexviz.app.guard.form import token_form
from hexviz.app.guard.limits import (
    LARGE_BODY,
    MAX_STRANGERS_BODY,
    UPLOAD_BYTES_AT_ONCE,
    UPLOAD_BYTES_PER_SECOND,
    UPLOADING,
    UPLOADS_AT_ONCE,
    UPLOADS_PER_MINUTE,
    Allowance,
    client,
    largest_body,
    too_large,
)
from hexviz.app.wsgi import App, Environ, Request, StartResponse, cookies_in

__all__ = ["UNEXPECTED", "Access", "Gate", "Guard", "plain"]

UNEXPECTED = "Something went wrong in hexviz; the log of its server says what."

_PAGE = "/"


@dataclass(frozen=True)
class Access:
    """By which names a server is known, and the token it asks for, if any."""

    hosts: Hosts = field(default_factory=Hosts)
    token: Token | None = None


class Guard:
    """Who may come in, and how much they may bring: everybody on this machine by default."""

    def __init__(self, access: Access | None = None) -> None:
        self._access = access or Access()
        self._bytes = Allowance(UPLOAD_BYTES_AT_ONCE, UPLOAD_BYTES_PER_SECOND)
        self._files = Allowance(UPLOADS_AT_ONCE, UPLOADS_PER_MINUTE / 60)

    def refusal(self, request: Request) -> wsgi.Answer | None:
        """Why a request is not answered, or the way to the page; ``None`` lets it in."""
        who = client(request.address)
        if not self._access.hosts.knows(request.get("Host") or ""):
            return plain(
                403,
                "hexviz does not serve under this name: open the address it printed at start, "
                "or start it with --allow-host NAME.",
            )
        if is_foreign(request.method, request):
            return plain(403, "Another site's page asked for this: open hexviz's own page.")
        return self._stranger(request, who) or self._unfit(request, who)

    def file_wait(self, address: str | None) -> int:
        """Count one more file of the client at an address; 0, or the seconds to wait for it."""
        return self._files.take(client(address))

    def most(self, address: str, path: str, headers: dict[str, str], length: int | None) -> int:
        """The most bytes that a request may bring, as known from its head (``COOKIE``).

        ``length`` is what it says to bring, ``None`` if it comes in chunks.
        """
        most = largest_body(path)
        if self._access.token is None or most <= MAX_STRANGERS_BODY:
            return most
        if length is not None and length <= MAX_STRANGERS_BODY:
            # Its key is looked at before its route: here, a wrong one would count twice.
            return MAX_STRANGERS_BODY
        cookie = cookies_in(headers.get("COOKIE", "")).get(self._access.token.cookie_name)
        answer = self._key(client(address), headers.get("AUTHORIZATION"), cookie)
        return most if answer == "open" else MAX_STRANGERS_BODY

    def _key(self, who: str, header: str | None, cookie: str | None) -> Answer:
        token = self._access.token
        if token is None:
            return "open"
        shown = token_in(header or "")
        if shown is not None:
            return token.fits(who, shown)
        return "shut" if cookie is None else token.fits_cookie(who, cookie)

    def _stranger(self, request: Request, who: str) -> wsgi.Answer | None:
        """What to say to who has not shown the token."""
        token = self._access.token
        if token is None:
            return None
        shown = request.parameter("token")
        elsewhere = is_from_elsewhere(request)
        answer: Answer
        if shown is not None and elsewhere:
            # Any site can link here with any number of tokens. Were they tried, it could use
            # up its visitor's guesses; so none is, and a person sends it on from our form.
            answer = "shut"
        elif shown is not None and request.method in {"GET", "HEAD"}:
            answer = token.fits(who, shown)
            if answer == "open":
                return _without_token(request, token)
        else:
            cookie = cookies_in(request.get("Cookie") or "").get(token.cookie_name)
            answer = self._key(who, request.get("Authorization"), cookie)
        if answer == "open":
            return None
        if answer == "wait":
            return plain(429, "Too many wrong tokens came from here: wait.", Retry_After="60")
        if request.method == "GET" and request.path == _PAGE:
            page = token_form(
                _query_without_token(request),
                wrong=shown is not None and not elsewhere,
                again=shown is None and elsewhere,
                carried=shown if elsewhere else None,
            )
            return wsgi.Answer(401, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
        return plain(
            401,
            "This server asks for its token: open the address it printed at start.",
            WWW_Authenticate="Bearer",
        )

    def _unfit(self, request: Request, who: str) -> wsgi.Answer | None:
        """Why a request that may come in brings the wrong thing, or too much."""
        # A form on any site can send text, and only a script of our own JSON.
        if request.method == "POST" and request.mimetype != "application/json":
            return plain(415, "Requests bring JSON: send Content-Type: application/json.")
        most = largest_body(request.path)
        length = request.length
        if length > most:
            return plain(413, too_large(most))
        if length > LARGE_BODY and request.path == UPLOADING:
            wait = self._bytes.take(who, length)
            if wait:
                return plain(
                    429,
                    f"That is much in a short time: wait {wait} s before the next file.",
                    Retry_After=str(wait),
                )
        return None


class Gate:
    """An application behind a guard, with the headers of this file on all that it answers."""

    def __init__(self, guard: Guard, app: App) -> None:
        self._guard = guard
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or say why not."""
        request = Request(environ)

        def dressed(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            added = _headers_for(request.path if int(status[:3]) < 400 else "")
            own = {name.lower() for name in added}
            kept = [(name, value) for name, value in headers if name.lower() not in own]
            return start_response(status, [*kept, *added.items()], *more)

        return (self._guard.refusal(request) or self._app)(environ, dressed)


def _without_token(request: Request, token: Token) -> wsgi.Answer | None:
    """The way to the page under an address that can be shared; other answers come at once."""
    if request.path != _PAGE:
        return None
    rest = urlencode(_query_without_token(request))
    cookie = f"{token.cookie_name}={token.cookie}; HttpOnly; Path=/; SameSite=Strict"
    return wsgi.Answer(303, b"", {"Location": f"/?{rest}" if rest else "/", "Set-Cookie": cookie})


def _query_without_token(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.parameters() if name != "token"]


def plain(status: int, line: str, **headers: str) -> wsgi.Answer:
    """An answer of one line of text; ``Retry_After`` is the header ``Retry-After``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    return wsgi.Answer(status, f"{line}\n".encode(), kind | named)


_KEPT = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
"""Code and styles: the same for everybody, and the browser may keep them."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


_POLICY = "; ".join([
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
])  # fmt: skip
"""The Content-Security-Policy.

Styles may stand in elements: Mantine, ag-grid and Cytoscape write them. Without that, an
attribute ``style`` of a stranger's would be stopped; there is no way for one onto the page, as
texts are never read as markup.
"""


def _headers_for(path: str) -> Mapping[str, str]:
    """The headers of an answer. Models and what is said of them are kept by no browser."""
    kept = {} if path.startswith(_KEPT) else {"Cache-Control": "no-store"}
    return {**_ALWAYS, "Content-Security-Policy": _POLICY, **kept}
