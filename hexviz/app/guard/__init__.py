"""Who may do what with the page's server; SECURITY.md says against whom, and what is left open.

``access`` knows names, origins and the token, ``limits`` how much may be sent, ``form`` is
the page that asks for the token, and ``gate`` puts them before every route.
"""

from hexviz.app.guard.access import (
    Hosts,
    Token,
    chosen_token,
    host_name,
    hosts_for,
    is_loopback,
    new_token,
)
from hexviz.app.guard.gate import Access, Guard, install, plain
from hexviz.app.guard.limits import watched

__all__ = [
    "Access",
    "Guard",
    "Hosts",
    "Token",
    "chosen_token",
    "host_name",
    "hosts_for",
    "install",
    "is_loopback",
    "new_token",
    "plain",
    "watched",
]
