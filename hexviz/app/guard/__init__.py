"""Who may do what with the page's server; SECURITY.md says against whom, and what is left open.

One idea a file: under which names the server answers (``hosts``), from which pages
requests may come (``origin``), who has the token (``token``), how much may be sent
(``sizes``, ``rate``), what a browser may do with an answer (``policy``), what an answer
says when something fails (``failures``). ``gate`` puts them before every route.
"""

from hexviz.app.guard.failures import plain
from hexviz.app.guard.gate import Access, Guard, install
from hexviz.app.guard.hosts import Hosts, host_name, hosts_for, is_loopback
from hexviz.app.guard.sizes import watched
from hexviz.app.guard.token import Token, chosen_token, new_token

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
