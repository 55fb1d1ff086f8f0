"""From which pages a browser's requests may come: from those of this very server.

A request without any of a browser's headers is not a browser's. It is let through to
the token: a program on this machine needs no page to be led astray.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

__all__ = ["Headers", "is_foreign", "is_from_elsewhere"]

_READING = frozenset({"GET", "HEAD"})
_OURS = frozenset({"same-origin", "none"})  # none: typed, a bookmark, a link in another program
_INSIDE = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


class Headers(Protocol):
    """Headers by name, whatever its case."""

    def get(self, key: str) -> str | None:
        """The header's text."""


def is_foreign(method: str, headers: Headers) -> bool:
    """Whether another site's page sent a request; ``Host`` is taken to be ours.

    Following a link from elsewhere to the page is no such request. Loading it inside
    another page is: nobody would see it, and its policy hides only what was answered.
    """
    own = (headers.get("Host") or "").lower()
    origin = headers.get("Origin")
    if origin is not None:
        # Behind a proxy, the browser's scheme is not the one that arrives here.
        return origin.lower() not in {f"http://{own}", f"https://{own}"}
    elsewhere = is_from_elsewhere(headers)
    if method in _READING:
        following = headers.get("Sec-Fetch-Mode") == "navigate"
        inside = headers.get("Sec-Fetch-Dest") in _INSIDE
        return elsewhere and (inside or not following)
    referer = headers.get("Referer")
    if referer is not None:
        return _netloc(referer) != own
    return elsewhere


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site's page had it ask, if by a link."""
    return (headers.get("Sec-Fetch-Site") or "none") not in _OURS


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None
