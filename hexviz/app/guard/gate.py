"""The guard before every route of a server, Dash's own among them.

::

    request ─▶ host? ─▶ origin? ─▶ token? ─▶ JSON? ─▶ size? ─▶ rate? ─▶ route ─▶ headers
               403      403        401, 429  415      413      429
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie

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
from hexviz.errors import JobError

__all__ = ["Access", "Guard", "install", "plain"]

_PAGE = "/"
_EVERY_OTHER_PATH = "/<path:path>"  # Dash answers with the page wherever there is nothing


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

    def refusal(self) -> Response | None:
        """Why the current request is not answered, or the way to the page; ``None`` lets it in."""
        who = client(request.remote_addr)
        if not self._access.hosts.knows(request.headers.get("Host", "")):
            return plain(
                403,
                "hexviz does not serve under this name: open the address it printed at start, "
                "or start it with --allow-host NAME.",
            )
        if is_foreign(request.method, request.headers):
            return plain(403, "Another site's page asked for this: open hexviz's own page.")
        return self._stranger(who) or self._unfit(who)

    def file_wait(self) -> int:
        """Count one more file of the current request's client; 0, or the seconds to wait for it."""
        return self._files.take(client(request.remote_addr))

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
        cookie = _cookie(headers.get("COOKIE", ""), self._access.token.cookie_name)
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

    def _stranger(self, who: str) -> Response | None:
        """What to say to who has not shown the token."""
        token = self._access.token
        if token is None:
            return None
        shown = request.args.get("token")
        elsewhere = is_from_elsewhere(request.headers)
        answer: Answer
        if shown is not None and elsewhere:
            # Any site can link here with any number of tokens. Were they tried, it could use
            # up its visitor's guesses; so none is, and a person sends it on from our form.
            answer = "shut"
        elif shown is not None and request.method in {"GET", "HEAD"}:
            answer = token.fits(who, shown)
            if answer == "open":
                return self._without_token(token)
        else:
            cookie = _cookie(request.headers.get("Cookie", ""), token.cookie_name)
            answer = self._key(who, request.headers.get("Authorization"), cookie)
        if answer == "open":
            return None
        if answer == "wait":
            return plain(429, "Too many wrong tokens came from here: wait.", Retry_After="60")
        if request.method == "GET" and request.path == _PAGE:
            page = token_form(
                _query_without_token(),
                wrong=shown is not None and not elsewhere,
                again=shown is None and elsewhere,
                carried=shown if elsewhere else None,
            )
            return Response(page, status=401, mimetype="text/html")
        return plain(
            401,
            "This server asks for its token: open the address it printed at start.",
            WWW_Authenticate="Bearer",
        )

    def _without_token(self, token: Token) -> Response | None:
        """The way to the page under an address that can be shared; other answers come at once."""
        if request.path != _PAGE:
            return None
        rest = urlencode(_query_without_token())
        answer: Response = redirect(f"/?{rest}" if rest else "/", 303)  # type: ignore[assignment]
        answer.set_cookie(
            token.cookie_name, token.cookie, httponly=True, samesite="Strict", path="/"
        )
        return answer

    def _unfit(self, who: str) -> Response | None:
        """Why a request that may come in brings the wrong thing, or too much."""
        if request.endpoint == _EVERY_OTHER_PATH:
            return plain(404, "There is nothing here: the page is at /.")
        # A form on any site can send text, and only a script of our own JSON.
        if request.method == "POST" and request.mimetype != "application/json":
            return plain(415, "Requests bring JSON: send Content-Type: application/json.")
        most = largest_body(request.path)
        request.max_content_length = most
        length = request.content_length or 0
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


def install(app: Dash, guard: Guard) -> None:
    """Put a guard before all routes of an app's server, those to come among them."""

    def dress(response: Response) -> Response:
        path = request.path if response.status_code < 400 else ""
        response.headers.update(_headers_for(path))
        return response

    app.server.before_request_funcs.setdefault(None, []).insert(0, guard.refusal)
    app.server.after_request(dress)
    _speak_plainly(app.server)


def _query_without_token() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.args.items(multi=True) if name != "token"]


def _cookie(header: str, name: str) -> str | None:
    # Other servers on this host name have cookies in the same header, of any form: those
    # may not hide ours, which is ASCII. parse_cookie gives up on what is not UTF-8.
    return parse_cookie(header.encode("ascii", "replace").decode("ascii")).get(name)


_LINES = {
    400: "That request cannot be understood.",
    404: "There is nothing here: the page is at /.",
    405: "That cannot be done here.",
    413: "That is more than may be sent here.",
    415: "Requests bring JSON: send Content-Type: application/json.",
}
_OTHER = "That request was refused."
_UNEXPECTED = "Something went wrong in hexviz; the log of its server says what."


def plain(status: int, line: str, **headers: str) -> Response:
    """An answer of one line of text; ``Retry_After`` is the header ``Retry-After``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(f"{line}\n", status=status, mimetype="text/plain", headers=named)


def _speak_plainly(server: Flask) -> None:
    """Let every error of a server's routes and callbacks end in one plain line."""

    # Flask writes what nobody expected into its log, and hands it on as a 500.
    def spoken(error: HTTPException) -> Response | HTTPException:
        code = error.code or 500
        if code < 400:
            return error  # a redirect
        answer = plain(code, _LINES.get(code, _OTHER if code < 500 else _UNEXPECTED))
        valid = getattr(error, "valid_methods", None)
        if valid:
            answer.headers["Allow"] = ", ".join(sorted(valid))
        return answer

    server.register_error_handler(HTTPException, spoken)
    server.register_error_handler(JobError, lambda error: plain(503, str(error)))
    for missing in (DependencyException, InvalidResourceError):  # these list what there is
        server.register_error_handler(missing, lambda _: plain(404, _LINES[404]))


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
