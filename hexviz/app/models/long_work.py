"""Long work on large models, one piece after the other, so that clicks do not wait for many.

All threads of a server share one interpreter. Five that build an index of 20,000 ops at
once are done after five times as long, each of them, and a click that just opens a box in
another model gets a sixth of the interpreter meanwhile; one after the other, a half::

    at once    ████████████████████ all five done here      one by one    ███ 1st ███ 2nd ███ …
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hexviz.model.graph import TaggedGraph

__all__ = ["one_by_one"]

_LARGE = 2000  # ops from which on work on all of them may take longer than a click

# One for the process, as the interpreter is. Work inside must not wait for a thread that waits
# for this lock. Reentrant, as a piece of work may be part of another.
_LOCK = threading.RLock()


@contextmanager
def one_by_one(graph: TaggedGraph, large: int = _LARGE) -> Iterator[None]:
    """Keep other long work waiting while the block runs, if the graph has ``large`` ops."""
    if len(graph.ops) < large:
        yield
        return
    with _LOCK:
        yield
