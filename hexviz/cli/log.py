"""``HEXVIZ_LOG``: how long each stage of a command took, one line of JSON for each, to a file."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hexviz.errors import WriteError

__all__ = ["LOG_VARIABLE", "stages_logged"]

LOG_VARIABLE = "HEXVIZ_LOG"
"""The environment variable: a file that lines are added to, or ``-`` for stderr."""


@contextmanager
def stages_logged() -> Iterator[None]:
    """Write the lines of ``hexviz.stages`` to where the environment says, if it does.

    Raises:
        WriteError: if that file cannot be written, now or later.
    """
    place = os.environ.get(LOG_VARIABLE)
    if not place:
        yield
        return
    logger = logging.getLogger("hexviz.stages")
    handler = _handler(place)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        try:
            handler.close()
        except OSError as error:  # what could not be written is tried again
            raise _unwritable(place, error) from error


def _handler(place: str) -> logging.Handler:
    if place == "-":
        return logging.StreamHandler()
    try:
        return _Lines(place, encoding="utf-8")
    except OSError as error:
        raise _unwritable(place, error) from error


class _Lines(logging.FileHandler):
    """A file of lines. One that cannot be written ends the command: somebody asked for it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging calls it so
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            raise _unwritable(self.baseFilename, error) from error
        super().handleError(record)


def _unwritable(place: str, error: OSError) -> WriteError:
    return WriteError(
        f"Cannot write the log to {place}: {error.strerror}. Set {LOG_VARIABLE} to another file, "
        "or to - for stderr."
    )
