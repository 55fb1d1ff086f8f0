"""Who may ask: under which names the server answers, for which pages, and with which token.

**Names.** A page on the internet can let its own name lead to this machine (DNS
rebinding), and is then, to the browser, the very page that hexviz serves. The browser
still says the name in ``Host``. ``localhost`` and addresses in digits cannot be made to
lead elsewhere, so those of the bind are known; other names are added with
``--allow-host``. The port in ``Host`` is not looked at: it is another one behind a tunnel
or in a container, and a page on another port of the same name is known by its ``Origin``.

**Pages.** A browser says from which page a request comes, and only this server's may
send any. A request without any of a browser's headers is not a browser's. It is let
through to the token: a program on this machine needs no page to be led astray.

**Token.** It arrives in the address printed at the start, in an ``Authorization`` header,
or by the cookie that the first of these is exchanged for. The cookie holds a keyed hash:
it opens this server, and does not tell the token. It depends on token and port alone, so
that a server that starts again with the same token still knows it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from hexviz.app.guard.limits import Allowance
from hexviz.errors import ServeError

__all__ = [
    "SHORTEST",
    "Answer",
    "Headers",
    "Hosts",
    "Token",
    "chosen_token",
    "host_name",
    "hosts_for",
    "is_foreign",
    "is_from_elsewhere",
    "is_loopback",
    "new_token",
    "token_in",
]

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_NAME = re.compile(r"[a-z0-9._-]+|\[?[0-9a-f:.]+\]?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Hosts:
    """Names and addresses a request may call the server by.

    With ``any_address``, also every address in digits: the server listens on all of
    the machine's, and which those are may change.
    """

    names: frozenset[str] = _LOOPBACK
    any_address: bool = False

    def knows(self, host: str) -> bool:
        """Whether a ``Host`` header names this server."""
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = _plain(found.group(1))
        return name in self.names or (self.any_address and _address(name) is not None)


def hosts_for(host: str, bound: str, allowed: Iterable[str] = ()) -> Hosts:
    """The names of a server: ``host`` as a person gave it, the address it is ``bound`` to.

    ``allowed`` are more of them, by :func:`host_name`.
    """
    names = {*_LOOPBACK, *map(_plain, (host, bound)), *allowed}
    address = _address(_plain(bound))
    everywhere = address is not None and address.is_unspecified
    if not is_loopback(bound):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return Hosts(frozenset(names - {"", "0.0.0.0", "::"}), everywhere)  # noqa: S104 - compared


def is_loopback(bound: str) -> bool:
    """Whether only this machine reaches an address."""
    address = _address(_plain(bound))
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def _plain(host: str) -> str:
    """A name as it is compared: lower case, IPv6 in its shortest form without brackets."""
    bare = host.lower().strip("[]")
    address = _address(bare)
    return bare if address is None else str(address)


def _address(bare: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None


def host_name(name: str) -> str:
    """The name or address of a host that a person gave, as it is compared.

    Raises:
        ServeError: if it is none.
    """
    if not _NAME.fullmatch(name.lower()):
        raise ServeError(
            f"--allow-host {name} is no host name: give the name alone, as in viewer.example.org."
        )
    return _plain(name)


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


SHORTEST = 16
"""Characters of a token that a person chose: 64 bits even if they are hexadecimal digits."""

Answer = Literal["open", "shut", "wait"]
"""``wait``: too many wrong ones came from there, and none is looked at for a while."""


def new_token() -> str:
    """A token of 256 random bits."""
    return secrets.token_urlsafe(32)


def chosen_token(token: str) -> str:
    """A token that a person chose.

    Raises:
        ServeError: if it is too short, or could not stand in an address.
    """
    if len(token) < SHORTEST:
        raise ServeError(
            f"The token has {len(token)} characters and needs {SHORTEST} at least: choose a longer "
            "one, or leave it out on a host other than loopback for a random one."
        )
    if not token.isascii() or not all(one.isalnum() or one in "-._~" for one in token):
        raise ServeError("A token is made of ASCII letters, digits and - . _ ~ only.")
    return token


def token_in(header: str) -> str | None:
    """The token in an ``Authorization`` header; ``None`` if that is for somebody else, as a proxy.

    >>> token_in("Bearer abc"), token_in("Basic abc")
    ('abc', None)
    """
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() in {"bearer", "token"} else None


class Token:
    """The lock on a server, and how many wrong keys it has seen from where.

    With ``once``, the token opens it a single time: it stands where others may read it later, in
    the command line of the browser that is started with it. From then on, the cookie opens it.
    """

    def __init__(self, secret: str, port: int, *, once: bool = False) -> None:
        self._secret = secret.encode()
        self._uses = iter(range(1)) if once else None  # next() on it is atomic
        self.cookie_name = f"hexviz-{port}"  # cookies do not know ports: servers on one host do
        message = f"hexviz cookie for port {port}".encode()
        self.cookie = hmac.new(self._secret, message, hashlib.sha256).hexdigest()
        # A person mistypes a few times. A page left open from before a start with another
        # token asks for all of its forty files with the old cookie.
        self._wrong = Allowance(10, 10 / 60)
        self._stale = Allowance(120, 1)

    def fits(self, who: str, token: str) -> Answer:
        """What a token in an address or a header opens."""
        answer = _tried(self._wrong, who, token.encode(), self._secret)
        if answer == "open" and self._uses is not None and next(self._uses, None) is None:
            return "shut"
        return answer

    def fits_cookie(self, who: str, cookie: str) -> Answer:
        """What a cookie opens."""
        return _tried(self._stale, who, cookie.encode(), self.cookie.encode())


def _tried(wrong: Allowance, who: str, shown: bytes, right: bytes) -> Answer:
    if not wrong.left(who):
        return "wait"
    if hmac.compare_digest(shown, right):
        return "open"
    wrong.take(who)
    return "shut"
