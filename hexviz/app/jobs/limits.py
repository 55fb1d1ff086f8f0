"""What a job may take: time, memory, and how many run at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["ABANDONED", "LIMITS", "SLOTS", "TOO_MANY", "WAITING", "Limits", "memory_here"]


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` of wall time, ``memory`` in bytes of all processes of a job together."""

    seconds: float
    memory: int


_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def memory_here() -> int:
    """Bytes of memory that this machine has, or the container that this runs in."""
    total = int(psutil.virtual_memory().total)
    try:
        told = _CONTAINER.read_text().strip()
    except OSError:  # no Linux, or none of today
        return total
    return min(total, int(told)) if told.isdecimal() else total


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
