"""Tags kept between one opening of a file and the next."""

from __future__ import annotations

import logging
from pathlib import Path

from hexviz.app.folders import tags_folder
from hexviz.errors import WriteError
from hexviz.model.graph import TaggedGraph
from hexviz.model.shelf import Shelf
from hexviz.tagging.opened import open_file, shelf_in
from hexviz.tagging.tag import load

__all__ = ["load_kept", "tags_shelf"]

_LOGGER = logging.getLogger(__name__)


def tags_shelf() -> Shelf | None:
    """Where tags are kept on this machine; ``None`` where they cannot be.

    That is told in the log of this module and does no harm.
    """
    try:
        return shelf_in(tags_folder())
    except WriteError as error:
        _LOGGER.warning("Tags are not kept: %s", error)
        return None


def load_kept(path: Path) -> TaggedGraph:
    """As :func:`hexviz.load`, and at once if a file with this content was opened before.

    Raises:
        ReadError: if the file is missing or no readable ONNX model.
    """
    shelf = tags_shelf()
    return load(path) if shelf is None else open_file(path, shelf)
