"""What a person may send to the page, at most."""

__all__ = [
    "LARGE_BODY",
    "MAX_BODY",
    "MAX_HEADERS",
    "MAX_MESSAGE",
    "MAX_NUMBERS",
    "MAX_STRANGERS_BODY",
    "MAX_UPLOAD",
    "UPLOADS_AT_ONCE",
    "UPLOADS_PER_MINUTE",
    "UPLOAD_BYTES_AT_ONCE",
    "UPLOAD_BYTES_PER_SECOND",
]

MAX_UPLOAD = 256 * 1024 * 1024
"""Largest upload in bytes; larger files are opened with ``hexviz view FILE``."""

MAX_NUMBERS = 16 * 1024 * 1024
"""Largest file of numbers in bytes."""

MAX_MESSAGE = 4 * 1024 * 1024
"""Largest body in bytes of a request that brings no file. A place in a model may name
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
