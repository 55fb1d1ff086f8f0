"""``GET /watch``: what became of the watched file, for a page that asks a few times a second.

Most answers are that nothing has: they are 204, and no framework is asked. A page that waited for
its answer would keep one of the few threads that a server has.
"""

from __future__ import annotations

from hexviz.app.protocol import encode
from hexviz.app.watching.watcher import ModelWatcher
from hexviz.app.wsgi import Answer, Request

__all__ = ["watch_answer"]

_DIGITS = 16  # of a number that a browser can count to


def watch_answer(watcher: ModelWatcher, request: Request) -> Answer:
    """The answer to a page: see :meth:`ModelWatcher.told`."""
    asked = dict(reversed(request.parameters()))
    n = asked.get("n", "")
    number = int(n) if n.isascii() and n.isdecimal() and len(n) <= _DIGITS else 0
    found = watcher.told(number, asked.get("model", ""), asked.get("before", ""))
    if found is None:
        return Answer(204)
    return Answer(200, encode(found), {"Content-Type": "application/json"})
