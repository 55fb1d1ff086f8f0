"""Waiting in tests: for as long as something moves, however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

import psutil

__all__ = ["CEILING", "QUIET", "finished", "until"]

CEILING = 90.0
"""Seconds after which every wait ends: what moves then moves without end."""

QUIET = 45.0
"""Seconds in which no process that is waited for was given, or took, any time of a processor."""


class _Movement:
    """Whether the processes below one still do something; the one itself is left out if it waits.

    A process that gets a hundredth of a core moves; one that waits for what never comes does not.
    """

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._began = self._moved = time.monotonic()
        self._taken = self._cpu()

    def check(self, message: str) -> None:
        now, taken = time.monotonic(), self._cpu()
        if taken != self._taken:
            self._taken, self._moved = taken, now
        assert now - self._moved < QUIET, f"{message}: nothing has moved for {QUIET:.0f} s"
        assert now - self._began < CEILING, f"{message} within {CEILING:.0f} s"

    def _cpu(self) -> dict[int, float] | float:
        try:
            top = psutil.Process(self._pid)
            below = top.children(recursive=True)
        except psutil.NoSuchProcess:
            return {}
        taken = {}
        for one in [*below, *([top] if self._pid is not None else [])]:
            try:
                times = one.cpu_times()
                taken[one.pid] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        # Without a process to look at, only the ceiling is left.
        return taken or time.monotonic()


def until(met: Callable[[], object], pid: int | None = None) -> None:
    """Wait until something is so, as long as a process and those below it move.

    Without ``pid``, those that this one has started count, if there are any.
    """
    movement = _Movement(None if pid == os.getpid() else pid)
    while not met():
        movement.check("it did not come to that")
        time.sleep(0.05)


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process still writes to its pipes until it ends; one that does not end is killed."""
    movement = _Movement(process.pid)
    while True:
        try:
            return process.communicate(timeout=0.5)
        except subprocess.TimeoutExpired:
            try:
                movement.check("it did not end")
            except AssertionError:
                process.kill()
                process.communicate()
                raise
