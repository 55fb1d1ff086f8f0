"""How a Flask server says that something fails: in one plain line, without a word of its code."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from hexviz.app.guard.gate import UNEXPECTED
from hexviz.app.guard.limits import largest_body
from hexviz.errors import JobError

__all__ = ["NOTHING_HERE", "plain", "speak_plainly"]

NOTHING_HERE = "There is nothing here: the page is at /."

_LINES = {
    400: "That request cannot be understood.",
    404: NOTHING_HERE,
    405: "That cannot be done here.",
    413: "That is more than may be sent here.",
    415: "Requests bring JSON: send Content-Type: application/json.",
}
_OTHER = "That request was refused."


def plain(status: int, line: str) -> Response:
    """An answer of one line of text."""
    return Response(f"{line}\n", status=status, mimetype="text/plain")


def speak_plainly(server: Flask) -> None:
    """Let every error of a server's routes and callbacks end in one plain line.

    A body that comes without a length is read no further than its route takes.
    """

    def bounded() -> None:
        request.max_content_length = largest_body(request.path)

    # Flask writes what nobody expected into its log, and hands it on as a 500.
    def spoken(error: HTTPException) -> Response | HTTPException:
        code = error.code or 500
        if code < 400:
            return error  # a redirect
        answer = plain(code, _LINES.get(code, _OTHER if code < 500 else UNEXPECTED))
        valid = getattr(error, "valid_methods", None)
        if valid:
            answer.headers["Allow"] = ", ".join(sorted(valid))
        return answer

    server.before_request_funcs.setdefault(None, []).insert(0, bounded)
    server.register_error_handler(HTTPException, spoken)
    server.register_error_handler(JobError, lambda error: plain(503, str(error)))
