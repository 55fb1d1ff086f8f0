"""Background callbacks on one machine: a thread for each, whose work is in another process."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diskcache
from dash import DiskcacheManager
from dash.exceptions import PreventUpdate

from hexviz.app.jobs.limits import ABANDONED, SLOTS, WAITING
from hexviz.app.jobs.own import OwnManager
from hexviz.app.jobs.run import Turn, taking, told
from hexviz.app.jobs.supervise import Report, sweep
from hexviz.errors import JobError

__all__ = ["LocalManager"]

_ROOM = 1 << 26  # bytes of answers that nobody asked for: the oldest go
_LOST = "The server was started anew while it worked on this: try again."


class _Job:
    """A job that is being done: stopped by somebody, or last asked for at some time."""

    def __init__(self) -> None:
        self.stopped = False
        self.asked = time.monotonic()

    def wanted(self) -> bool:
        return not self.stopped and time.monotonic() - self.asked < ABANDONED


class LocalManager(OwnManager, DiskcacheManager):  # type: ignore[misc] # Dash has no types
    """Dash's manager for one machine, with two more things done otherwise.

    Dash forks the server for each job: a copy with all its threads' locks, all
    models and the open socket; here a thread follows a new process. And answers
    are kept as JSON: diskcache's default unpickles what it finds (CVE-2025-69872).
    """

    def __init__(self, folder: Path) -> None:
        sweep(folder)
        cache = diskcache.Cache(str(folder), disk=diskcache.JSONDisk, size_limit=_ROOM)
        self._jobs: dict[str, _Job] = {}
        self._places = threading.BoundedSemaphore(SLOTS)
        super().__init__(cache)

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """What the names of jobs are signed with, also after a restart."""
        self.handle.add(self.SIGNING_SECRET_KEY, generate().hex())
        return bytes.fromhex(self.handle.get(self.SIGNING_SECRET_KEY))

    def call_job_fn(self, key: str, job_fn: Callable[..., None], args: Any, context: Any) -> str:
        """Start a job; returns its name."""
        name, job = secrets.token_hex(16), _Job()
        self._jobs[name] = job

        def work() -> None:
            try:
                with taking(Turn(job.wanted, lambda report: self._place(job, report))):
                    job_fn(key, self._make_progress_key(key), args, context)
            finally:
                del self._jobs[name]

        threading.Thread(target=work, name=f"job {name}", daemon=True).start()
        return name

    def terminate_job(self, job: str | None) -> None:
        """Stop a job, and let who follows it clean up."""
        found = self._jobs.get(job or "")
        if found is not None:
            found.stopped = True

    def get_result(self, key: str, job: str) -> Any:
        """The answer, if there is one; of a job that nobody knows any more, why there is none."""
        found = self._jobs.get(job)
        if found is not None:
            found.asked = time.monotonic()
        result = super().get_result(key, None)
        if result is self.UNDEFINED and found is None:
            return {"error": _LOST}
        return told(result)

    def close(self) -> None:
        """Stop all jobs, and wait for a moment until they are gone."""
        for job in list(self._jobs.values()):
            job.stopped = True
        deadline = time.monotonic() + 5
        while self._jobs and time.monotonic() < deadline:
            time.sleep(0.05)

    @contextmanager
    def _place(self, job: _Job, report: Report) -> Iterator[None]:
        if len(self._jobs) > WAITING + SLOTS:
            raise JobError("Too many others wait for the server already: try again later.")
        while not self._places.acquire(timeout=0.5):
            if not job.wanted():
                break
            report(("Waiting for others to finish", 0.0))
        else:
            try:
                yield
            finally:
                self._places.release()
            return
        raise PreventUpdate
