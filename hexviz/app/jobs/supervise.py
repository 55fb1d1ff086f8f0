"""One job in a process of its own, within its limits; and how it ended, whatever ended it.

Large uploads are read by such a process first (:func:`read_first`): a megabyte of empty
messages becomes a hundred once protobuf has made objects of them, before anything can be
counted. The job leaves the tags in the cache, so that reading twice costs little.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from hexviz.cache import Cache
from hexviz.errors import JobError, ReadError
from hexviz.model.files import LEFTOVER, write_atomically

__all__ = [
    "ABANDONED",
    "LIMITS",
    "SLOTS",
    "TOO_MANY",
    "WAITING",
    "WORTH",
    "Limits",
    "Report",
    "memory_here",
    "read_first",
    "supervise",
    "sweep",
]

Report = Callable[[tuple[str, float]], None]
"""Gets a stage in words, and how far the job is, in percent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` of wall time, ``memory`` in bytes of all processes of a job together."""

    seconds: float
    memory: int


_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def memory_here(container: Path = _CONTAINER) -> int:
    """Bytes of memory that this machine has, or the container that this runs in."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = container.read_text().strip()
    except OSError:  # no Linux, or none of today
        return total
    return min(total, int(limit)) if limit.isdecimal() else total


SLOTS = min(4, max(2, os.cpu_count() or 1))
"""Jobs that run at once on one machine; others wait."""

_MOST = memory_here() * 3 // 4 // SLOTS

LIMITS = {
    "export": Limits(1800.0, _MOST),
    "verify": Limits(600.0, _MOST),
    "part": Limits(600.0, _MOST),
    "report": Limits(600.0, _MOST),
    "read": Limits(30.0, 1 << 30),
    "transfer": Limits(300.0, _MOST),
    "compare": Limits(300.0, _MOST),
    "costs": Limits(300.0, _MOST),
    "profile": Limits(900.0, _MOST),
    "trace": Limits(300.0, _MOST),
    "parity": Limits(1800.0, _MOST),
}
"""By kind of job. The largest exports of the benchmark take minutes; the fourth of the memory that
is left is for the server, the browser and the system. Reading 100,000 ops takes 6 s
and a fifth of the 1 GB; larger files are opened by the command line."""

WAITING = 50
"""Jobs that wait at most: more are refused, as nobody waits that long."""

TOO_MANY = "Too many others wait for the server already: try again later."

ABANDONED = 180.0
"""Seconds without a question from the page after which nobody wants a job any more.

Browsers let pages in the background ask once a minute.
"""

WORTH = 2 << 20
"""Bytes from which on a file is read by a job first: what is smaller takes below 0.5 GB."""

_LOGGER = logging.getLogger(__name__)

_POSSIBLE = hasattr(os, "killpg")  # Windows has no process groups, and no locks as used here

_CANCELLED = "It was cancelled."
_PREFIX = "job-"
_LOOK = 0.1  # seconds between looks at a job
_LOOK_FOR_OTHERS = 1.0  # seconds between looks for what a job has started
_GRACE = 2.0  # seconds for a process to end by itself
_LONGEST = 1 << 24  # bytes of an answer; a verification of ten thousand outputs takes 2 MB
_MOST_OUTPUT = 1 << 26  # bytes that a job may print
_LAST_OUTPUT = 4000  # bytes at the end of a failed job's output, for the server's log


def read_first(content: bytes, name: str) -> None:
    """Open the bytes of a file in a process of its own.

    Raises:
        ReadError: if they are no readable ONNX model, or reading takes too much.
        WriteError: if they cannot be handed over.
    """
    if not _POSSIBLE:  # one person's machine: there are no jobs to keep it from others
        return
    folder = Cache().folder("jobs")
    # Named as what is swept away at the next start, should this process be killed.
    path = folder / f"{LEFTOVER}{secrets.token_hex(16)}.onnx"
    try:
        write_atomically(path, [content], private=True)
        result = supervise(
            "read",
            {"path": str(path), "name": name},
            limits=LIMITS["read"],
            folder=folder,
            report=lambda _: None,
            wanted=lambda: True,
        )
    finally:
        path.unlink(missing_ok=True)
    if "cancelled" in result:  # the supervisor's words, which do not say of what
        raise ReadError(f"{name} was not read. {result['error']}")
    if "error" in result:
        raise ReadError(result["error"])


def supervise(
    task: str,
    arguments: Mapping[str, Any],
    *,
    limits: Limits,
    folder: Path,
    report: Report,
    wanted: Callable[[], bool],
) -> dict[str, Any]:
    """Do a task of :mod:`hexviz.app.jobs.tasks` in a new process; returns its result.

    ``arguments`` are plain JSON. The process has a scratch folder in ``folder``, as its
    directory for temporary files, and is ended, with all that it has started, when
    it passes the ``limits`` or ``wanted`` says no. Whatever happens, nothing of it
    runs or lies about afterwards. If it gave no result, that is an ``error`` line,
    and whether it was ``cancelled``.

    Raises:
        JobError: on a system that is not POSIX.
    """
    if not _POSSIBLE:
        raise JobError(
            "Jobs of the page need Linux or macOS: use the command line, `hexviz --help` lists it."
        )
    with _scratch(folder) as scratch, (scratch / "output").open("w+b") as output:
        process = subprocess.Popen(
            # -P: what lies in the current folder is not imported.
            [sys.executable, "-P", "-m", "hexviz.app.jobs.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            bufsize=0,
            start_new_session=True,
            env=os.environ | {"TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"},
        )
        try:
            order = {"task": task, "arguments": dict(arguments)}
            result, why = _followed(process, order, output, limits, report, wanted)
        finally:
            _end(process)
        if result is None:
            why = why or _died(process.returncode)
            output.seek(max(0, output.seek(0, os.SEEK_END) - _LAST_OUTPUT))
            last = output.read().decode(errors="replace")
            level = logging.INFO if why == _CANCELLED else logging.WARNING
            _LOGGER.log(level, "The job %s gave nothing: %s Its last words: %s", task, why, last)
            return {"error": why, "cancelled": why == _CANCELLED}
        return result


def _followed(
    process: subprocess.Popen[bytes],
    order: Mapping[str, Any],
    output: IO[bytes],
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
        if os.fstat(output.fileno()).st_size > _MOST_OUTPUT:
            return None, "It printed without end, and was stopped."
        if taken.bytes() > limits.memory:
            return None, (
                f"It took more than {limits.memory / 1e9:.1f} GB of memory, and was stopped: "
                "use the command line on a larger machine."
            )


def _write(pipe: int, order: Mapping[str, Any]) -> None:
    with suppress(BrokenPipeError), open(pipe, "wb") as file:  # it ended, which _followed notices
        file.write(json.dumps(order).encode() + b"\n")


def _read(pipe: int, messages: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """Put what a job says on a queue, and ``None`` at its end; what is no message is its end."""
    try:
        with open(pipe, "rb") as file:
            while line := file.readline(_LONGEST):
                messages.put(json.loads(line))
    except ValueError:
        _LOGGER.warning("A job wrote what is no message, or too long for one.")
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
        # Finding what a process has started means to look at all processes of the machine.
        if time.monotonic() - self._looked >= _LOOK_FOR_OTHERS:
            self._looked = time.monotonic()
            with suppress(psutil.NoSuchProcess):
                self._all[1:] = self._all[0].children(recursive=True)
        total = 0
        for process in self._all:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for one job; a lock in it says that somebody uses it, in whatever process."""
    import fcntl

    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        with (path / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what jobs left there whose supervisor was killed; what is in use stays."""
    if not _POSSIBLE:
        return
    import fcntl

    for path in folder.glob(f"{_PREFIX}*"):
        try:
            with (path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:  # being made at this moment, or being removed
            continue
        except BlockingIOError:
            continue
        shutil.rmtree(path, ignore_errors=True)
