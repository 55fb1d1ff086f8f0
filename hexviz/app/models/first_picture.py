"""What a model that was opened before shows first: kept, so that it is seen while the model opens.

The answer to a visit that asks for nothing but the model depends on the file,
its name, the theme and the code alone::

    ?model=<key> ──▶ cache ──▶ picture at once
          └────────▶ store ──▶ model, which whatever is done next waits for
"""

from __future__ import annotations

import logging
from pathlib import Path

import hexviz.app
from hexviz.app.models.store import ModelStore
from hexviz.cache import Cache, Records, code_in
from hexviz.errors import WriteError
from hexviz.model.reader import digest
from hexviz.view.palette import Theme

__all__ = ["FirstSight", "pictures_in"]

_LOGGER = logging.getLogger(__name__)

_WORTH = 0.25  # seconds of opening and layout from which on a picture is kept

_ASKED = "?model="


def pictures_in(cache: Cache) -> Records:
    """The first pictures in a cache, of this very code."""
    return cache.records("results", f"pictures {code_in(Path(hexviz.app.__path__[0]).parent)}")


class FirstSight:
    """The answers to visits that are kept for the models of a store."""

    def __init__(self, store: ModelStore, pictures: Records) -> None:
        self._store = store
        self._pictures = pictures

    def recall(self, query: str, theme: Theme) -> bytes | None:
        """The answer to a visit, if it is kept, and the model is yet to be drawn."""
        place = self._place(query, theme)
        model = self._store.opened(query.removeprefix(_ASKED))
        if place is None or (model is not None and model.drawn):
            return None
        kept = self._pictures.get(place)
        return None if kept is None else bytes(kept)

    def keep(self, query: str, theme: Theme, answer: bytes) -> None:
        """Keep the answer to a visit if the model took long to open.

        A folder that cannot be written is told in the log of this module and does no harm.
        """
        place = self._place(query, theme)
        model = self._store.opened(query.removeprefix(_ASKED))
        if place is None or model is None:
            return
        spent = [*model.graph.timings.values(), *(one.seconds for one in model.drawn)]
        if sum(spent) < _WORTH:
            return
        try:
            self._pictures.put(place, answer)
        except WriteError as error:
            _LOGGER.warning("The picture of %s is not kept: %s", model.graph.name, error)

    def _place(self, query: str, theme: Theme) -> str | None:
        """The key of the answer; ``None`` if the visit asks for more, or for an unknown model."""
        key = query.removeprefix(_ASKED)
        name = self._store.name(key) if query.startswith(_ASKED) else None
        return None if name is None else digest(f"{key} {theme} {name}".encode())
