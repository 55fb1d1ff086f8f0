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

__all__ = ["JobContext", "OwnManager", "job_context", "run_job", "without_traceback"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a manager says of the job that it runs.

    ``wanted`` says whether anybody still waits for it. ``slot`` holds it back until
    there is room for it, and reports that meanwhile.
    """

    wanted: Callable[[], bool] = lambda: True
    slot: Callable[[Report], AbstractContextManager[None]] = field(default=lambda _: nullcontext())


_CONTEXT: ContextVar[JobContext] = ContextVar("job", default=JobContext())  # noqa: B039 - frozen


@contextmanager
def job_context(context: JobContext) -> Iterator[None]:
    """Run the jobs inside the block in this context."""
    token = _CONTEXT.set(context)
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def run_job(task: str, arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Do a job in a process of its own; returns its result, or a line of ``error``.

    Raises:
        PreventUpdate: if it was cancelled: nobody waits for an answer.
    """
    context = _CONTEXT.get()
    try:
        with context.slot(report):
            result = supervise(
                task,
                arguments,
                limits=LIMITS[task],
                folder=Cache().folder("jobs"),
                report=report,
                wanted=context.wanted,
            )
            if result.get("cancelled"):
                raise PreventUpdate
            return result
    except HexvizError as error:
        return {"error": str(error)}


def without_traceback(result: Any) -> Any:
    """The answer for the page: of an unforeseen error, only that there was one."""
    match result:
        case {"background_callback_error": {"tb": str(traceback)}}:
            _LOGGER.error("A background callback failed: %s", traceback)
            return {"error": "Something went wrong on the server: its log says more."}
    return result


class OwnManager(BaseBackgroundCallbackManager):  # type: ignore[misc] # Dash has no types
    """A manager of one app; Dash offers each manager the callbacks of all apps in the process.

    Dash also gives one answer, once, to two people who ask for the same; here each
    gets their own.
    """

    is_shared = False
    """Whether other machines do the jobs, which may have other packages."""

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
        """A new name for each answer, as each belongs to one request."""
        return secrets.token_hex(32)

    def job_running(self, job: str) -> bool:
        """Always: Dash asks right after :meth:`get_result`, which says if it is over.

        Dash would take a job that ends between the two questions for a cancelled
        one, and never fetch its answer.
        """
        return bool(job)

    def terminate_unhealthy_job(self, *_: Any) -> bool:
        """Nothing to do: the answer says what became of a job."""
        return False
