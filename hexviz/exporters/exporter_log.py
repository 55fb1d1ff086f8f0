"""Keep what exporters print off the terminal, and in a log.

Exporters speak through four channels: ``print``, :mod:`warnings`,
:mod:`logging` (with handlers bound to the real stderr when torch was
imported) and text in their errors. Here the first three end up in one place,
in the order in which they were said.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import ParamSpec

__all__ = ["Log", "captured", "outside"]

P = ParamSpec("P")

_LOGGERS = ("torch", "onnx", "onnxscript", "onnx_ir", "transformers")


class Log(io.StringIO):
    """Collects text; ``heard`` is told of each complete line as it is written."""

    def __init__(self, heard: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._heard = heard
        self._line = ""

    def write(self, text: str, /) -> int:
        """Append ``text``, announcing the lines it completes."""
        count = super().write(text)
        if self._heard is not None:
            *lines, self._line = (self._line + text).split("\n")
            for line in lines:
                self._heard(line)
        return count


@contextlib.contextmanager
def captured(log: Log) -> Iterator[None]:
    """Send prints, warnings and the exporters' log records to ``log`` while inside.

    Warnings are shown, never raised, whatever filters the caller has set:
    they concern the exporter, and an export that works must not fail by them.
    """

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        log.write(f"{category.__name__}: {message}\n")

    with (
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
        warnings.catch_warnings(),
        _logging_to(log),
    ):
        warnings.simplefilter("default")
        # catch_warnings restores this one as well
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def outside(function: Callable[P, None]) -> Callable[P, None]:
    """Make ``function`` print to where prints go *now*, even inside :func:`captured`."""
    stdout, stderr = sys.stdout, sys.stderr

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            function(*args, **kwargs)

    return call


@contextlib.contextmanager
def _logging_to(log: Log) -> Iterator[None]:
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    before = {}
    for name in _loggers():
        logger = logging.getLogger(name)
        before[logger] = (logger.handlers, logger.propagate)
        # Libraries add their own handlers below the top logger: drop those,
        # and let every record rise to the one handler there.
        top = name in _LOGGERS
        logger.handlers = [handler] if top else []
        logger.propagate = not top
    try:
        yield
    finally:
        for logger, (handlers, propagate) in before.items():
            logger.handlers, logger.propagate = handlers, propagate


def _loggers() -> list[str]:
    known = list(logging.root.manager.loggerDict)
    below = [name for name in known if name.startswith(tuple(f"{top}." for top in _LOGGERS))]
    return [*_LOGGERS, *below]
