"""Background callbacks for a team: Celery workers do them, Redis holds the queue.

Web servers and workers share the cache folder, as uploads and results lie there, and the
code. Only JSON goes through Redis, in either direction.

::

    web ──task──▶ Redis ──▶ worker ──▶ supervise ──▶ child
     ▲ ──"still wanted"─▶    │  ▲ stops when the page has gone
     └──── answer, progress ─┘
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from dash import CeleryManager
from dash.exceptions import PreventUpdate

from hexviz.app.jobs.run import JobContext, OwnManager, job_context, without_traceback
from hexviz.app.jobs.supervise import ABANDONED, LIMITS, TOO_MANY, WAITING
from hexviz.errors import JobError
from hexviz.extras import require

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["SharedManager", "beat_for_ever", "celery_app"]

_BEAT = 2.0  # seconds after which a worker says again that it lives, and which jobs it does

_SILENCE = 15  # seconds without such a word after which it is taken for dead
_DOUBT = 3.0  # seconds for a job without one to begin or to end
_QUEUE = "hexviz"
_WORKERS = "hexviz-workers"
_LONGEST = max(limits.seconds for limits in LIMITS.values())

_LOGGER = logging.getLogger(__name__)

_KILLED = (
    "The worker that did this was killed: try again. If that happens each time, the model or "
    "the worker's memory is the reason."
)
_STOPPED = "The worker that did this was stopped: try again."
_NOBODY = "No worker answers: start one with `hexviz worker`, and try again."


def celery_app(url: str) -> Celery:
    """The queue at a Redis (``redis://HOST:PORT/DB``), for web servers and workers alike.

    Raises:
        ExtraError: if Celery is not installed.
        JobError: if no Redis answers there.
    """
    require("team", "A queue of jobs", "celery", "redis")
    import redis
    from celery import Celery

    app = Celery("hexviz", broker=url, backend=url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],  # the other choices include pickle
        result_accept_content=["json"],
        task_track_started=True,  # tells what waits from what was lost
        result_expires=3600,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,  # what a killed worker had taken in advance would be lost
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=False,
        broker_transport_options={"visibility_timeout": int(_LONGEST + 600)},
        task_default_queue=_QUEUE,
    )
    try:
        redis.Redis.from_url(url, socket_connect_timeout=3).ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise JobError(
            f"No Redis answers at {_without_password(url)}: start one, or leave --jobs out."
        ) from error
    return app


class SharedManager(OwnManager, CeleryManager):  # type: ignore[misc] # Dash has no types
    """Dash's manager for Celery, which also says when a worker is gone, or there is none."""

    is_shared = True

    def __init__(self, celery: Celery) -> None:
        self._doubts: dict[str, float] = {}
        self._closed = threading.Event()
        super().__init__(celery)

    def close(self) -> None:
        """Stop the jobs that are done in this process: in a web server, none."""
        self._closed.set()

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """What the names of jobs are signed with, the same in all web servers."""
        self._redis.set(self.SIGNING_SECRET_KEY, generate(), nx=True)
        return bytes(self._redis.get(self.SIGNING_SECRET_KEY))

    def make_job_fn(self, fn: Callable[..., Any], progress: Any, key: str | None = None) -> Any:
        """The task of a callback, which ends when its page has gone."""

        def done(*arguments: Any) -> Any:
            from celery import current_task
            from redis import RedisError

            job = current_task.request.id
            beat = 0.0

            def wanted() -> bool:
                nonlocal beat
                if self._closed.is_set():
                    return False
                try:
                    if time.monotonic() - beat >= _BEAT:
                        beat = time.monotonic()
                        self._redis.set(_alive(job), 1, ex=_SILENCE)
                    return bool(self._redis.exists(_wanted(job)))
                except RedisError:  # nobody can say: the answer may still find its way
                    return True

            try:
                with job_context(JobContext(wanted)):
                    return fn(*arguments)
            except PreventUpdate:  # it was stopped, by whom it is for, or as the worker ends
                if self._closed.is_set():
                    return {"error": _STOPPED}
                raise

        return super().make_job_fn(done, progress, key)

    def call_job_fn(self, key: str, job_fn: Any, args: Any, context: Any) -> str:
        """Put a job into the queue; returns its name."""
        name = secrets.token_hex(16)
        with _queue_answers():
            if self._redis.llen(_QUEUE) >= WAITING:
                self._redis.set(key, json.dumps({"error": TOO_MANY}), ex=3600)
                return name
            self._redis.set(_wanted(name), 1, ex=int(ABANDONED))
            self._redis.set(_alive(name), 1, ex=_SILENCE)  # time for a worker to take it up
            known = {name: value for name, value in context.items() if name not in _PRIVATE}
            job_fn.apply_async((key, self._make_progress_key(key), args, known), task_id=name)
        return name

    def terminate_job(self, job: str | None) -> None:
        """Stop a job, whose supervisor cleans up; a waiting job never begins."""
        if job:
            self._doubts.pop(job, None)
            with _queue_answers():
                self._redis.delete(_wanted(job))
                self.handle.control.revoke(job)

    def get_progress(self, key: str) -> Any:
        """What a job has reported since the last look."""
        # Dash reads it and then deletes it: a report in between would be lost.
        name = self._make_progress_key(key)
        with _queue_answers():
            found, _ = self._redis.pipeline().get(name).delete(name).execute()
        return None if found is None else json.loads(found)

    def get_result(self, key: str, job: str) -> Any:
        """The answer, if there is one, or why there will be none."""
        with _queue_answers():
            # Only if it is still there: what was stopped stays so.
            self._redis.set(_wanted(job), 1, ex=int(ABANDONED), xx=True)
            status = self.handle.AsyncResult(job).status  # before: it may end meanwhile
            # Not Dash's own: that would kill the worker's process after each answer.
            result = super().get_result(key, None)
            if result is not self.UNDEFINED:
                self._doubts.pop(job, None)
                return without_traceback(result)
            if status not in ("PENDING", "STARTED"):
                return {"error": _KILLED}
            lost = self._lost(job, status)
        if lost:
            self.terminate_job(job)
            return {"error": lost}
        return result

    def _lost(self, job: str, status: str) -> str:
        """Why a job will have no answer; empty as long as it may have one."""
        if self._redis.exists(_alive(job), *[_WORKERS] * (status == "PENDING")):
            self._doubts.pop(job, None)
            return ""
        # It may begin, or end, at this very moment.
        if time.monotonic() - self._doubts.setdefault(job, time.monotonic()) < _DOUBT:
            return ""
        return _NOBODY if status == "PENDING" else _KILLED

    @property
    def _redis(self) -> Any:
        return self.handle.backend.client


_PRIVATE = ("cookies", "headers", "remote", "origin", "path")
"""What Dash knows of a request, and no worker needs to."""


def beat_for_ever(celery: Celery) -> NoReturn:
    """Say that a worker lives, again and again."""
    from redis import RedisError

    while True:
        try:
            celery.backend.client.set(_WORKERS, 1, ex=_SILENCE)
        except RedisError as error:  # it may come back, and Celery waits for it as well
            _LOGGER.warning("The queue does not answer: %s", error)
        time.sleep(_BEAT)


@contextmanager
def _queue_answers() -> Iterator[None]:
    """Say in a line that Redis does not answer, where it does not."""
    from kombu.exceptions import OperationalError
    from redis import RedisError

    try:
        yield
    except (RedisError, OperationalError) as error:
        raise JobError("The queue of jobs does not answer: try again in a while.") from error


def _alive(job: str) -> str:
    return f"hexviz-alive-{job}"


def _wanted(job: str) -> str:
    return f"hexviz-wanted-{job}"


def _without_password(url: str) -> str:
    return url.rpartition("@")[2] if "@" in url else url
