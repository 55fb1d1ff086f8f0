"""Run one job in a process of its own, and tell how it ended, whatever ended it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

from hexviz.app.jobs.limits import Limits

__all__ = ["Report", "supervise", "sweep"]

Report = Callable[[tuple[str, float]], None]
"""Gets a stage in words, and how far the job is, in percent."""

_LOGGER = logging.getLogger(__name__)

_CANCELLED = "It was cancelled."
_PREFIX = "job-"
_LOOK = 0.1  # seconds between looks at a job
_LOOK_FOR_OTHERS = 1.0  # seconds between looks for what a job has started
_GRACE = 2.0  # seconds for a process to end by itself
_LONGEST = 1 << 24  # bytes of an answer; a verification of ten thousand outputs takes 2 MB
_MOST_SAID = 1 << 26  # bytes that a job may print
_SAID = 4000  # bytes that a job that failed said last, for the server's log


def supervise(
    task: str,
    told: Mapping[str, Any],
    *,
    limits: Limits,
    folder: Path,
    report: Report,
    wanted: Callable[[], bool],
) -> dict[str, Any]:
    """Do a task of :mod:`hexviz.app.jobs.tasks` in a new process; returns its result.

    ``told`` is plain JSON. The process has a scratch folder in ``folder``, as its
    directory for temporary files, and is ended, with all that it has started, when
    it passes the ``limits`` or ``wanted`` says no. Whatever happens, nothing of it
    runs or lies about afterwards. If it gave no result, that is an ``error`` line,
    and whether it was ``cancelled``.
    """
    with _scratch(folder) as scratch, (scratch / "said").open("w+b") as said:
        process = subprocess.Popen(
            # -P: what lies in the current folder is not imported.
            [sys.executable, "-P", "-m", "hexviz.app.jobs.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            bufsize=0,
            start_new_session=True,
            env=os.environ | {"TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"},
        )
        try:
            order = {"task": task, "told": dict(told)}
            result, why = _followed(process, order, said, limits, report, wanted)
        finally:
            _end(process)
        if result is None:
            why = why or _died(process.returncode)
            said.seek(max(0, said.seek(0, os.SEEK_END) - _SAID))
            last = said.read().decode(errors="replace")
            level = logging.INFO if why == _CANCELLED else logging.WARNING
            _LOGGER.log(level, "The job %s gave nothing: %s Its last words: %s", task, why, last)
            return {"error": why, "cancelled": why == _CANCELLED}
        return result


def _followed(
    process: subprocess.Popen[bytes],
    order: Mapping[str, Any],
    said: IO[bytes],
    limits: Limits,
    report: Report,
    wanted: Callable[[], bool],
) -> tuple[dict[str, Any] | None, str]:
    """The result, or ``None`` and the reason why the job was ended, if it was ended here."""
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101
    messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    # In threads of their own: whatever the job does with its ends of the pipes, it is looked at.
    read, write = os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno())
    threading.Thread(target=_read, args=[read, messages], daemon=True).start()
    threading.Thread(target=_write, args=[write, order], daemon=True).start()
    deadline = time.monotonic() + limits.seconds
    taken = _Taken(process.pid)
    while True:
        try:
            message = messages.get(timeout=_LOOK)
        except queue.Empty:
            message = {}
        match message:
            case None:
                _await_end(process.pid)
                return None, ""
            case {"result": dict(result)}:
                return result, ""
            case {"progress": [str(stage), int() | float() as percent]}:
                report((stage, float(percent)))
        if not wanted():
            return None, _CANCELLED
        if time.monotonic() > deadline:
            return None, f"It took more than {_minutes(limits.seconds)}, and was stopped."
        if os.fstat(said.fileno()).st_size > _MOST_SAID:
            return None, "It printed without end, and was stopped."
        if taken.bytes() > limits.memory:
            return None, (
                f"It took more than {limits.memory / 1e9:.1f} GB of memory, and was stopped: "
                "use the command line on a larger machine."
            )


def _write(pipe: int, order: Mapping[str, Any]) -> None:
    with suppress(BrokenPipeError), open(pipe, "wb") as file:  # it ended: that is told elsewhere
        file.write(json.dumps(order).encode() + b"\n")


def _read(pipe: int, messages: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """Put what a job says on a queue, and ``None`` at its end; what is no message is its end."""
    try:
        with open(pipe, "rb") as file:
            while line := file.readline(_LONGEST):
                messages.put(json.loads(line))
    except ValueError:
        _LOGGER.warning("A job said what is no message, or too long for one.")
    messages.put(None)


def _await_end(pid: int) -> None:
    """Give a process that has closed its output the time to end as it wanted to."""
    deadline = time.monotonic() + _GRACE
    # Looked at, not waited for: its number stays its own until _end has ended its group.
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return
            time.sleep(_LOOK / 10)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a job and all that it has started."""
    # Before its number is given back by waiting for it: then it could be another's.
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a dead group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _died(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return (
            f"The process that worked on this was killed ({name}): try again. "
            "If that happens each time, the model or the memory of the server is the reason."
        )
    return f"The process that worked on this failed (exit code {code}): see the server's log."


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


class _Taken:
    """What a process and all that it has started take."""

    def __init__(self, pid: int) -> None:
        self._all = [psutil.Process(pid)]
        self._looked = time.monotonic()

    def bytes(self) -> int:
        """Bytes in memory."""
        # Who was started by whom is told by looking at all processes of the machine.
        if time.monotonic() - self._looked >= _LOOK_FOR_OTHERS:
            self._looked = time.monotonic()
            with suppress(psutil.NoSuchProcess):
                self._all[1:] = self._all[0].children(recursive=True)
        total = 0
        for one in self._all:
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
        return total


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for one job; a lock in it says that somebody uses it, in whatever process."""
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        with (path / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what jobs left there whose supervisor was killed; what is in use stays."""
    for path in folder.glob(f"{_PREFIX}*"):
        try:
            with (path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:  # being made at this moment, or being removed
            continue
        except BlockingIOError:
            continue
        shutil.rmtree(path, ignore_errors=True)
