"""What the callbacks of the page call, and what every manager of their jobs has in common."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

from hexviz.app.jobs.supervise import LIMITS, Report, supervise
from hexviz.cache import Cache
from hexviz.errors import HexvizError

__all__ = ["OwnManager", "Turn", "run_job", "taking", "without_traceback"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the manager that runs a job knows of it.

    ``wanted`` says whether somebody still waits for it, and ``place`` holds it back
    until there is room for it, telling that meanwhile.
    """

    wanted: Callable[[], bool] = lambda: True
    place: Callable[[Report], AbstractContextManager[None]] = field(default=lambda _: nullcontext())


_TURN: ContextVar[Turn] = ContextVar("turn", default=Turn())  # noqa: B039 - it is frozen


@contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """Jobs that are run inside are run on this turn."""
    token = _TURN.set(turn)
    try:
        yield
    finally:
        _TURN.reset(token)


def run_job(task: str, told: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Do a job in a process of its own; returns its result, or a line of ``error``.

    Raises:
        PreventUpdate: if it was cancelled: nobody waits for an answer.
    """
    turn = _TURN.get()
    try:
        with turn.place(report):
            result = supervise(
                task,
                told,
                limits=LIMITS[task],
                folder=Cache().folder("jobs"),
                report=report,
                wanted=turn.wanted,
            )
            if result.get("cancelled"):
                raise PreventUpdate
            return result
    except HexvizError as error:
        return {"error": str(error)}


def without_traceback(result: Any) -> Any:
    """What a page is told of an answer: of an error that nobody foresaw, no more than that."""
    match result:
        case {"background_callback_error": {"tb": str(traceback)}}:
            _LOGGER.error("A background callback failed: %s", traceback)
            return {"error": "Something went wrong on the server: its log says more."}
    return result


class OwnManager(BaseBackgroundCallbackManager):  # type: ignore[misc] # Dash has no types
    """A manager of one app; Dash offers each manager the callbacks of all apps in the process.

    Dash also gives two people who ask for the same the same answer, once; here
    each gets their own.
    """

    _open = False

    def register(self, key: str, fn: Callable[..., Any], progress: Any) -> None:
        """Take on a callback, if it is of the app that is being made."""
        if self._open:
            super().register(key, fn, progress)

    def begin(self) -> None:
        """Take on the callbacks that come now."""
        self._open = True

    def seal(self) -> None:
        """Take on no more: what comes now is another app's, with the same names."""
        self._open = False

    def build_cache_key(self, *_: Any) -> str:
        """A new name for each answer: it is for who asked."""
        return secrets.token_hex(32)

    def job_running(self, job: str) -> bool:
        """Always: Dash asks right after :meth:`get_result`, which has told if it is over.

        A job that ends between the two questions would be taken for one that
        was cancelled, and its answer never be asked for.
        """
        return bool(job)

    def terminate_unhealthy_job(self, *_: Any) -> bool:
        """Nothing to do: what became of a job is told with its answer."""
        return False
