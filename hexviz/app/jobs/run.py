"""What the callbacks of the page call: one job, from wherever Dash's manager runs them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dash.exceptions import PreventUpdate

from hexviz.app.folders import jobs_folder
from hexviz.app.jobs.limits import LIMITS
from hexviz.app.jobs.supervise import Report, supervise
from hexviz.errors import HexvizError

__all__ = ["Turn", "run_job", "taking", "without_traceback"]

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
                folder=jobs_folder(),
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
