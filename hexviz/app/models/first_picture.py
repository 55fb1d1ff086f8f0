"""The first picture of a model that was opened before: kept, and shown while the model opens.

The answer to a visit that asks for nothing but the model depends on the file,
its name, the theme, the size of the canvas (in classes) and the code alone::

    ?model=<key> ──▶ cache ──▶ picture at once
          └────────▶ store ──▶ model, for which the next event waits
"""

from __future__ import annotations

import logging
from pathlib import Path

import hexviz.app
from hexviz.app.models.store import ModelStore
from hexviz.cache import Cache, code_in
from hexviz.errors import WriteError
from hexviz.model.reader import digest
from hexviz.view.canvas_size import size_class
from hexviz.view.palette import Theme

__all__ = ["FirstPictures"]

_LOGGER = logging.getLogger(__name__)

_QUERY = "?model="

Canvas = tuple[int, int] | None
"""Width and height of a canvas in pixels, if they are known."""


class FirstPictures:
    """The answers to visits that are kept for the models of a store, by this very code.

    ``worth`` is how many seconds opening and layout must have taken for a picture to be kept.
    """

    def __init__(self, store: ModelStore, cache: Cache, *, worth: float = 0.25) -> None:
        self._store = store
        self._worth = worth
        code = code_in(Path(hexviz.app.__path__[0]).parent)
        self._pictures = cache.records("results", f"pictures {code}")

    def recall(self, query: str, theme: Theme, canvas: Canvas) -> bytes | None:
        """The answer to a visit, if it is kept, and the model is yet to be drawn."""
        key = self._key(query, theme, canvas)
        model = self._store.opened(query.removeprefix(_QUERY))
        if key is None or (model is not None and model.drawn):
            return None
        kept = self._pictures.get(key)
        return None if kept is None else bytes(kept)

    def keep(self, query: str, theme: Theme, canvas: Canvas, answer: bytes) -> None:
        """Keep the answer to a visit if the model took long to open.

        A cache that cannot be written is a line in the log of this module and does no harm.
        """
        key = self._key(query, theme, canvas)
        model = self._store.opened(query.removeprefix(_QUERY))
        if key is None or model is None:
            return
        spent = [*model.graph.timings.values(), *(stage.seconds for stage in model.drawn)]
        if sum(spent) < self._worth:
            return
        try:
            self._pictures.put(key, answer)
        except WriteError as error:
            _LOGGER.warning("The picture of %s is not kept: %s", model.graph.name, error)

    def _key(self, query: str, theme: Theme, canvas: Canvas) -> str | None:
        """What the answer is kept by; ``None`` if the visit asks for more, or nothing is known."""
        key = query.removeprefix(_QUERY)
        name = self._store.name(key) if query.startswith(_QUERY) else None
        if name is None:
            return None
        width, height = size_class(canvas)
        bare = "" if self._store.recover else "bare "
        return digest(f"{bare}{key} {theme} {width}x{height} {name}".encode())
