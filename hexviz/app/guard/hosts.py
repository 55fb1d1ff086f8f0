"""The names under which a server answers.

A page on the internet can let its own name lead to this machine (DNS rebinding), and
is then, to the browser, the very page that hexviz serves. The browser still says the
name in ``Host``. ``localhost`` and addresses in digits cannot be made to lead
elsewhere, so those of the bind are known; other names are told with ``--allow-host``.

The port in ``Host`` is not looked at: it is another one behind a tunnel or in a
container, and a page on another port of the same name is told by its ``Origin``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from hexviz.errors import ServeError

__all__ = ["Hosts", "host_name", "hosts_for", "is_loopback"]

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
    """The names of a server: ``host`` as told by a person, the address it is ``bound`` to.

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


def host_name(told: str) -> str:
    """The name or address of a host that a person told, as it is compared.

    Raises:
        ServeError: if it is none.
    """
    if not _NAME.fullmatch(told.lower()):
        raise ServeError(
            f"--allow-host {told} is no host name: give the name alone, as in viewer.example.org."
        )
    return _plain(told)
