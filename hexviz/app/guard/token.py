"""The token: who has it may use the server.

It arrives in the address printed at the start, in an ``Authorization`` header, or by
the cookie that the first of these is exchanged for. The cookie holds a keyed hash: it
opens this server, and does not tell the token. It depends on token and port alone, so
that a server that starts again with the same token still knows it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

from hexviz.app.guard.rate import Allowance
from hexviz.errors import ServeError

__all__ = ["SHORTEST", "Answer", "Token", "chosen_token", "new_token", "token_in"]

SHORTEST = 16
"""Characters of a token that a person chose: 64 bits even if they are hexadecimal digits."""

Answer = Literal["open", "shut", "wait"]
"""``wait``: too many wrong ones came from there, and none is looked at for a while."""


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def chosen_token(told: str) -> str:
    """A token that a person chose.

    Raises:
        ServeError: if it is too short, or could not stand in an address.
    """
    if len(told) < SHORTEST:
        raise ServeError(
            f"The token has {len(told)} characters and needs {SHORTEST} at least: choose a longer "
            "one, or leave it out on a host other than loopback for a random one."
        )
    if not told.isascii() or not all(one.isalnum() or one in "-._~" for one in told):
        raise ServeError("A token is made of ASCII letters, digits and - . _ ~ only.")
    return told


def token_in(header: str) -> str | None:
    """The token in an ``Authorization`` header; ``None`` if that is for somebody else, as a proxy.

    >>> token_in("Bearer abc"), token_in("Basic abc")
    ('abc', None)
    """
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() in {"bearer", "token"} else None


class Token:
    """The lock on a server, and how many wrong keys it has seen from where."""

    def __init__(self, secret: str, port: int) -> None:
        self._secret = secret.encode()
        self.cookie_name = f"hexviz-{port}"  # cookies do not know ports: servers on one host do
        told = f"hexviz cookie for port {port}".encode()
        self.cookie = hmac.new(self._secret, told, hashlib.sha256).hexdigest()
        # A person mistypes a few times. A page left open from before a start with another
        # token asks for all of its forty files with the old cookie.
        self._wrong = Allowance(10, 10 / 60)
        self._stale = Allowance(120, 1)

    def fits(self, who: str, told: str) -> Answer:
        """What a token told in an address or a header opens."""
        return _tried(self._wrong, who, told.encode(), self._secret)

    def fits_cookie(self, who: str, told: str) -> Answer:
        """What a cookie opens."""
        return _tried(self._stale, who, told.encode(), self.cookie.encode())


def _tried(wrong: Allowance, who: str, told: bytes, right: bytes) -> Answer:
    if not wrong.left(who):
        return "wait"
    if hmac.compare_digest(told, right):
        return "open"
    wrong.take(who)
    return "shut"
