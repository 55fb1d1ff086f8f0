"""Watching put together for a server: the file named at the start, and the source it is made from.

Nothing that this file imports takes long: watching begins once the page is there.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hexviz.errors import HexvizError

if TYPE_CHECKING:
    from hexviz.app.front import Front
    from hexviz.app.models.first_model import FirstModel
    from hexviz.app.models.store import ModelStore
    from hexviz.app.watching.watcher import ModelWatcher

__all__ = ["Watching"]


class Watching:
    """What a server watches: ``path`` and, if hexviz exported that, the source of ``factory``."""

    def __init__(self, path: Path, factory: str | None = None) -> None:
        self._path = path
        self._factory = factory
        self._watcher: ModelWatcher | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def begin(self, first: FirstModel, front: Front, store: ModelStore) -> None:
        """Watch from now on, and tell pages and server of what happens."""
        from hexviz.app.watching.reexport import Reexport
        from hexviz.app.watching.route import watch_answer
        from hexviz.app.watching.watcher import ModelWatcher

        with suppress(HexvizError):  # one that cannot be opened is answered for elsewhere
            key = first.key()
            builder = Reexport(self._factory, self._path) if self._factory else None
            watcher = ModelWatcher(self._path, store, key, changed=first.follow, builder=builder)
            with self._lock:
                if self._is_over:
                    return
                self._watcher = watcher
            front.watch = lambda request: watch_answer(watcher, request)
            threading.Thread(target=watcher.run, daemon=True).start()

    def close(self) -> None:
        """Watch no more; what is being exported is given up."""
        with self._lock:
            self._is_over = True
            if self._watcher is not None:
                self._watcher.close()
