"""Long work on large models, one after the other: light clicks are not to wait for many at once.

All threads of a server share one interpreter. Five that build an index of 20,000 ops at
once are done after five times as long, each of them, and whoever just opens a box in
another model gets a sixth of the interpreter meanwhile; in turn, a half::

    at once    ████████████████████ all five done here      in turn    ███ 1st ███ 2nd ███ …
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hexviz.model.graph import TaggedGraph

__all__ = ["taking_turns"]

_LARGE = 2000  # ops from which on work on all of them takes longer than a click may

# One for the process, as the interpreter is. Nothing that is done inside may wait for somebody
# who waits for a turn; RLock, as a turn may be part of another one.
_TURN = threading.RLock()


@contextmanager
def taking_turns(graph: TaggedGraph) -> Iterator[None]:
    """Keep other long work waiting while the block runs, if the graph is large."""
    if len(graph.ops) < _LARGE:
        yield
        return
    with _TURN:
        yield
