"""What an answer says when something fails: one plain line, and nothing of the code.

The whole story, with its traceback, is in the log of the server.
"""

from __future__ import annotations

from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from hexviz.errors import JobError

__all__ = ["plain", "speak_plainly"]

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


def speak_plainly(server: Flask) -> None:
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
