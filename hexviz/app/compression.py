"""Answers packed with gzip, for browsers that take it.

Files are packed once, as small as gzip makes them, and kept in memory. Answers to a person's click
are packed fast, and only where they are long: docs/performance.md has the figures. Brotli would
be a compiled dependency more.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

__all__ = ["accepts_gzip", "install", "packed", "packed_once"]

_SMALLEST = 9
_FASTEST = 1
_WORTH = 1024  # bytes below which an answer fits into a packet or two anyhow
_FILE_OR_CALL = re.compile(
    r"(text/(css|html|javascript|plain)|application/(javascript|json)|image/svg\+xml)\b"
)
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(\.[0-9]{0,3})?|1(\.0{0,3})?)\s*")
_CODE = "/_dash-component-suites/"


def accepts_gzip(header: str) -> bool:
    """Whether ``Accept-Encoding`` lets an answer be packed; what cannot be read does not.

    >>> accepts_gzip("gzip, deflate, br"), accepts_gzip("*;q=0.5"), accepts_gzip("gzip;q=0, *")
    (True, True, False)
    """
    found: dict[str, bool] = {}
    for part in header.lower().split(","):
        name, given, weight = part.partition(";")
        known = _WEIGHT.fullmatch(weight) if given else None
        found[name.strip()] = float(known[1]) > 0 if known else not given
    return found.get("gzip", found.get("*", False))


def packed(content: bytes, level: int = _SMALLEST) -> bytes:
    """Content as gzip packs it; the same bytes for the same content."""
    packing = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    return packing.compress(content) + packing.flush()


def packed_once(content: bytes, kept: dict[bytes, bytes]) -> bytes:
    """The same, kept by the digest of the content from then on."""
    key = hashlib.sha256(content).digest()
    if key not in kept:
        kept[key] = packed(content)
    return kept[key]


def install(server: Flask) -> None:
    """Let a server pack what its routes answer, those to come among them."""
    from flask import request

    files: dict[bytes, bytes] = {}  # of packages, whose number is fixed

    def pack(response: Response) -> Response:
        if response.direct_passthrough or response.is_streamed or response.status_code != 200:
            return response
        if not _FILE_OR_CALL.match(response.mimetype or "") or response.content_encoding:
            return response
        response.vary.add("Accept-Encoding")
        content = response.get_data()
        if len(content) < _WORTH or not accepts_gzip(request.headers.get("Accept-Encoding", "")):
            return response
        is_code = request.path.startswith(_CODE)
        response.set_data(packed_once(content, files) if is_code else packed(content, _FASTEST))
        response.content_encoding = "gzip"
        return response

    server.after_request(pack)
