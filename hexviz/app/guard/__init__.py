"""Who may do what with the page's server; SECURITY.md says against whom, and what is left open.

``access`` knows names, origins and the token, ``limits`` how much may be sent, ``form`` is
the page that asks for the token, and ``gate`` puts them before an application.
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
from hexviz.app.guard.gate import Access, Gate, Guard
from hexviz.app.guard.limits import watched

__all__ = [
    "Access",
    "Gate",
    "Guard",
    "Hosts",
    "Token",
    "chosen_token",
    "host_name",
    "hosts_for",
    "is_loopback",
    "new_token",
    "watched",
]
