"""Background callbacks on one machine: a thread for each, whose work is in another process."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diskcache
from dash import DiskcacheManager
from dash.exceptions import PreventUpdate

from hexviz.app.jobs.run import JobContext, OwnManager, job_context, without_traceback
from hexviz.app.jobs.supervise import ABANDONED, SLOTS, TOO_MANY, WAITING, Report
from hexviz.errors import JobError, WriteError
from hexviz.model.files import write_atomically

__all__ = ["LocalManager"]

_MOST_ANSWERS = 1 << 26  # bytes of answers that nobody has fetched: the oldest go
_LOGGER = logging.getLogger(__name__)
_NOT_KEPT = "Its answer could not be kept: the disk of the server is full, or its cache damaged."
_LOST = "The server was started anew while it worked on this: try again."


class _Job:
    """A job that is being done, or whose answer could not be kept, which is its ``failure``.

    ``stopped`` says that somebody cancelled it, ``last_asked`` when its page last asked for it.
    """

    def __init__(self) -> None:
        self.stopped = False
        self.failure = ""
        self.last_asked = time.monotonic()

    def wanted(self) -> bool:
        return not self.stopped and time.monotonic() - self.last_asked < ABANDONED


class LocalManager(OwnManager, DiskcacheManager):  # type: ignore[misc] # Dash has no types
    """Dash's manager for one machine, with two more things done otherwise.

    Dash forks the server for each job: a copy with all its threads' locks, all
    models and the open socket; here a thread follows a new process. And answers
    are kept as JSON: diskcache's default unpickles what it finds (CVE-2025-69872).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[str, _Job] = {}
        self._slots = threading.BoundedSemaphore(SLOTS)
        super().__init__(_answers_in(folder))

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """What the names of jobs are signed with, also after a restart."""
        # Not among the answers, of which the oldest go.
        kept = self._folder / "secret"
        if not kept.exists():
            write_atomically(kept, [generate()], private=True)
        return kept.read_bytes()

    def call_job_fn(self, key: str, job_fn: Callable[..., None], args: Any, context: Any) -> str:
        """Start a job; returns its name."""
        for old, job in list(self._jobs.items()):
            if job.failure and not job.wanted():
                self._jobs.pop(old, None)
        name, job = secrets.token_hex(16), _Job()
        self._jobs[name] = job

        def work() -> None:
            try:
                with job_context(JobContext(job.wanted, lambda report: self._slot(job, report))):
                    job_fn(key, self._make_progress_key(key), args, context)
            except (sqlite3.Error, diskcache.Timeout, OSError):
                _LOGGER.exception("The answer of a job cannot be kept")
                job.failure = _NOT_KEPT
            else:
                del self._jobs[name]
            finally:
                # Each thread has a connection of its own, which would stay open.
                self.handle.close()

        threading.Thread(target=work, name=f"job {name}", daemon=True).start()
        return name

    def terminate_job(self, job: str | None) -> None:
        """Stop a job, whose supervisor cleans up."""
        found = self._jobs.get(job or "")
        if found is not None:
            found.stopped = True

    def get_progress(self, key: str) -> Any:
        """What a job has reported since the last look."""
        # Dash reads it and then deletes it: a report in between would be lost.
        return self.handle.pop(self._make_progress_key(key))

    def get_result(self, key: str, job: str) -> Any:
        """The answer, if there is one; of a job that is not known any more, why there is none."""
        found = self._jobs.get(job)
        if found is not None:
            found.last_asked = time.monotonic()
            if found.failure:
                del self._jobs[job]
                return {"error": found.failure}
        result = super().get_result(key, None)
        if result is self.UNDEFINED and found is None:
            return {"error": _LOST}
        return without_traceback(result)

    def close(self) -> None:
        """Stop all jobs, and wait for a moment until they are gone."""
        for job in list(self._jobs.values()):
            job.stopped = True
        deadline = time.monotonic() + 10
        while (
            any(not job.failure for job in list(self._jobs.values()))
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)

    @contextmanager
    def _slot(self, job: _Job, report: Report) -> Iterator[None]:
        if len(self._jobs) > WAITING + SLOTS:
            raise JobError(TOO_MANY)
        while not self._slots.acquire(timeout=0.5):
            if not job.wanted():
                raise PreventUpdate
            report(("Waiting for others to finish", 0.0))
        try:
            yield
        finally:
            self._slots.release()


def _answers_in(folder: Path) -> diskcache.Cache:
    """The answers of jobs that lie in a folder; a damaged file of them is made anew.

    Raises:
        WriteError: if the folder cannot be written.
    """

    def opened() -> diskcache.Cache:
        return diskcache.Cache(str(folder), disk=diskcache.JSONDisk, size_limit=_MOST_ANSWERS)

    try:
        try:
            return opened()
        except sqlite3.OperationalError:  # full, or not ours to write
            raise
        except sqlite3.DatabaseError:
            for path in folder.glob("cache.db*"):
                path.unlink(missing_ok=True)
            return opened()
    except (sqlite3.Error, diskcache.Timeout, OSError) as error:
        raise WriteError(f"Cannot use the cache folder {folder}: {error}.") from error
